// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/testing/socketio_client.hpp>

#include <httphooks/engineio/packet.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/packet.hpp>
#include <httphooks/testing/detail/memory_websocket.hpp>
#include <httphooks/testing/websocket_client_options.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::testing {

HTTPHOOKS_DECL std::string socketio_event::text() const {
    nlohmann::json all = args.to_json();
    all.insert(all.begin(), name);
    return all.dump();
}

HTTPHOOKS_DECL socketio::arguments const& socketio_answer::args() const {
    if (!ready()) throw std::logic_error("testing: the server has not acknowledged the event");
    return **args_;
}

HTTPHOOKS_DECL std::string socketio_answer::text() const {
    return args().to_json().dump();
}

/// The packets of a client.
class socketio_client::state final : public detail::memory_websocket,
                                     public socketio::detail::ack_target,
                                     public std::enable_shared_from_this<state> {
public:
    using answer = std::shared_ptr<std::optional<socketio::arguments>>;
    using reason = socketio::client_disconnect_reason;

    state(clock& on, socketio_client_options o)
        : memory_websocket(on), options(std::move(o)), decoder_(options.parser) {}

    void join() {
        refused.reset();
        disconnected.reset();
        joining_ = true;
        if (opened_) ask();
    }
    void say(socketio::packet_type t, std::optional<std::uint64_t> number,
             socketio::packet_data const& data) {
        socketio::packet_header h;
        h.type = t;
        h.nsp = options.nsp;
        h.id = number;
        auto const all = socketio::encode(options.parser, h, data);
        for (auto const& p : all.packets()) {
            std::string message;
            engineio::append_frame(message, p.view());
            put(p.binary ? websocket::opcode::binary : websocket::opcode::text, message);
        }
    }
    /// The client's acknowledgement; nothing, once it has left.
    void acknowledge(std::uint64_t number, socketio::packet_data&& data) override {
        if (!connected || !is_open()) return;
        say(socketio::packet_type::ack, number, data);
        run();
    }
    void leave(reason why) {
        joining_ = false;
        if (!connected) return;
        connected = false;
        id.clear();
        disconnected = why;
    }
    void require_connected() const {
        if (!connected)
            throw std::logic_error("testing: the client is not in the namespace " + options.nsp);
    }

    socketio_client_options options;
    bool connected = false;
    std::string id{};
    std::string pid{};
    std::optional<socketio::connect_error> refused{};
    std::optional<reason> disconnected{};
    std::deque<socketio_event> events{};
    std::map<std::uint64_t, answer> answers{};
    std::uint64_t next_ack = 0;
    std::size_t beats = 0;

private:
    void ask() {
        socketio::packet_data with;
        if (!options.auth.is_null()) socketio::detail::append_document(with, options.auth);
        with.attachments.clear();
        say(socketio::packet_type::connect, {}, with);
    }
    void on_message(std::string_view data, bool binary) override {
        engineio::packet_view p;
        if (engineio::read_frame(p, data, binary))
            throw std::logic_error("testing: the server sent no Engine.IO packet");
        switch (p.type) {
            case engineio::packet_type::open:
                opened_ = true;
                if (joining_) ask();
                break;
            case engineio::packet_type::ping:
                ++beats;
                if (answers_pings) put(websocket::opcode::text, "3");
                break;
            case engineio::packet_type::close:
                put_close(websocket::close_code::normal, {});
                break;
            case engineio::packet_type::message:
                take(p.data, p.binary);
                break;
            default:
                break;
        }
    }
    void on_closed() override { leave(reason::transport_close); }

    void take(std::string_view data, bool binary) {
        socketio::incoming p;
        bool complete = false;
        if (decoder_.receive(data, binary, p, complete))
            throw std::logic_error("testing: the server sent no Socket.IO packet: " +
                                   std::string(data));
        if (!complete || p.nsp != options.nsp) return;
        switch (p.type) {
            case socketio::packet_type::connect:
                return joined(p);
            case socketio::packet_type::connect_error:
                return not_joined(p);
            case socketio::packet_type::disconnect:
                return leave(reason::io_server_disconnect);
            case socketio::packet_type::event:
                events.push_back({std::string(p.event), p.args.keep(),
                                  p.id ? socketio::acknowledgement(weak_from_this(), *p.id)
                                       : socketio::acknowledgement()});
                return;
            case socketio::packet_type::ack:
                if (auto const it = p.id ? answers.find(*p.id) : answers.end();
                    it != answers.end()) {
                    it->second->emplace(p.args.keep());
                    answers.erase(it);
                }
                return;
            default:
                return;
        }
    }
    void joined(socketio::incoming const& p) {
        joining_ = false;
        connected = true;
        nlohmann::json const hello = p.args.json(0);
        id = hello.value("sid", std::string());
        pid = hello.value("pid", std::string());
    }
    void not_joined(socketio::incoming const& p) {
        joining_ = false;
        nlohmann::json const told = p.args.json(0);
        refused = {told.value("message", std::string()), told.value("data", nlohmann::json()),
                   socketio::error::refused};
        if (refused->message == error_code(socketio::error::invalid_namespace).message())
            refused->code = socketio::error::invalid_namespace;
    }

    socketio::decoder decoder_;
    bool opened_ = false;
    bool joining_ = false;
};

