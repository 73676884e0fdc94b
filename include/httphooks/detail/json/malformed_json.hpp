// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Tells a request's malformed JSON from what else goes wrong in a hook.
*/

#include <exception>

namespace httphooks::detail {

/// Marks an exception that says that a request's body is no JSON.
class malformed_json {
protected:
    ~malformed_json() = default;
};

/// An exception of the JSON library with that mark.
template <class Exception>
class malformed_json_error final : public Exception, public malformed_json {
public:
    explicit malformed_json_error(Exception const& e) : Exception(e) {}
};

/// Whether an exception, or null, has the mark.
inline bool is_malformed_json(std::exception_ptr const& exception) noexcept {
    if (!exception) return false;
    try {
        std::rethrow_exception(exception);
    } catch (malformed_json const&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace httphooks::detail
