// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/cluster_message.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/socketio/detail/cluster_codec.hpp>
#include <httphooks/socketio/detail/msgpack_payload.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

namespace detail {

/// Writes the members of `data` in the order that node has.
class cluster_data_writer {
public:
    explicit cluster_data_writer(payload& to) : to_(to) { to_.text.push_back('{'); }
    void end() { to_.text.push_back('}'); }

    /// A packet of another payload, whose placeholders have the right numbers: it comes first.
    void packet(payload const& p, bool is_event) {
        name("packet");
        if (is_event) to_.text.append(R"({"type":2,"data":)");
        to_.text.append(p.text.empty() ? std::string_view("null") : std::string_view(p.text));
        if (is_event) to_.text.push_back('}');
        to_.attachments = p.attachments;
    }
    void text(std::string_view n, std::string_view value) {
        name(n);
        append_string(to_.text, value);
    }
    payload& name(std::string_view n) {
        if (to_.text.back() != '{') to_.text.push_back(',');
        to_.text.append("\"").append(n).append("\":");
        return to_;
    }

private:
    payload& to_;
};

inline bool has_data(cluster_message_type t) noexcept {
    using enum cluster_message_type;
    return t != initial_heartbeat && t != heartbeat && t != adapter_close;
}

inline void append_cluster_data(payload& to, cluster_message const& m) {
    using enum cluster_message_type;
    cluster_data_writer data(to);
    auto const options = [&] { append_options(data.name("opts").text, m.to); };
    switch (m.type) {
        case broadcast:
            data.packet(m.packet, true);
            if (!m.request_id.empty()) data.text("requestId", m.request_id);
            options();
            break;
        case sockets_join:
        case sockets_leave:
            options();
            append_texts(data.name("rooms").text, m.rooms);
            break;
        case disconnect_sockets:
            options();
            append_literal(data.name("close").text, m.close);
            break;
        case fetch_sockets:
            options();
            data.text("requestId", m.request_id);
            break;
        case fetch_sockets_response:
            data.text("requestId", m.request_id);
            append_sockets_of(data.name("sockets"), m);
            break;
        case server_side_emit:
            if (!m.request_id.empty()) data.text("requestId", m.request_id);
            data.packet(m.packet, false);
            break;
        case server_side_emit_response:
        case broadcast_ack:
            data.text("requestId", m.request_id);
            data.packet(m.packet, false);
            break;
        case broadcast_client_count:
            data.text("requestId", m.request_id);
            append_number(data.name("clientCount").text,
                          static_cast<unsigned long long>(m.client_count));
            break;
        case initial_heartbeat:
        case heartbeat:
        case adapter_close:
            break;
    }
    data.end();
}

/// Reads what the type has. @return whether it is well-formed
inline bool read_cluster_data(cluster_message& m, json_node const* data, foreign_text const& text) {
    using enum cluster_message_type;
    json_node const* const packet = member(data, "packet");
    json_node const* const id = member(data, "requestId");
    bool const may_ask = m.type == broadcast || m.type == server_side_emit;
    bool const asks = is_response(m.type) || m.type == fetch_sockets;
    if (asks || (may_ask && !is_nothing(id)))
        if (!read_text(m.request_id, id) || m.request_id.empty()) return false;
    auto const options = [&] { return read_options(m.to, member(data, "opts")); };
    switch (m.type) {
        case broadcast:
            if (!is_event_packet(packet) || !options()) return false;
            m.packet = text.value(*member(packet, "data"));
            return true;
        case sockets_join:
        case sockets_leave:
            return options() && read_rooms(m.rooms, member(data, "rooms"));
        case disconnect_sockets: {
            json_node const* const close = member(data, "close");
            m.close = close && close->text == "true";
            return options();
        }
        case fetch_sockets:
            return options();
        case fetch_sockets_response:
            return read_sockets(m.sockets, member(data, "sockets"), text);
        case server_side_emit:
            if (!is_event_array(packet)) return false;
            m.packet = text.value(*packet);
            return true;
        case server_side_emit_response:
        case broadcast_ack:
            if (packet)
                m.packet = text.value(*packet);
            else
                append_null(m.packet.text);
            return true;
        case broadcast_client_count:
            return read_number(m.client_count, member(data, "clientCount"));
        case initial_heartbeat:
        case heartbeat:
        case adapter_close:
            return true;
    }
    return false;
}

inline bool is_cluster_type(std::uint64_t n) noexcept {
    return n >= 1 && n <= static_cast<std::uint64_t>(cluster_message_type::adapter_close);
}

/** Reads what a server knows of its sockets, which may be large, in the order that servers have.
    @return whether it is that, and has nothing else in it */
inline bool read_sockets_message(cluster_message& m, std::string_view bytes) {
    m.type = cluster_message_type::fetch_sockets_response;
    json_scanner from(bytes, cluster_depth);
    json_slice value;
    bool has_nsp = false;
    auto const text = [&](std::string& to) {
        return from.string(value) && !value.escaped && (to = value.text, true);
    };
    bool const good = from.members([&](json_slice const& name) {
        if (name.text == "type")
            return from.value(value) && value.kind == json_kind::number && value.text == "8";
        if (name.text == "data") return read_sockets_answer(m.request_id, m.sockets, from);
        if (name.text == "uid") return text(m.uid);
        has_nsp = name.text == "nsp";
        return has_nsp && text(m.nsp);
    });
    return good && from.at_end() && has_nsp && !m.uid.empty() && !m.request_id.empty() &&
           httphooks::detail::is_utf8(bytes);
}

HTTPHOOKS_DECL void append_sockets_of(payload& to, cluster_message const& m) {
    if (m.packet.text.empty()) return append_sockets(to, m.sockets);
    constexpr std::size_t what_follows = 128;
    to.text.reserve(to.text.size() + m.packet.text.size() + what_follows);
    to.text.append(m.packet.text);
    to.attachments = m.packet.attachments;
}

HTTPHOOKS_DECL bool read_sockets_of(cluster_message& m) {
    if (m.packet.text.empty()) return true;
    m.sockets.clear();
    json_scanner from(m.packet.text, cluster_depth);
    return read_sockets(m.sockets, from, m.packet.attachments) && from.at_end();
}

}  // namespace detail

