// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/unwanted.hpp>

#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/msgpack_scanner.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace httphooks::socketio::detail {

// JSON ----------------------------------------------------------------------------------------
/// Text in which nothing is escaped, taken from its beginning.
class plain_json {
public:
    explicit plain_json(std::string_view text) noexcept : rest_(text) {}

    bool skip(std::string_view what) noexcept {
        if (!rest_.starts_with(what)) return false;
        rest_.remove_prefix(what.size());
        return true;
    }
    /// A string.
    bool next(std::string_view& to) noexcept {
        if (!rest_.starts_with('"')) return false;
        std::size_t end = 1;  // names are short
        while (end < rest_.size() && rest_[end] != '"' && rest_[end] != '\\') ++end;
        if (end == rest_.size() || rest_[end] != '"') return false;
        to = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        return true;
    }
    /// The strings of an array that is open, and its end. @param f `bool f(text)`; false ends it
    template <class F>
    bool list(F f) {
        for (bool first = true; !skip("]"); first = false) {
            std::string_view text;
            if ((!first && !skip(",")) || !next(text) || !f(text)) return false;
        }
        return true;
    }
    bool at_end() const noexcept { return rest_.empty(); }

private:
    std::string_view rest_;
};

/// The end of a message as servers write it, found from behind:
/// `},"opts":{"rooms":["a"],"except":[],"flags":{}}},"uid":"...","nsp":"/"}`. It is what it seems
/// if nothing in it is escaped: then no quotation mark can be inside of a string.
inline bool is_unwanted_json(std::string_view bytes, cluster_link& here) {
    constexpr std::string_view begin = R"({"type":3,"data":{"packet":{)";
    constexpr std::string_view options = R"(},"opts":{"rooms":[)";
    if (!bytes.starts_with(begin) || !bytes.ends_with("\"}")) return false;
    std::size_t const end = bytes.rfind('}', bytes.size() - 2);
    std::size_t const flags = bytes.rfind('{', end);
    std::size_t const except = bytes.rfind('[', flags);
    if (except == bytes.npos || except == 0) return false;
    std::size_t const rooms = bytes.rfind('[', except - 1);
    if (rooms == bytes.npos || !bytes.substr(0, rooms + 1).ends_with(options)) return false;

    plain_json text(bytes.substr(rooms + 1));
    std::size_t count = 0;
    std::string_view name;
    bool const seen = text.list([&](std::string_view room) {
        ++count;
        return !here.concerns(room);
    }) && text.skip(R"(,"except":[)") &&
                      text.list([](std::string_view) { return true; }) &&
                      text.skip(R"(,"flags":{)");
    if (!seen || count == 0) return false;
    // flags are true, false and numbers, which have no braces
    plain_json rest(bytes.substr(bytes.find('}', flags)));
    return rest.skip(R"(}}},"uid":)") && rest.next(name) && rest.skip(R"(,"nsp":)") &&
           rest.next(name) && rest.skip("}") && rest.at_end();
}

// MessagePack ---------------------------------------------------------------------------------
/// Whether options say rooms of which none concerns a server.
inline bool are_unwanted_options(msgpack_scanner& from, cluster_link& here) {
    msgpack_item item;
    if (!from.next(item) || item.kind != msgpack_kind::map) return false;
    for (std::uint64_t members = item.number; members != 0; --members) {
        if (!from.next(item) || item.kind != msgpack_kind::text) return false;
        if (item.text != "rooms") {
            if (!from.skip()) return false;
            continue;
        }
        if (!from.next(item) || item.kind != msgpack_kind::array || item.number == 0) return false;
        for (std::uint64_t rooms = item.number; rooms != 0; --rooms)
            if (!from.next(item) || item.kind != msgpack_kind::text || here.concerns(item.text))
                return false;
        return true;
    }
    return false;
}

HTTPHOOKS_DECL bool is_unwanted(std::string_view bytes, cluster_link& here) {
    if (bytes.starts_with('{')) return is_unwanted_json(bytes, here);
    msgpack_scanner from(bytes);
    msgpack_item item;
    auto const skip = [&](std::string_view key) {
        return from.next(item) && item.kind == msgpack_kind::text && item.text == key;
    };
    constexpr auto event = static_cast<std::uint64_t>(cluster_message_type::broadcast);
    return from.next(item) && item.kind == msgpack_kind::map && skip("type") && from.next(item) &&
           item.kind == msgpack_kind::positive && item.number == event && skip("data") &&
           from.next(item) && item.kind == msgpack_kind::map && skip("packet") && from.skip() &&
           skip("opts") && are_unwanted_options(from, here);
}

HTTPHOOKS_DECL bool is_unwanted_broadcast(std::string_view bytes, cluster_link& here) {
    msgpack_scanner from(bytes);
    msgpack_item item;
    return from.next(item) && item.kind == msgpack_kind::array && item.number >= 3 && from.skip() &&
           from.skip() && are_unwanted_options(from, here);
}

}  // namespace httphooks::socketio::detail
