// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/read_msgpack.hpp>

#include <httphooks/socketio/detail/msgpack_scanner.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio::detail {

/// Reads the next value, with all that is inside.
inline bool read_next(nlohmann::json& to, msgpack_scanner& from, std::size_t depth) {
    msgpack_item item;
    if (!from.next(item)) return false;
    switch (item.kind) {
        case msgpack_kind::nil:
            to = nullptr;
            return true;
        case msgpack_kind::boolean:
            to = item.number == 1;
            return true;
        case msgpack_kind::integer:
            to = item.integer;
            return true;
        case msgpack_kind::positive:
            to = item.number;
            return true;
        case msgpack_kind::real:
            to = item.real;
            return true;
        case msgpack_kind::text:
            to = std::string(item.text);
            return true;
        case msgpack_kind::bytes:
            to = nlohmann::json::binary({item.text.begin(), item.text.end()});
            return true;
        case msgpack_kind::date: {
            std::string text;
            to = append_date(text, item.integer) ? nlohmann::json(std::move(text)) : nullptr;
            return true;
        }
        case msgpack_kind::array:
            if (depth == 0) return false;
            to = nlohmann::json::array();
            for (std::uint64_t i = 0; i < item.number; ++i) {
                nlohmann::json element;
                if (!read_next(element, from, depth - 1)) return false;
                to.push_back(std::move(element));
            }
            return true;
        case msgpack_kind::map:
            if (depth == 0) return false;
            to = nlohmann::json::object();
            for (std::uint64_t i = 0; i < item.number; ++i) {
                msgpack_item key;
                if (!from.next(key) || key.kind != msgpack_kind::text) return false;
                if (!read_next(to[std::string(key.text)], from, depth - 1)) return false;
            }
            return true;
    }
    return false;
}

HTTPHOOKS_DECL bool read_msgpack(nlohmann::json& to, std::string_view data, std::size_t depth) {
    msgpack_scanner from(data);
    return read_next(to, from, depth) && from.at_end();
}

}  // namespace httphooks::socketio::detail