HTTPHOOKS_DECL packet_data encode_data(cluster_message const& m) {
    packet_data data;
    if (detail::has_data(m.type)) detail::append_cluster_data(data, m);
    return data;
}

HTTPHOOKS_DECL packet_data encode_payload(cluster_message const& m) {
    packet_data all;
    all.text.reserve(m.packet.text.size() + 256);
    all.text.append(R"({"type":)");
    detail::append_number(all.text, static_cast<unsigned long long>(m.type));
    if (detail::has_data(m.type)) {
        all.text.append(R"(,"data":)");
        detail::append_cluster_data(all, m);
    }
    all.text.append(R"(,"uid":)");
    detail::append_string(all.text, m.uid);
    all.text.append(R"(,"nsp":)");
    detail::append_string(all.text, m.nsp);
    all.text.push_back('}');
    return all;
}

HTTPHOOKS_DECL std::string to_msgpack(packet_data const& p) {
    std::string bytes;
    bytes.reserve(p.text.size());
    detail::append_msgpack(bytes, p);
    return bytes;
}

HTTPHOOKS_DECL std::string encode(cluster_message const& m) {
    packet_data all = encode_payload(m);
    return all.attachments.empty() ? std::move(all.text) : to_msgpack(all);
}

HTTPHOOKS_DECL result<cluster_message> decode_cluster_message(std::string_view bytes) {
    using namespace detail;
    error_code const bad = error::bad_cluster_message;
    if (bytes.starts_with(R"({"type":8,)"))
        if (cluster_message m; read_sockets_message(m, bytes)) return m;
    foreign_text text;
    if (!text.read(bytes)) return bad;
    json_node const* const root = &text.root();
    std::uint64_t type = 0;
    if (!read_number(type, member(root, "type")) || !is_cluster_type(type)) return bad;
    cluster_message m;
    m.type = static_cast<cluster_message_type>(type);
    if (!detail::read_text(m.uid, member(root, "uid")) || m.uid.empty()) return bad;
    if (!detail::read_text(m.nsp, member(root, "nsp"))) return bad;
    if (!read_cluster_data(m, member(root, "data"), text)) return bad;
    return m;
}

HTTPHOOKS_DECL error_code decode_data(cluster_message& m, std::string_view bytes) {
    detail::foreign_text text;
    bool const none = bytes.empty();
    if (!none && !text.read(bytes)) return error::bad_cluster_message;
    bool const good = detail::is_cluster_type(static_cast<std::uint64_t>(m.type)) &&
                      detail::read_cluster_data(m, none ? nullptr : &text.root(), text);
    return good ? error_code() : error_code(error::bad_cluster_message);
}

}  // namespace httphooks::socketio
