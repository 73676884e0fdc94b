// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/cluster_codec.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/socketio/detail/msgpack_payload.hpp>
#include <httphooks/socketio/event.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL void append_texts(std::string& to, std::span<std::string const> all) {
    to.push_back('[');
    for (std::string const& each : all) {
        if (&each != all.data()) to.push_back(',');
        append_string(to, each);
    }
    to.push_back(']');
}

HTTPHOOKS_DECL void append_flags(std::string& to, broadcast_flags const& f) {
    to.push_back('{');
    if (f.volatile_) to.append(R"("volatile":true,)");
    if (!f.compress) to.append(R"("compress":false,)");
    if (f.timeout) {
        to.append(R"("timeout":)");
        append_number(to, static_cast<long long>(f.timeout->count()));
        to.push_back(',');
    }
    if (to.back() == ',') to.pop_back();
    to.push_back('}');
}

HTTPHOOKS_DECL void append_options(std::string& to, broadcast_options const& o) {
    to.append(R"({"rooms":)");
    append_texts(to, o.rooms);
    to.append(R"(,"except":)");
    append_texts(to, o.except);
    to.append(R"(,"flags":)");
    append_flags(to, o.flags);
    to.push_back('}');
}

HTTPHOOKS_DECL void append_socket(payload& to, socket_description const& s) {
    to.text.append(R"({"id":)");
    append_string(to.text, s.id);
    to.text.append(R"(,"handshake":)");
    s.handshake.append_to(to);
    to.text.append(R"(,"rooms":)");
    append_texts(to.text, s.rooms);
    to.text.append(R"(,"data":)");
    s.data.append_to(to);
    to.text.push_back('}');
}

HTTPHOOKS_DECL void append_sockets(payload& to, std::span<socket_description const> all) {
    to.text.push_back('[');
    for (socket_description const& s : all) {
        if (&s != all.data()) to.text.push_back(',');
        append_socket(to, s);
    }
    to.text.push_back(']');
}

HTTPHOOKS_DECL bool foreign_text::read(std::string_view bytes) {
    attachments.clear();
    if (bytes.starts_with('{') || bytes.starts_with('[')) {
        if (!httphooks::detail::is_utf8(bytes)) return false;
        text = bytes;
    } else {
        payload p;
        if (!read_msgpack(p, bytes, cluster_depth)) return false;
        made = std::move(p.text);
        text = made;
        attachments = std::move(p.attachments);
    }
    return tape.read(text, cluster_depth);
}

HTTPHOOKS_DECL payload foreign_text::value(json_node const& n) const {
    return {std::string(written(n)), attachments};
}

HTTPHOOKS_DECL json_node const* member(json_node const* object, std::string_view name) {
    if (!object || object->kind != json_kind::object) return nullptr;
    json_node const* found = nullptr;
    each_member(*object, [&](json_node const& n, json_node const& value) {
        if (n.text == name) found = &value;
    });
    return found;
}

HTTPHOOKS_DECL bool read_text(std::string& to, json_node const* from) {
    if (!from || from->kind != json_kind::string) return false;
    to.clear();
    if (from->escaped)
        append_unescaped(to, *from);
    else
        to = from->text;
    return true;
}

HTTPHOOKS_DECL bool read_number(std::uint64_t& to, json_node const* from) {
    if (!from || from->kind != json_kind::number) return false;
    std::string_view const t = from->text;
    auto const [end, ec] = std::from_chars(t.data(), t.data() + t.size(), to);
    return ec == std::errc() && end == t.data() + t.size() && to <= std::uint64_t{1} << 53;
}

HTTPHOOKS_DECL bool read_rooms(std::vector<std::string>& to, json_node const* from) {
    if (!from || from->kind != json_kind::array) return false;
    bool good = true;
    each_element(*from, [&](json_node const& room) {
        if (room.kind == json_kind::number)
            to.emplace_back(room.text);
        else
            good = read_text(to.emplace_back(), &room) && good;
    });
    return good;
}

