// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Tells that a parameter of a request is not what its hook requires from what else goes wrong.
*/

#include <exception>
#include <stdexcept>
#include <string>

namespace httphooks::detail {

/// A parameter is not there, or not what its hook requires; its text is for the client.
class bad_parameter final : public std::invalid_argument {
public:
    explicit bad_parameter(std::string const& text) : std::invalid_argument(text) {}
};

/// The text of such an exception; empty for others, and for null.
inline std::string text_of_bad_parameter(std::exception_ptr const& exception) {
    if (!exception) return {};
    try {
        std::rethrow_exception(exception);
    } catch (bad_parameter const& e) {
        return e.what();
    } catch (...) {
        return {};
    }
}

}  // namespace httphooks::detail
