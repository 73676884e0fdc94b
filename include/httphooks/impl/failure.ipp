// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/failure.hpp>

#include <httphooks/detail/json/malformed_json.hpp>
#include <httphooks/http_error.hpp>

#include <exception>
#include <string>

namespace httphooks {

HTTPHOOKS_DECL std::string failure::detail() const {
    if (!exception) return {};
    try {
        std::rethrow_exception(exception);
    } catch (http_error const& e) {
        return e.what();
    } catch (httphooks::detail::malformed_json const&) {
        return "Malformed JSON";
    } catch (...) {
        return {};
    }
}

HTTPHOOKS_DECL std::string failure::what() const {
    if (exception || code) return httphooks::detail::error_text(code, exception);
    return std::string(to_string(reason));
}

}  // namespace httphooks