HTTPHOOKS_DECL bool read_options(broadcast_options& to, json_node const* from) {
    if (!read_rooms(to.rooms, member(from, "rooms"))) return false;
    json_node const* const except = member(from, "except");
    if (!is_nothing(except) && !read_rooms(to.except, except)) return false;
    json_node const* const flags = member(from, "flags");
    if (is_nothing(flags)) return true;
    if (flags->kind != json_kind::object) return false;
    auto const is = [&](std::string_view name, std::string_view what) {
        json_node const* const flag = member(flags, name);
        return flag && flag->kind == json_kind::boolean && flag->text == what;
    };
    to.flags.volatile_ = is("volatile", "true");
    to.flags.compress = !is("compress", "false");
    if (std::uint64_t timeout = 0; read_number(timeout, member(flags, "timeout")))
        to.flags.timeout = std::chrono::milliseconds(timeout);
    return true;
}

/// The name of a room: a text, or a number. @return whether it is one
inline bool read_room(std::string& to, json_slice const& room) {
    if (room.kind != json_kind::string && room.kind != json_kind::number) return false;
    if (room.escaped)
        append_unescaped(to, room);
    else
        to = room.text;
    return true;
}

/// What is known of a socket. @return whether it is well-formed
inline bool read_socket(socket_description& s, json_scanner& from,
                        std::span<std::string const> bytes, std::size_t& room) {
    json_slice value;
    bool has_id = false;
    bool has_rooms = false;
    auto const document = [&](late_json& to) {
        if (!from.value(value)) return false;
        if (bytes.empty())
            to = late_json::from_text(written(value));
        else
            to = document_of(written(value), bytes, room);
        return true;
    };
    bool const good = from.members([&](json_slice const& name) {
        if (name.text == "id") {
            s.id.clear();
            has_id = true;
            return from.value(value) && value.kind == json_kind::string && read_room(s.id, value);
        }
        if (name.text == "rooms") {
            s.rooms.clear();
            s.rooms.reserve(2);
            has_rooms = true;
            return from.elements(
                [&] { return from.value(value) && read_room(s.rooms.emplace_back(), value); });
        }
        if (name.text == "handshake") return document(s.handshake);
        if (name.text == "data") return document(s.data);
        return from.value(value);
    });
    return good && has_id && has_rooms;
}

HTTPHOOKS_DECL bool read_sockets(std::vector<socket_description>& to, json_scanner& from,
                                 std::span<std::string const> bytes) {
    constexpr std::size_t least = 64;
    // each attachment has its place; some may be named again, but not over and over
    std::size_t room = 0;
    for (std::string const& each : bytes) room += 2 * each.size();
    return from.elements([&] {
        std::size_t const before = from.left();
        bool const good = read_socket(to.emplace_back(), from, bytes, room);
        // the others are perhaps as large
        if (to.size() == 1) to.reserve(1 + from.left() / std::max(least, before - from.left()));
        return good;
    });
}

HTTPHOOKS_DECL bool read_sockets(std::vector<socket_description>& to, json_node const* from,
                                 foreign_text const& text) {
    if (!from || from->kind != json_kind::array) return false;
    json_scanner scanner(from->text, cluster_depth);
    return read_sockets(to, scanner, text.attachments);
}

HTTPHOOKS_DECL bool read_sockets_answer(std::string& request_id,
                                        std::vector<socket_description>& to, json_scanner& from) {
    json_slice value;
    bool has_sockets = false;
    bool const good = from.members([&](json_slice const& name) {
        if (name.text == "requestId")
            return request_id.empty() && from.string(value) && read_room(request_id, value);
        if (name.text != "sockets" || has_sockets) return false;
        has_sockets = true;
        return read_sockets(to, from, {});
    });
    return good && has_sockets && !request_id.empty();
}

HTTPHOOKS_DECL bool is_event_array(json_node const* from) {
    if (!from || from->kind != json_kind::array || from->span == 1) return false;
    json_node const& name = from[1];
    if (name.kind == json_kind::number) return true;
    std::string text;
    return read_text(text, &name) && !is_reserved_event(text);
}

HTTPHOOKS_DECL bool is_event_packet(json_node const* from) {
    std::uint64_t type = 0;
    return read_number(type, member(from, "type")) && type == 2 &&
           is_event_array(member(from, "data"));
}

}  // namespace httphooks::socketio::detail
