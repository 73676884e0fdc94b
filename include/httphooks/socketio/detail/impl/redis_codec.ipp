// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/redis_codec.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/cluster_codec.hpp>
#include <httphooks/socketio/detail/msgpack_payload.hpp>
#include <httphooks/socketio/detail/msgpack_scanner.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

// writing -------------------------------------------------------------------------------------
/// Writes MessagePack; what clients are sent is put in as it is.
class redis_packer {
public:
    explicit redis_packer(std::size_t size) { to_.reserve(size + 160); }

    /// What is MessagePack already.
    redis_packer& raw(std::string_view bytes) { return to_.append(bytes), *this; }
    redis_packer& array(std::size_t size) { return append_msgpack_array(to_, size), *this; }
    redis_packer& map(std::size_t size) { return append_msgpack_map(to_, size), *this; }
    redis_packer& text(std::string_view value) { return append_msgpack_text(to_, value), *this; }
    redis_packer& number(std::uint64_t n) { return append_msgpack_number(to_, n), *this; }
    redis_packer& payload(detail::payload const& value) {
        return append_msgpack_packet(to_, value), *this;
    }
    redis_packer& texts(std::vector<std::string> const& all) {
        array(all.size());
        for (std::string const& each : all) text(each);
        return *this;
    }
    redis_packer& boolean(bool b) { return to_.push_back(b ? '\xc3' : '\xc2'), *this; }
    redis_packer& flags(broadcast_flags const& f) {
        map((f.volatile_ ? 1 : 0) + (f.compress ? 0 : 1) + (f.timeout ? 1 : 0));
        if (f.volatile_) text("volatile").boolean(true);
        if (!f.compress) text("compress").boolean(false);
        if (f.timeout)
            text("timeout").number(
                static_cast<std::uint64_t>(std::max<std::int64_t>(f.timeout->count(), 0)));
        return *this;
    }
    /// The packet of an event.
    redis_packer& packet(cluster_message const& m) {
        return raw("\203\244type\002\244data").payload(m.packet).raw("\243nsp").text(m.nsp);
    }
    redis_packer& options(broadcast_options const& o) {
        raw("\203\245rooms").texts(o.rooms).raw("\246except").texts(o.except);
        return raw("\245flags").flags(o.flags);
    }
    std::string take() { return std::move(to_); }

private:
    std::string to_{};
};

HTTPHOOKS_DECL std::string encode_redis_payload(payload p) {
    return p.attachments.empty() ? std::move(p.text) : to_msgpack(p);
}

HTTPHOOKS_DECL std::string encode_redis_broadcast(cluster_message const& m, bool emitter) {
    redis_packer to(m.packet.text.size());
    to.array(3).text(m.uid).packet(m);
    if (!emitter) return to.options(m.to).take();
    to.map(3).text("rooms").texts(m.to.rooms).text("flags").flags(m.to.flags);
    return to.text("except").texts(m.to.except).take();
}

/// Writes the members of requests and answers.
class redis_writer {
public:
    redis_writer() { all_.text.push_back('{'); }

    payload& name(std::string_view n) {
        if (all_.text.size() > 1) all_.text.push_back(',');
        all_.text.append("\"").append(n).append("\":");
        return all_;
    }
    void text(std::string_view n, std::string_view value) { append_string(name(n).text, value); }
    void type(redis_request t) {
        append_number(name("type").text, static_cast<unsigned long long>(t));
    }
    void packet(std::string_view n, payload const& value) {
        name(n).text.append(value.text.empty() ? std::string_view("null")
                                               : std::string_view(value.text));
        all_.attachments = value.attachments;
    }
    void options(broadcast_options const& o) {
        name("opts").text.append(R"({"rooms":)");
        append_texts(all_.text, o.rooms);
        all_.text.append(R"(,"except":)");
        append_texts(all_.text, o.except);
        all_.text.push_back('}');
    }
    payload take() {
        all_.text.push_back('}');
        return std::move(all_);
    }

private:
    payload all_{};
};

HTTPHOOKS_DECL std::string encode_redis_request(cluster_message const& m, bool uid) {
    using enum cluster_message_type;
    if (m.type == broadcast) {
        redis_packer all(m.packet.text.size());
        all.map(uid ? 5 : 4);
        if (uid) all.text("uid").text(m.uid);
        all.text("requestId").text(m.request_id);
        all.text("type").number(static_cast<std::uint64_t>(redis_request::broadcast));
        return all.text("packet").packet(m).text("opts").options(m.to).take();
    }
    redis_writer to;
    if (uid) to.text("uid", m.uid);
    if (!m.request_id.empty()) to.text("requestId", m.request_id);
    switch (m.type) {
        case sockets_join:
        case sockets_leave:
            to.type(m.type == sockets_join ? redis_request::join : redis_request::leave);
            to.options(m.to);
            append_texts(to.name("rooms").text, m.rooms);
            break;
        case disconnect_sockets:
            to.type(redis_request::disconnect);
            to.options(m.to);
            append_literal(to.name("close").text, m.close);
            break;
        case fetch_sockets:
            to.type(redis_request::fetch);
            to.options(m.to);
            break;
        default:
            to.type(redis_request::server_side_emit);
            to.packet("data", m.packet);
            break;
    }
    return encode_redis_payload(to.take());
}

