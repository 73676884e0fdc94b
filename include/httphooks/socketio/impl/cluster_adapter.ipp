// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/cluster_adapter.hpp>

#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/socketio/detail/cluster_core.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

namespace detail {

/// The adapter of a namespace: what concerns its own sockets alone goes to these, the rest to all.
class adapter_of_cluster {
public:
    adapter_of_cluster(adapter_context& context, std::unique_ptr<cluster_transport> t,
                       cluster_options const& o)
        : core_(std::make_shared<cluster_core>(context, std::move(t), o)) {}

    void open() { core_->open_up(); }
    void admit(std::shared_ptr<local_socket> const& s) { own().admit(s); }
    bool enlist(std::shared_ptr<local_socket> const& s, session_state const* restored) {
        return core_->enlist(s, restored);
    }
    void send(std::shared_ptr<local_socket> const& s, packet_data data, broadcast_flags const& f) {
        core_->send(s, std::move(data), f);
    }
    bool add_all(std::shared_ptr<local_socket> const& s, std::span<std::string const> rooms) {
        return own().add_all(s, rooms);
    }
    void del(std::shared_ptr<local_socket> const& s, std::string_view room) { own().del(s, room); }
    void del_all(std::shared_ptr<local_socket> const& s) { core_->del_all(s); }
    std::vector<std::string> socket_rooms(local_socket const& s) { return own().socket_rooms(s); }
    std::shared_ptr<local_socket> find(std::string_view id) { return own().find(id); }
    std::vector<std::shared_ptr<local_socket>> local_sockets(broadcast_options const& o) {
        return own().local_sockets(o);
    }
    std::size_t size() { return own().size(); }
    void broadcast(packet_data data, broadcast_options const& o) {
        core_->broadcast(std::move(data), o);
    }
    void broadcast_with_ack(packet_data data, std::uint64_t id, broadcast_options const& o,
                            client_count_handler count, std::function<void(nlohmann::json)> ack) {
        core_->broadcast_with_ack(std::move(data), id, o, std::move(count), std::move(ack));
    }
    void fetch_sockets(broadcast_options const& o, describe_handler done) {
        core_->fetch_sockets(o, std::move(done));
    }
    void add_sockets(broadcast_options const& o, std::span<std::string const> rooms) {
        core_->add_sockets(o, rooms);
    }
    void del_sockets(broadcast_options const& o, std::span<std::string const> rooms) {
        core_->del_sockets(o, rooms);
    }
    void disconnect_sockets(broadcast_options const& o, bool close) {
        core_->disconnect_sockets(o, close);
    }
    void server_side_emit(packet_data event, server_side_handler done) {
        core_->server_side_emit(std::move(event), std::move(done));
    }
    void server_count(std::function<void(error_code, std::size_t)> done) {
        core_->server_count(std::move(done));
    }
    bool recovers() { return core_->recovers(); }
    void persist_session(session_state s) { core_->persist_session(std::move(s)); }
    void restore_session(std::string_view pid, std::string_view offset, restore_handler done) {
        core_->restore_session(pid, offset, std::move(done));
    }
    void close() noexcept { core_->close_down(); }

private:
    memory_adapter& own() noexcept { return core_->local(); }

    std::shared_ptr<cluster_core> core_;
};

}  // namespace detail

HTTPHOOKS_DECL adapter_factory cluster_adapter(cluster_transport_factory make, cluster_options o) {
    return [make = std::move(make), o](adapter_context& c) -> std::unique_ptr<any_adapter> {
        return std::make_unique<detail::adapter_of<detail::adapter_of_cluster>>(c, make(c), o);
    };
}

}  // namespace httphooks::socketio
