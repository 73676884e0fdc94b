// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/postgres/identifier.hpp>

#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/error.hpp>
#include <httphooks/postgres/error.hpp>

#include <string>
#include <string_view>

namespace httphooks::postgres {

HTTPHOOKS_DECL result<std::string> quote_identifier(std::string_view name) {
    bool const good = !name.empty() && name.size() <= longest_identifier &&
                      name.find('\0') == std::string_view::npos && httphooks::detail::is_utf8(name);
    if (!good) return make_error_code(error::invalid_identifier);
    std::string quoted = "\"";
    for (char const c : name) quoted.append(c == '"' ? 2 : 1, c);
    quoted += '"';
    return quoted;
}

}  // namespace httphooks::postgres