HTTPHOOKS_DECL std::string encode_redis_response(cluster_message const& m,
                                                 std::string_view request_id) {
    using enum cluster_message_type;
    if (m.type == broadcast_ack) {
        redis_packer all(m.packet.text.size());
        all.map(3).text("type").number(static_cast<std::uint64_t>(redis_request::ack));
        return all.text("requestId").text(request_id).text("packet").payload(m.packet).take();
    }
    redis_writer to;
    auto const begin = [&](redis_request t) {
        to.type(t);
        to.text("requestId", request_id);
    };
    switch (m.type) {
        case broadcast_client_count:
            begin(redis_request::client_count);
            append_number(to.name("clientCount").text,
                          static_cast<unsigned long long>(m.client_count));
            break;
        case server_side_emit_response:
            begin(redis_request::server_side_emit);
            to.packet("data", m.packet);
            break;
        default:
            to.text("requestId", request_id);
            append_sockets_of(to.name("sockets"), m);
            break;
    }
    return encode_redis_payload(to.take());
}

// reading -------------------------------------------------------------------------------------
HTTPHOOKS_DECL bool read_redis_broadcast(cluster_message& m, std::string_view bytes) {
    foreign_text text;
    if (!text.read(bytes)) return false;
    json_node const& root = text.root();
    if (root.kind != json_kind::array) return false;
    json_node const* parts[3] = {};
    std::size_t n = 0;
    each_element(root, [&](json_node const& each) {
        if (n < 3) parts[n] = &each;
        ++n;
    });
    if (n < 3 || !read_text(m.uid, parts[0])) return false;
    m.type = cluster_message_type::broadcast;
    json_node const* const nsp = member(parts[1], "nsp");
    if (!nsp)
        m.nsp = "/";
    else if (!read_text(m.nsp, nsp))
        return false;
    if (!is_event_packet(parts[1]) || !read_options(m.to, parts[2])) return false;
    m.packet = text.value(*member(parts[1], "data"));
    return true;
}

/// Reads a request of one socket, as old servers send it. @return whether it is one
inline bool read_old_redis_request(redis_question& q, redis_request kind, json_node const* root) {
    q.kind = kind;
    static_cast<void>(read_text(q.uid, member(root, "uid")));
    static_cast<void>(read_text(q.id, member(root, "requestId")));
    if (kind == redis_request::sockets)
        return !q.id.empty() && read_rooms(q.rooms, member(root, "rooms"));
    if (kind == redis_request::all_rooms) return !q.id.empty();
    json_node const* const close = member(root, "close");
    q.close = close && close->text == "true";
    return read_text(q.sid, member(root, "sid")) &&
           (kind == redis_request::disconnect || read_text(q.room, member(root, "room")));
}

HTTPHOOKS_DECL bool read_redis_request(cluster_message& m, std::optional<redis_question>& question,
                                       std::string_view bytes) {
    using enum cluster_message_type;
    foreign_text text;
    if (!text.read(bytes)) return false;
    json_node const* const root = &text.root();
    std::uint64_t type = 0;
    if (!read_number(type, member(root, "type")) || type > 9) return false;
    auto const kind = static_cast<redis_request>(type);
    json_node const* const options = member(root, "opts");
    bool const moves = kind == redis_request::join || kind == redis_request::leave ||
                       kind == redis_request::disconnect;
    if (kind == redis_request::sockets || kind == redis_request::all_rooms ||
        (moves && is_nothing(options)))
        return read_old_redis_request(question.emplace(), kind, root);

    json_node const* const uid = member(root, "uid");
    if (!is_nothing(uid) && !read_text(m.uid, uid)) return false;
    json_node const* const id = moves ? nullptr : member(root, "requestId");
    if (!is_nothing(id) && (!read_text(m.request_id, id) || m.request_id.empty())) return false;
    json_node const* const data = member(root, "data");
    auto const targets = [&] {
        bool const good = read_options(m.to, options);
        m.to.flags = {};  // these requests have none, whatever is beside their rooms
        return good;
    };
    switch (kind) {
        case redis_request::join:
        case redis_request::leave:
            m.type = kind == redis_request::join ? sockets_join : sockets_leave;
            return targets() && read_rooms(m.rooms, member(root, "rooms"));
        case redis_request::disconnect: {
            m.type = disconnect_sockets;
            json_node const* const close = member(root, "close");
            m.close = close && close->text == "true";
            return targets();
        }
        case redis_request::fetch:
            m.type = fetch_sockets;
            return !m.request_id.empty() && targets();
        case redis_request::server_side_emit:
            m.type = server_side_emit;
            if (!is_event_array(data)) return false;
            m.packet = text.value(*data);
            return true;
        case redis_request::broadcast: {
            m.type = cluster_message_type::broadcast;
            json_node const* const packet = member(root, "packet");
            if (m.request_id.empty() || !is_event_packet(packet) || !read_options(m.to, options))
                return false;
            m.packet = text.value(*member(packet, "data"));
            return true;
        }
        default:
            return false;
    }
}

