// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/detail/command.hpp>

#include <httphooks/detail/text/http_text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace httphooks::redis::detail {

/// Reads the first of commands that were written, and takes it away.
inline std::vector<std::string_view> take_command(std::string_view& bytes) {
    auto const size = [&bytes] {
        std::size_t n = 0;
        std::from_chars(bytes.data() + 1, bytes.data() + bytes.size(), n);
        bytes.remove_prefix(bytes.find('\n') + 1);
        return n;
    };
    std::vector<std::string_view> arguments(size());
    for (std::string_view& a : arguments) {
        std::size_t const n = size();
        a = bytes.substr(0, n);
        bytes.remove_prefix(n + 2);
    }
    return arguments;
}

/// What is known of commands whose first argument is not their key.
inline std::optional<std::size_t> key_place(std::span<std::string_view const> c) {
    using httphooks::detail::ascii_iequals;
    auto const is = [name = c[0]](std::initializer_list<std::string_view> list) {
        return std::ranges::any_of(list,
                                   [&](std::string_view n) { return ascii_iequals(n, name); });
    };
    if (is({"PUBSUB"}))
        return c.size() > 2 && ascii_iequals(c[1], "SHARDNUMSUB") ? std::optional<std::size_t>(2)
                                                                  : std::nullopt;
    if (is({"OBJECT", "XINFO", "XGROUP", "MEMORY", "BITOP", "DEBUG"})) return 2;
    if (is({"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"}))
        return c.size() > 3 && c[2] != "0" ? std::optional<std::size_t>(3) : std::nullopt;
    if (is({"XREAD", "XREADGROUP"})) {
        auto const at =
            std::ranges::find_if(c, [](std::string_view a) { return ascii_iequals(a, "STREAMS"); });
        return static_cast<std::size_t>(at - c.begin()) + 1;
    }
    if (is({"ACL",     "AUTH",     "BGSAVE",    "CLIENT",  "CLUSTER", "COMMAND",  "CONFIG",
            "DBSIZE",  "ECHO",     "EXEC",      "FLUSHDB", "HELLO",   "FLUSHALL", "FUNCTION",
            "INFO",    "KEYS",     "LASTSAVE",  "LATENCY", "MODULE",  "MULTI",    "PING",
            "PUBLISH", "READONLY", "READWRITE", "ROLE",    "SAVE",    "SCAN",     "SCRIPT",
            "SELECT",  "SLOWLOG",  "TIME",      "UNWATCH", "WAIT",    "RANDOMKEY"}))
        return std::nullopt;
    return 1;
}

HTTPHOOKS_DECL std::optional<std::string_view> key_of(std::string_view bytes) {
    auto c = take_command(bytes);
    if (c.size() == 1 && c[0] == "MULTI" && !bytes.empty()) c = take_command(bytes);
    if (c.empty()) return std::nullopt;
    auto const at = key_place(c);
    if (!at || *at >= c.size()) return std::nullopt;
    return c[*at];
}

}  // namespace httphooks::redis::detail
