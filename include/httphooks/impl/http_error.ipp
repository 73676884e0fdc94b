// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http_error.hpp>

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/message.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

namespace detail {

/// A status, if an error can have it. @throws std::invalid_argument it cannot
inline status checked_error_status(status code) {
    unsigned const value = static_cast<unsigned>(code);
    if (value < 400 || value > 599)
        throw std::invalid_argument("an http_error has a status of 400 to 599, not " +
                                    std::to_string(value));
    return code;
}

}  // namespace detail

HTTPHOOKS_DECL http_error::http_error(httphooks::status code, std::string const& text)
    : std::runtime_error(text.empty() ? detail::reason_phrase(code) : text),
      status_(detail::checked_error_status(code)) {}

namespace detail {

HTTPHOOKS_DECL response reply_of(http_error const& e) {
    std::string body = R"({"error":")";
    append_json_text(body, e.what());
    body += R"("})";
    return make_response(e.status(), std::move(body), "application/json");
}

HTTPHOOKS_DECL bool is_clients_error(std::exception_ptr const& exception) noexcept {
    if (!exception) return false;
    try {
        std::rethrow_exception(exception);
    } catch (http_error const& e) {
        return static_cast<unsigned>(e.status()) < 500;
    } catch (...) {
        return false;
    }
}

}  // namespace detail

}  // namespace httphooks