HTTPHOOKS_DECL socketio_client::socketio_client(clock& on, http::mounts const& servers,
                                                std::string_view path, socketio_client_options o)
    : state_(std::make_shared<state>(on, std::move(o))) {
    socketio_client_options const& given = state_->options;
    websocket_client_options socket;
    socket.target = std::string(path) + "/?EIO=4&transport=websocket";
    if (!given.query.empty()) socket.target += '&' + given.query;
    socket.headers = given.headers;
    socket.address = given.address;
    socket.tls = given.tls;
    socket.answer_pings = given.answer_pings;
    if (given.join) state_->join();
    state_->open(servers, socket);
}

HTTPHOOKS_DECL socketio_client::socketio_client(socketio_client&&) noexcept = default;
HTTPHOOKS_DECL socketio_client& socketio_client::operator=(socketio_client&&) noexcept = default;
HTTPHOOKS_DECL socketio_client::~socketio_client() = default;

HTTPHOOKS_DECL bool socketio_client::connected() const {
    return state_->connected;
}

HTTPHOOKS_DECL std::string const& socketio_client::id() const {
    return state_->id;
}

HTTPHOOKS_DECL std::string const& socketio_client::pid() const {
    return state_->pid;
}

HTTPHOOKS_DECL std::optional<response> const& socketio_client::reply() const {
    return state_->reply();
}

HTTPHOOKS_DECL std::optional<socketio::connect_error> const& socketio_client::refused() const {
    return state_->refused;
}

HTTPHOOKS_DECL std::optional<socketio::client_disconnect_reason> socketio_client::disconnected()
    const {
    return state_->disconnected;
}

HTTPHOOKS_DECL void socketio_client::send(socketio::packet_data data) {
    state_->require_connected();
    state_->say(socketio::packet_type::event, std::nullopt, data);
    state_->run();
}

HTTPHOOKS_DECL socketio_answer socketio_client::send_with_ack(socketio::packet_data data) {
    state_->require_connected();
    auto const answer = std::make_shared<std::optional<socketio::arguments>>();
    state_->answers.emplace(state_->next_ack, answer);
    state_->say(socketio::packet_type::event, state_->next_ack++, data);
    state_->run();
    return socketio_answer(answer);
}

HTTPHOOKS_DECL std::optional<socketio_event> socketio_client::receive() {
    if (state_->events.empty()) state_->run();
    if (state_->events.empty()) return std::nullopt;
    socketio_event first = std::move(state_->events.front());
    state_->events.pop_front();
    return first;
}

HTTPHOOKS_DECL std::vector<socketio_event> socketio_client::receive_all() {
    state_->run();
    auto& all = state_->events;
    std::vector<socketio_event> taken(std::move_iterator(all.begin()),
                                      std::move_iterator(all.end()));
    all.clear();
    return taken;
}

HTTPHOOKS_DECL void socketio_client::join() {
    if (!state_->is_open()) throw std::logic_error("testing: the connection is not open");
    state_->join();
    state_->run();
}

HTTPHOOKS_DECL void socketio_client::disconnect() {
    state_->require_connected();
    state_->say(socketio::packet_type::disconnect, std::nullopt, {});
    state_->leave(socketio::client_disconnect_reason::io_client_disconnect);
    state_->run();
}

HTTPHOOKS_DECL void socketio_client::close() {
    if (state_->connected) disconnect();
    state_->close(websocket::close_code::normal, {});
}

HTTPHOOKS_DECL void socketio_client::drop() {
    state_->drop();
}

HTTPHOOKS_DECL void socketio_client::send_raw(std::string_view packet) {
    state_->send(websocket::opcode::text, '4' + std::string(packet));
}

HTTPHOOKS_DECL void socketio_client::answer_pings(bool yes) {
    state_->answers_pings = yes;
}

HTTPHOOKS_DECL std::size_t socketio_client::pings() const {
    return state_->beats;
}

}  // namespace httphooks::testing
