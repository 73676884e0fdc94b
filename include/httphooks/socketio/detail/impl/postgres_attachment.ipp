// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/postgres_attachment.hpp>

#include <httphooks/socketio/detail/cluster_codec.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL std::optional<postgres_attachment> read_postgres_attachment(
    std::string_view payload) {
    postgres_attachment found;
    if (payload.find("\"attachmentId\"") == std::string_view::npos) return found;
    foreign_text text;
    if (!text.read(payload)) return std::nullopt;
    json_node const* const id = member(&text.root(), "attachmentId");
    if (!id) return found;
    std::string number;
    if (!read_text(number, id)) {
        std::uint64_t n = 0;
        if (!read_number(n, id)) return std::nullopt;
        number = std::to_string(n);
    }
    std::int64_t n = 0;
    char const* const end = number.data() + number.size();
    auto const [at, wrong] = std::from_chars(number.data(), end, n);
    if (wrong != std::errc() || at != end || n < 0) return std::nullopt;
    found.row = std::to_string(n);
    read_text(found.uid, member(&text.root(), "uid"));
    return found;
}

}  // namespace httphooks::socketio::detail
