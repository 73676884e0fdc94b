// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What PostgreSQL answers to a query: rows of texts, or why there are none.
*/

#include <httphooks/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::postgres {

namespace detail {
class result_reader;
}

/** The result of a query, or of the last one of several.

    Values are texts, in the form that psql shows. */
class query_result {
public:
    /// How many rows and columns there are.
    std::size_t rows() const noexcept { return columns() == 0 ? 0 : cells_.size() / columns(); }
    std::size_t columns() const noexcept { return names_.size(); }
    /// The name of a column, 0 to columns() - 1.
    std::string const& column_name(std::size_t at) const { return names_.at(at); }
    /// The first column of that name; nothing: there is none.
    std::optional<std::size_t> column(std::string_view name) const noexcept;

    /** The value of a row and a column; nothing: it is NULL.
        @throws std::out_of_range there is no such row or column */
    std::optional<std::string_view> value(std::size_t row, std::size_t column) const;
    /// The same, as a whole number; nothing: it is none, or beyond 64 bits.
    std::optional<std::int64_t> number(std::size_t row, std::size_t column) const;
    /// The same, as the bytes of a bytea; nothing: it is none.
    std::optional<std::string> bytes(std::size_t row, std::size_t column) const;

    /// How many rows were given, inserted, updated or deleted.
    std::uint64_t affected() const noexcept { return affected_; }
    /// What the server says of an error, in its language; empty: there is none.
    std::string const& message() const noexcept { return message_; }
    /// The five characters that name an error; empty: there is none.
    std::string const& sqlstate() const noexcept { return sqlstate_; }

private:
    friend class detail::result_reader;

    struct cell {
        std::size_t at = 0;
        std::size_t size = 0;
        bool null = true;
    };

    std::string text_{};
    std::vector<cell> cells_{};
    std::vector<std::string> names_{};
    std::uint64_t affected_ = 0;
    std::string message_{};
    std::string sqlstate_{};
};

}  // namespace httphooks::postgres

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/postgres/impl/query_result.ipp>
#endif
