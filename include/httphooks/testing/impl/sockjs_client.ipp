// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/testing/sockjs_client.hpp>

#include <httphooks/testing/detail/memory_websocket.hpp>
#include <httphooks/testing/websocket_client_options.hpp>
#include <httphooks/websocket/close_code.hpp>
#include <httphooks/websocket/frame.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::testing {

/// The frames of a session.
class sockjs_client::state final : public detail::memory_websocket {
public:
    using memory_websocket::memory_websocket;

    std::deque<std::string> messages{};
    std::optional<sockjs_close> session_closed{};
    std::size_t beats = 0;
    bool opened = false;

private:
    void on_message(std::string_view frame, bool) override {
        char const type = frame.empty() ? ' ' : frame.front();
        if (type == 'o') {
            opened = true;
        } else if (type == 'h') {
            ++beats;
        } else if (type == 'a') {
            for (auto const& m : nlohmann::json::parse(frame.substr(1)))
                messages.push_back(m.get<std::string>());
        } else if (type == 'c') {
            auto const told = nlohmann::json::parse(frame.substr(1));
            session_closed = {told.at(0).get<int>(), told.at(1).get<std::string>()};
        } else {
            throw std::logic_error("testing: the server sent no SockJS frame: " +
                                   std::string(frame));
        }
    }
    void on_closed() override {
        if (!session_closed) session_closed.emplace();
    }
};

HTTPHOOKS_DECL sockjs_client::sockjs_client(clock& on, http::mounts const& servers,
                                            std::string_view path, sockjs_client_options o)
    : state_(std::make_shared<state>(on)) {
    websocket_client_options socket;
    socket.target = std::string(path) + "/000/testing/websocket";
    if (!o.query.empty()) socket.target += '?' + o.query;
    socket.headers = std::move(o.headers);
    socket.address = std::move(o.address);
    socket.tls = o.tls;
    socket.answer_pings = o.answer_pings;
    state_->open(servers, socket);
}

HTTPHOOKS_DECL sockjs_client::sockjs_client(sockjs_client&&) noexcept = default;
HTTPHOOKS_DECL sockjs_client& sockjs_client::operator=(sockjs_client&&) noexcept = default;
HTTPHOOKS_DECL sockjs_client::~sockjs_client() = default;

HTTPHOOKS_DECL bool sockjs_client::is_open() const {
    return state_->opened && !state_->session_closed && state_->is_open();
}

HTTPHOOKS_DECL std::optional<response> const& sockjs_client::reply() const {
    return state_->reply();
}

HTTPHOOKS_DECL void sockjs_client::send(std::string_view message) {
    if (!is_open()) throw std::logic_error("testing: the session is not open");
    send_raw(nlohmann::json::array({message}).dump());
}

HTTPHOOKS_DECL void sockjs_client::send_raw(std::string_view frame) {
    state_->send(websocket::opcode::text, frame);
}

HTTPHOOKS_DECL void sockjs_client::close() {
    state_->close(websocket::close_code::normal, {});
}

HTTPHOOKS_DECL void sockjs_client::drop() {
    state_->drop();
}

HTTPHOOKS_DECL std::optional<std::string> sockjs_client::receive() {
    if (state_->messages.empty()) state_->run();
    if (state_->messages.empty()) return std::nullopt;
    std::string first = std::move(state_->messages.front());
    state_->messages.pop_front();
    return first;
}

HTTPHOOKS_DECL std::vector<std::string> sockjs_client::receive_all() {
    state_->run();
    auto& all = state_->messages;
    std::vector<std::string> taken(std::move_iterator(all.begin()), std::move_iterator(all.end()));
    all.clear();
    return taken;
}

HTTPHOOKS_DECL std::size_t sockjs_client::heartbeats() const {
    return state_->beats;
}

HTTPHOOKS_DECL std::size_t sockjs_client::pings() const {
    return state_->pings;
}

HTTPHOOKS_DECL void sockjs_client::answer_pings(bool yes) {
    state_->answers_pings = yes;
}

HTTPHOOKS_DECL std::optional<sockjs_close> const& sockjs_client::closed() const {
    return state_->session_closed;
}

}  // namespace httphooks::testing
