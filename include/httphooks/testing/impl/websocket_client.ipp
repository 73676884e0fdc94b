// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/testing/websocket_client.hpp>

#include <httphooks/testing/detail/memory_websocket.hpp>

#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::testing {

/// Keeps the messages until the test takes them.
class websocket_client::state final : public detail::memory_websocket {
public:
    using memory_websocket::memory_websocket;

    std::deque<websocket_message> messages{};

private:
    void on_message(std::string_view data, bool binary) override {
        messages.push_back({std::string(data), binary});
    }
};

HTTPHOOKS_DECL websocket_client::websocket_client(clock& on, http::mounts const& servers,
                                                  websocket_client_options o)
    : state_(std::make_shared<state>(on)) {
    state_->open(servers, o);
}

HTTPHOOKS_DECL websocket_client::websocket_client(websocket_client&&) noexcept = default;
HTTPHOOKS_DECL websocket_client& websocket_client::operator=(websocket_client&&) noexcept = default;
HTTPHOOKS_DECL websocket_client::~websocket_client() = default;

HTTPHOOKS_DECL bool websocket_client::is_open() const {
    return state_->is_open();
}

HTTPHOOKS_DECL std::optional<response> const& websocket_client::reply() const {
    return state_->reply();
}

HTTPHOOKS_DECL std::string websocket_client::subprotocol() const {
    if (!reply()) return {};
    return std::string((*reply())[field::sec_websocket_protocol]);
}

HTTPHOOKS_DECL void websocket_client::send(std::string_view text) {
    state_->send(websocket::opcode::text, text);
}

HTTPHOOKS_DECL void websocket_client::send_binary(std::string_view bytes) {
    state_->send(websocket::opcode::binary, bytes);
}

HTTPHOOKS_DECL void websocket_client::ping(std::string_view payload) {
    state_->send(websocket::opcode::ping, payload);
}

HTTPHOOKS_DECL void websocket_client::send_raw(std::string_view bytes) {
    state_->send_raw(bytes);
}

HTTPHOOKS_DECL void websocket_client::close(websocket::close_code code, std::string_view reason) {
    state_->close(code, reason);
}

HTTPHOOKS_DECL void websocket_client::drop() {
    state_->drop();
}

HTTPHOOKS_DECL std::optional<websocket_message> websocket_client::receive() {
    if (state_->messages.empty()) state_->run();
    if (state_->messages.empty()) return std::nullopt;
    websocket_message first = std::move(state_->messages.front());
    state_->messages.pop_front();
    return first;
}

HTTPHOOKS_DECL std::vector<websocket_message> websocket_client::receive_all() {
    state_->run();
    auto& all = state_->messages;
    std::vector<websocket_message> taken(std::move_iterator(all.begin()),
                                         std::move_iterator(all.end()));
    all.clear();
    return taken;
}

HTTPHOOKS_DECL void websocket_client::answer_pings(bool yes) {
    state_->answers_pings = yes;
}

HTTPHOOKS_DECL std::size_t websocket_client::pings() const {
    return state_->pings;
}

HTTPHOOKS_DECL std::size_t websocket_client::pongs() const {
    return state_->pongs;
}

HTTPHOOKS_DECL std::optional<websocket_close> const& websocket_client::closed() const {
    return state_->closed();
}

}  // namespace httphooks::testing
