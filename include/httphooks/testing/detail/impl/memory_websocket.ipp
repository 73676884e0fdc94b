// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/testing/detail/memory_websocket.hpp>

#include <httphooks/message.hpp>
#include <httphooks/websocket/close_code.hpp>
#include <httphooks/websocket/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::testing::detail {

/// What a client masks its frames with; any value does.
inline constexpr websocket::detail::mask_key mask = 0x3d21fa37;

struct memory_websocket::sink {
    memory_websocket& of;

    bool on_message(websocket::opcode op, std::string_view m) {
        of.on_message(m, op == websocket::opcode::binary);
        return true;
    }
    bool on_ping(std::string_view payload) {
        ++of.pings;
        if (of.answers_pings && !of.said_close_) of.put(websocket::opcode::pong, payload);
        return true;
    }
    bool on_pong(std::string_view) {
        ++of.pongs;
        return true;
    }
    bool on_close(websocket::close_code code, std::string_view reason) {
        if (!of.said_close_)
            of.put_close(
                code == websocket::close_code::no_status ? websocket::close_code::none : code, {});
        of.end({code, std::string(reason)});
        return false;
    }
};

HTTPHOOKS_DECL memory_websocket::~memory_websocket() = default;

HTTPHOOKS_DECL void memory_websocket::on_closed() {}

HTTPHOOKS_DECL void memory_websocket::open(http::mounts const& servers,
                                           websocket_client_options const& o) {
    answers_pings = o.answer_pings;
    request r = make_request(verb::get, o.target, o.headers);
    r.set(field::upgrade, "websocket");
    r.set(field::connection, "Upgrade");
    r.set(field::sec_websocket_version, "13");
    r.set(field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
    std::string offered;
    for (auto const& name : o.subprotocols) offered += (offered.empty() ? "" : ", ") + name;
    if (!offered.empty()) r.set(field::sec_websocket_protocol, offered);
    connection_.emplace(clock_, servers, std::move(r), client_place{o.address, o.tls},
                        [this] { on_change(); });
    run();
}

HTTPHOOKS_DECL std::optional<response> const& memory_websocket::reply() const noexcept {
    return connection_->reply();
}

HTTPHOOKS_DECL void memory_websocket::on_change() {
    if (!reply()) {
        if (connection_->ended()) end({});
        return;
    }
    if (!upgraded_) {
        if (reply()->result() != status::switching_protocols) {
            if (!closed_) end({});
            return;
        }
        upgraded_ = true;
    }
    input_.append(std::exchange(connection_->received(), {}));
    sink to{*this};
    if (!closed_) {
        constexpr auto any = std::numeric_limits<std::size_t>::max();
        input_.erase(0, reader_.read(websocket::role::client, {.size = any, .fragments = 0},
                                     input_.data(), input_.size(), to));
        if (reader_.failure() != websocket::close_code::none)
            throw std::logic_error("testing: the server sent no WebSocket frame: " +
                                   std::string(to_string(reader_.failure())));
    }
    if (!connection_->ended()) return;
    connection_->finish();
    if (!closed_) end({});
}

HTTPHOOKS_DECL void memory_websocket::end(websocket_close how) {
    closed_ = std::move(how);
    on_closed();
}

HTTPHOOKS_DECL void memory_websocket::put(websocket::opcode op, std::string_view payload) {
    std::string frame;
    websocket::append_frame(frame, websocket::role::client, op, payload, mask);
    connection_->send(frame);
}

HTTPHOOKS_DECL void memory_websocket::put_close(websocket::close_code code,
                                                std::string_view reason) {
    said_close_ = true;
    std::string frame;
    if (code == websocket::close_code::none)
        websocket::append_frame(frame, websocket::role::client, websocket::opcode::close, {}, mask);
    else
        websocket::append_close(frame, websocket::role::client, code, reason, mask);
    connection_->send(frame);
}

HTTPHOOKS_DECL void memory_websocket::require_open() const {
    if (!is_open()) throw std::logic_error("testing: the connection is not open");
}

HTTPHOOKS_DECL void memory_websocket::send(websocket::opcode op, std::string_view payload) {
    require_open();
    put(op, payload);
    run();
}

HTTPHOOKS_DECL void memory_websocket::send_raw(std::string_view bytes) {
    require_open();
    connection_->send(bytes);
    run();
}

HTTPHOOKS_DECL void memory_websocket::close(websocket::close_code code, std::string_view reason) {
    require_open();
    put_close(code, reason);
    run();
}

HTTPHOOKS_DECL void memory_websocket::drop() {
    connection_->reset();
    if (!closed_) end({});
    run();
}

}  // namespace httphooks::testing::detail
