// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Exceptions that are the request's fault, and say how it is refused.
*/

#include <httphooks/message.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace httphooks::detail {

/// Marks an exception with the reply that is made when a hook lets it pass.
class refused_request {
public:
    /// The reply, of JSON.
    response reply() const { return make_response(code_, body_, "application/json"); }

protected:
    refused_request(status code, std::string body) : code_(code), body_(std::move(body)) {}
    refused_request(refused_request const&) = default;
    refused_request& operator=(refused_request const&) = default;
    ~refused_request() = default;

private:
    status code_;
    std::string body_;
};

/// The reply of an exception, or null, that has the mark.
inline std::optional<response> refusal_of(std::exception_ptr const& exception) {
    if (!exception) return std::nullopt;
    try {
        std::rethrow_exception(exception);
    } catch (refused_request const& refused) {
        return refused.reply();
    } catch (...) {
        return std::nullopt;
    }
}

}  // namespace httphooks::detail
