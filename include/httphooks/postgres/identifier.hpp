// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Names in queries: of tables, columns, channels.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::postgres {

/// The bytes of the longest name; PostgreSQL cuts longer ones off, some without a word.
inline constexpr std::size_t longest_identifier = 63;

/** A name in quotes, so that nothing in it is taken for SQL; capital letters stay what they are.

    Values do not need it: they are parameters.
    @return error::invalid_identifier: it is empty, longer than longest_identifier, not UTF-8, or
        has a zero byte in it
    @par Source
    PostgreSQL manual, SQL syntax, identifiers */
result<std::string> quote_identifier(std::string_view name);

}  // namespace httphooks::postgres

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/postgres/impl/identifier.ipp>
#endif
