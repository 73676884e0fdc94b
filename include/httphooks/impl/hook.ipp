// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/hook.hpp>

#include <httphooks/error.hpp>

#include <exception>
#include <string>

namespace httphooks {

namespace detail {

HTTPHOOKS_DECL std::string error_text(error_code const& code, std::exception_ptr const& exception) {
    if (!exception) return code.message();
    try {
        std::rethrow_exception(exception);
    } catch (std::exception const& e) {
        return e.what();
    } catch (...) {
        return make_error_code(error::unknown_exception).message();
    }
}

}  // namespace detail

HTTPHOOKS_DECL std::string hook_error::what() const {
    std::string text = httphooks::detail::error_text(code, exception);
    if (!detail.empty()) text.append(": ").append(detail);
    return text;
}

}  // namespace httphooks