HTTPHOOKS_DECL std::optional<std::string_view> peek_redis_question(std::string_view bytes) {
    if (bytes.starts_with('{')) {
        bytes.remove_prefix(1);
        constexpr std::string_view type = "\"type\":";
        if (bytes.starts_with(type)) {
            std::size_t const end = bytes.find_first_not_of("0123456789", type.size());
            if (end == bytes.npos || bytes[end] != ',') return std::nullopt;
            bytes.remove_prefix(end + 1);
        }
        constexpr std::string_view id = "\"requestId\":\"";
        if (!bytes.starts_with(id)) return std::nullopt;
        bytes.remove_prefix(id.size());
        std::size_t const end = bytes.find_first_of("\"\\");
        if (end == bytes.npos || bytes[end] != '"') return std::nullopt;
        return bytes.substr(0, end);
    }
    msgpack_scanner from(bytes);
    msgpack_item item;
    if (!from.next(item) || item.kind != msgpack_kind::map) return std::nullopt;
    while (from.next(item) && item.kind == msgpack_kind::text) {
        bool const is_id = item.text == "requestId";
        if (!is_id && item.text != "type") break;
        if (!from.next(item)) break;
        if (is_id) return item.kind == msgpack_kind::text ? std::optional(item.text) : std::nullopt;
    }
    return std::nullopt;
}

/** Reads the acknowledgement of one client, of which there are many, from MessagePack.
    @return whether it is one, and has nothing else in it */
inline bool read_redis_ack(cluster_message& m, std::string_view bytes) {
    msgpack_scanner from(bytes);
    msgpack_item item;
    if (!from.next(item) || item.kind != msgpack_kind::map) return false;
    bool is_ack = false;
    bool has_packet = false;
    std::uint64_t const members = item.number;
    for (std::uint64_t i = 0; i < members; ++i) {
        if (!from.next(item) || item.kind != msgpack_kind::text) return false;
        if (item.text == "type") {
            if (!from.next(item) || item.kind != msgpack_kind::positive) return false;
            is_ack = item.number == static_cast<std::uint64_t>(redis_request::ack);
            if (!is_ack) return false;
        } else if (item.text == "requestId") {
            if (!from.next(item) || item.kind != msgpack_kind::text) return false;
            m.request_id = item.text;
        } else if (item.text == "packet") {
            m.packet.clear();
            has_packet = true;
            if (!read_msgpack(m.packet, from, cluster_depth - 1)) return false;
        } else {
            return false;
        }
    }
    m.type = cluster_message_type::broadcast_ack;
    return is_ack && has_packet && !m.request_id.empty() && from.at_end();
}

/** Reads what a server knows of its sockets, which may be large.
    @return whether it is that, and has nothing else in it */
inline bool read_redis_sockets(cluster_message& m, std::string_view bytes) {
    json_scanner from(bytes, cluster_depth);
    m.type = cluster_message_type::fetch_sockets_response;
    return read_sockets_answer(m.request_id, m.sockets, from) && from.at_end() &&
           httphooks::detail::is_utf8(bytes);
}

HTTPHOOKS_DECL bool read_redis_response(cluster_message& m, std::string_view bytes) {
    using enum cluster_message_type;
    if (bytes.starts_with('{') ? read_redis_sockets(m, bytes) : read_redis_ack(m, bytes))
        return true;
    m.packet.clear();
    m.sockets.clear();
    foreign_text text;
    if (!text.read(bytes)) return false;
    json_node const* const root = &text.root();
    if (!read_text(m.request_id, member(root, "requestId")) || m.request_id.empty()) return false;
    json_node const* const type = member(root, "type");
    std::uint64_t kind = 0;
    if (!type) {
        json_node const* const sockets = member(root, "sockets");
        bool const old = !sockets || (sockets->kind == json_kind::array && sockets->span > 1 &&
                                      sockets[1].kind == json_kind::string);
        m.type = old ? heartbeat : fetch_sockets_response;
        return old || read_sockets(m.sockets, sockets, text);
    }
    if (!read_number(kind, type)) return false;
    auto const value = [&](char const* name) {
        json_node const* const n = member(root, name);
        m.packet = n ? text.value(*n) : payload{"null", {}};
        return true;
    };
    switch (kind) {
        case static_cast<std::uint64_t>(redis_request::server_side_emit):
            m.type = server_side_emit_response;
            return value("data");
        case static_cast<std::uint64_t>(redis_request::client_count):
            m.type = broadcast_client_count;
            return read_number(m.client_count, member(root, "clientCount"));
        case static_cast<std::uint64_t>(redis_request::ack):
            m.type = broadcast_ack;
            return value("packet");
        default:
            return false;
    }
}

}  // namespace httphooks::socketio::detail
