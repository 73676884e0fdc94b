// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/hook.hpp>

#include <httphooks/error.hpp>

#include <exception>
#include <string>

namespace httphooks {

HTTPHOOKS_DECL std::string hook_error::what() const {
    if (!exception) return code.message();
    try {
        std::rethrow_exception(exception);
    } catch (std::exception const& e) {
        return e.what();
    } catch (...) {
        return make_error_code(error::unknown_exception).message();
    }
}

}  // namespace httphooks
