// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A statement for PostgreSQL, and the values that go with it.
*/

#include <httphooks/config.hpp>
#include <httphooks/postgres/parameter.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::postgres {

/** A query: one statement with `$1`, `$2` and so on in it, and their values, which are never a part
    of its text. It has copies of all of them.

    @code
    c.async_query("SELECT now()", token);
    c.async_query({"UPDATE books SET title = $1 WHERE id = $2", title, 7}, token);
    @endcode */
class query {
public:
    /// A value, as it is sent.
    struct value {
        std::string bytes{};
        bool null = false;
        bool binary = false;
    };

    /// @param sql the statement
    /// @param parameters the values: each what a parameter is made of
    template <class Sql, class... Parameters>
    requires(std::convertible_to<Sql const&, std::string_view> &&
             (std::convertible_to<Parameters const&, parameter> && ...))
        query(Sql const& sql, Parameters const&... parameters)
        : sql_(std::string_view(sql)) {
        values_.reserve(sizeof...(parameters));
        (add(parameters), ...);
    }
    /// The same with values whose number is not known before.
    query(std::string_view sql, std::span<parameter const> parameters) : sql_(sql) {
        values_.reserve(parameters.size());
        for (parameter const& p : parameters) add(p);
    }

    /// Appends a value.
    void add(parameter const& p);

    std::string const& sql() const noexcept { return sql_; }
    std::vector<value> const& values() const noexcept { return values_; }
    /// How many bytes it has.
    std::size_t size() const noexcept;
    /// Whether a text has a zero byte in it, for which PostgreSQL has no place.
    bool has_zero() const noexcept { return zero_ || sql_.find('\0') != std::string::npos; }

private:
    std::string sql_;
    std::vector<value> values_{};
    bool zero_ = false;
};

}  // namespace httphooks::postgres

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/postgres/impl/query.ipp>
#endif
