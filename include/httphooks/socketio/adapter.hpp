// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Adapters: who knows the rooms of a namespace, and carries broadcasts to the sockets, of this
    server and of others.
*/

#include <httphooks/error.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/adapter_factory.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/late_json.hpp>
#include <httphooks/socketio/room_event.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

/// What is known of a socket, of this server or another one.
struct socket_description {
    /// What names it to others; no secret.
    std::string id{};
    /// As node has it: headers, time, address, xdomain, secure, issued, url, query, auth.
    late_json handshake{};
    /// The rooms that it is in.
    std::vector<std::string> rooms{};
    /// What the application keeps with it.
    late_json data{};
};

/// What is kept of a socket whose client may come back.
struct session_state {
    /// The socket's id.
    std::string sid{};
    /// What the client has to know: a secret.
    std::string pid{};
    /// The rooms that it was in.
    std::vector<std::string> rooms{};
    /// What the application kept with it.
    nlohmann::json data{};
    /// What the client has missed; adapters set it when they restore a session.
    std::vector<packet_data> missed{};
    /// The offset that `missed` reaches up to; set by adapters with it.
    std::string offset{};
    /// The offset of the last packet that the socket was sent; empty: it got none, or adapters know
    /// that themselves.
    std::string sent{};
};

/** A packet on its way to sockets of this server. Copies share it. */
struct delivery {
    /// Nothing else is in it than the arguments.
    std::shared_ptr<packet_data const> data{};
    /// How it is sent.
    broadcast_flags flags{};
    /// The number that acknowledgements come with; nothing: they are not asked for.
    std::optional<std::uint64_t> id{};
    /// What is called with the first argument of each acknowledgement, on any thread.
    std::function<void(nlohmann::json)> on_ack{};
    /// What is called instead, with all arguments as they came.
    std::shared_ptr<std::function<void(arguments const&)> const> on_arguments{};
};

class memory_adapter;

struct options;

namespace detail {
struct encoded_delivery;
class room_index;
struct room;
}  // namespace detail

/** A socket of this process, as adapters see it. Owned by a std::shared_ptr. */
class local_socket : public std::enable_shared_from_this<local_socket> {
public:
    local_socket() = default;
    local_socket(local_socket const&) = delete;
    local_socket& operator=(local_socket const&) = delete;
    virtual ~local_socket() = default;

    /// Its id.
    virtual std::string const& id() const noexcept = 0;
    /// Where it lives.
    virtual http::detail::home const& place() const noexcept = 0;
    /// Sends a packet. On place().
    virtual void deliver(detail::encoded_delivery const& d) = 0;
    /// Disconnects it; see socket::disconnect(). From any thread.
    virtual void disconnect_later(bool close) = 0;
    /// What is known of it. On place().
    virtual socket_description describe() = 0;

private:
    friend class detail::room_index;
    friend class memory_adapter;
    struct membership {
        detail::room* where;
        std::size_t at;
    };

    // of the index, behind its mutex
    std::vector<membership> rooms_{};
    std::uint64_t mark_ = 0;
    std::size_t at_ = 0;
    bool known_ = false;
    bool listed_ = false;
    bool in_own_room_ = false;
    /// The number of the last packet that it was sent, of those that are kept; 0: none.
    std::uint64_t last_packet_ = 0;
};

/** The namespace that an adapter works for. Thread-safe.

    An adapter refers to it as long as close() was not called, or keep() keeps it. */
class adapter_context {
public:
    adapter_context(adapter_context const&) = delete;
    adapter_context& operator=(adapter_context const&) = delete;

    /// The name of the namespace.
    virtual std::string const& name() const noexcept = 0;
    /// The options of the server.
    virtual socketio::options const& options() const noexcept = 0;
    /// Where timers may run, and connections to other servers.
    virtual http::detail::home const& place() const noexcept = 0;
    /// What keeps the namespace, once adapter::open() was called; null when it is going.
    virtual std::shared_ptr<adapter_context> keep() noexcept = 0;
    /** What the adapters of one server have in common: made for the first, gone with the last.
        @param make gives it; always one of the same type */
    virtual std::shared_ptr<void> share(std::function<std::shared_ptr<void>()> const& make) = 0;
    /// The number of the next acknowledgement.
    virtual std::uint64_t next_ack() noexcept = 0;
    /// Encodes a packet once, for any number of sockets.
    virtual std::shared_ptr<detail::encoded_delivery const> encode(delivery d) = 0;
    /// Tells the application of rooms; not to be called behind a mutex.
    virtual void tell(room_event what, std::string_view room, std::string_view id) noexcept = 0;
    /// Whether anybody is told of rooms.
    virtual bool tells_rooms() const noexcept = 0;
    /// An event of another server has come. @param answer empty: none is asked for
    virtual void server_side_event(packet_data const& event,
                                   std::function<void(packet_data const&)> answer) = 0;
    /// The time that it is; in tests that of a testing::clock.
    virtual std::chrono::steady_clock::time_point now() const noexcept {
        return std::chrono::steady_clock::now();
    }
    /// An exception in the adapter's own work.
    virtual void failed(std::exception_ptr e) noexcept = 0;
    /// Something that came, or was to be sent, was dropped. @param reason see
    /// server_counters::refuse()
    virtual void dropped(std::string_view reason) noexcept = 0;

protected:
    adapter_context() = default;
    ~adapter_context() = default;
};

/// Called with sockets.
using describe_handler = std::function<void(error_code, std::vector<socket_description>)>;
/// Called with the answers of other servers; with those that came in time when it is an error.
using server_side_handler = std::function<void(error_code, std::vector<nlohmann::json>)>;
/// Called with the session of a client that came back; nothing: it is unknown.
using restore_handler = std::function<void(std::optional<session_state>)>;
/// Called with the number of sockets that a broadcast goes to, once for each server.
using client_count_handler = std::function<void(std::size_t)>;

/** What knows the rooms of one namespace. It is made by options::adapter, shared by all threads,
    and destroyed with the namespace.

    Completion functions are called once, on any thread, perhaps before the call returns.

    - `open()`: the first call; the namespace is there. It is not called for patterns of namespaces.
    - `add_all(s, rooms)`, whether it is in all of them then, `del(s, room)`, `del_all(s)`.
      `admit(s)` comes first for each socket, `enlist(s, restored)` when it is connected: before
      that broadcasts do not reach it. After `del_all(s)` it is unknown, and joins nothing.
    - `enlist` has the session that was restored for the socket, and delivers the packets for the
      socket's rooms that came behind its `offset`, in front of all that come later; false when they
      are not all known any more. Else the session is null, and the result true.
    - `socket_rooms(s)`: its rooms, that of its id too. `find(id)`, `size()`: connected sockets of
      this process.
    - `broadcast(packet, options)`, in whose exceptions the id of a socket always means that socket,
      whatever rooms it has left; `broadcast_with_ack(packet, options, count, ack)` calls `count`
      once for each server, and `ack` for each acknowledgement.
    - `fetch_sockets(options, done)`, `add_sockets(options, rooms)`, `del_sockets(options, rooms)`,
      `disconnect_sockets(options, close)`: of all servers, unless options say local.
    - `server_side_emit(event, done)`: to the other servers; `done` may be empty.
    - `server_count(done)`, with an error and the servers that can be reached, this one too.
    - `persist_session(state)`, `restore_session(pid, offset, done)`; `recovers()` tells whether
      they do anything. An adapter that recovers adds an offset to the arguments of all events that
      ask for no acknowledgement: volatile ones have that of the newest packet, since clients take
      any text at the end for an offset.
    - `send(s, packet, flags)`: an event for one socket, whatever its rooms; it may not be enlisted
      yet. Called when the adapter recovers, on the socket's place().
    - `close()`: no sockets come any more; what comes behind it is for sockets of this server alone.
      It may come again.
    @par Example
    httphooks/socketio/memory_adapter.hpp */
template <class A>
concept adapter = requires(A& a, std::shared_ptr<local_socket> const& s,
                           std::span<std::string const> names, std::string_view text,
                           packet_data data, broadcast_options const& o, client_count_handler count,
                           std::function<void(nlohmann::json)> ack, std::uint64_t id,
                           describe_handler described, server_side_handler answered,
                           std::function<void(error_code, std::size_t)> counted,
                           session_state state, restore_handler restored,
                           broadcast_flags const& flags, bool flag) {
    a.open();
    a.admit(s);
    { a.enlist(s, &std::as_const(state)) } -> std::convertible_to<bool>;
    a.send(s, std::move(data), flags);
    { a.add_all(s, names) } -> std::convertible_to<bool>;
    a.del(s, text);
    a.del_all(s);
    { a.socket_rooms(*s) } -> std::convertible_to<std::vector<std::string>>;
    { a.find(text) } -> std::convertible_to<std::shared_ptr<local_socket>>;
    { a.local_sockets(o) } -> std::convertible_to<std::vector<std::shared_ptr<local_socket>>>;
    { a.size() } -> std::convertible_to<std::size_t>;
    a.broadcast(std::move(data), o);
    a.broadcast_with_ack(std::move(data), id, o, std::move(count), std::move(ack));
    a.fetch_sockets(o, std::move(described));
    a.add_sockets(o, names);
    a.del_sockets(o, names);
    a.disconnect_sockets(o, flag);
    a.server_side_emit(std::move(data), std::move(answered));
    a.server_count(std::move(counted));
    { a.recovers() } -> std::convertible_to<bool>;
    a.persist_session(std::move(state));
    a.restore_session(text, text, std::move(restored));
    a.close();
};

/// An adapter of any type; what each function does is said with the concept `adapter`.
class any_adapter {
public:
    any_adapter() = default;
    any_adapter(any_adapter const&) = delete;
    any_adapter& operator=(any_adapter const&) = delete;
    virtual ~any_adapter() = default;

    virtual void open() = 0;
    virtual void admit(std::shared_ptr<local_socket> const& s) = 0;
    virtual bool enlist(std::shared_ptr<local_socket> const& s, session_state const* restored) = 0;
    virtual void send(std::shared_ptr<local_socket> const& s, packet_data data,
                      broadcast_flags const& f) = 0;
    virtual bool add_all(std::shared_ptr<local_socket> const& s,
                         std::span<std::string const> rooms) = 0;
    virtual void del(std::shared_ptr<local_socket> const& s, std::string_view room) = 0;
    virtual void del_all(std::shared_ptr<local_socket> const& s) = 0;
    virtual std::vector<std::string> socket_rooms(local_socket const& s) = 0;
    virtual std::shared_ptr<local_socket> find(std::string_view id) = 0;
    virtual std::vector<std::shared_ptr<local_socket>> local_sockets(
        broadcast_options const& o) = 0;
    virtual std::size_t size() = 0;
    virtual void broadcast(packet_data data, broadcast_options const& o) = 0;
    virtual void broadcast_with_ack(packet_data data, std::uint64_t id, broadcast_options const& o,
                                    client_count_handler count,
                                    std::function<void(nlohmann::json)> ack) = 0;
    virtual void fetch_sockets(broadcast_options const& o, describe_handler done) = 0;
    virtual void add_sockets(broadcast_options const& o, std::span<std::string const> rooms) = 0;
    virtual void del_sockets(broadcast_options const& o, std::span<std::string const> rooms) = 0;
    virtual void disconnect_sockets(broadcast_options const& o, bool close) = 0;
    virtual void server_side_emit(packet_data event, server_side_handler done) = 0;
    virtual void server_count(std::function<void(error_code, std::size_t)> done) = 0;
    virtual bool recovers() = 0;
    virtual void persist_session(session_state s) = 0;
    virtual void restore_session(std::string_view pid, std::string_view offset,
                                 restore_handler done) = 0;
    virtual void close() = 0;
};

/// What makes adapters of a type from an adapter_context and more arguments, which are copied.
template <class A, class... Args>
adapter_factory make_adapter_factory(Args... args);

// ---------------------------------------------------------------------------------------------

namespace detail {

template <adapter A>
class adapter_of final : public any_adapter {
public:
    template <class... Args>
    explicit adapter_of(Args&&... args) : a_(std::forward<Args>(args)...) {}

    void open() override { a_.open(); }
    void admit(std::shared_ptr<local_socket> const& s) override { a_.admit(s); }
    bool enlist(std::shared_ptr<local_socket> const& s, session_state const* restored) override {
        return a_.enlist(s, restored);
    }
    void send(std::shared_ptr<local_socket> const& s, packet_data data,
              broadcast_flags const& f) override {
        a_.send(s, std::move(data), f);
    }
    bool add_all(std::shared_ptr<local_socket> const& s,
                 std::span<std::string const> rooms) override {
        return a_.add_all(s, rooms);
    }
    void del(std::shared_ptr<local_socket> const& s, std::string_view room) override {
        a_.del(s, room);
    }
    void del_all(std::shared_ptr<local_socket> const& s) override { a_.del_all(s); }
    std::vector<std::string> socket_rooms(local_socket const& s) override {
        return a_.socket_rooms(s);
    }
    std::shared_ptr<local_socket> find(std::string_view id) override { return a_.find(id); }
    std::vector<std::shared_ptr<local_socket>> local_sockets(broadcast_options const& o) override {
        return a_.local_sockets(o);
    }
    std::size_t size() override { return a_.size(); }
    void broadcast(packet_data data, broadcast_options const& o) override {
        a_.broadcast(std::move(data), o);
    }
    void broadcast_with_ack(packet_data data, std::uint64_t id, broadcast_options const& o,
                            client_count_handler count,
                            std::function<void(nlohmann::json)> ack) override {
        a_.broadcast_with_ack(std::move(data), id, o, std::move(count), std::move(ack));
    }
    void fetch_sockets(broadcast_options const& o, describe_handler done) override {
        a_.fetch_sockets(o, std::move(done));
    }
    void add_sockets(broadcast_options const& o, std::span<std::string const> rooms) override {
        a_.add_sockets(o, rooms);
    }
    void del_sockets(broadcast_options const& o, std::span<std::string const> rooms) override {
        a_.del_sockets(o, rooms);
    }
    void disconnect_sockets(broadcast_options const& o, bool close) override {
        a_.disconnect_sockets(o, close);
    }
    void server_side_emit(packet_data event, server_side_handler done) override {
        a_.server_side_emit(std::move(event), std::move(done));
    }
    void server_count(std::function<void(error_code, std::size_t)> done) override {
        a_.server_count(std::move(done));
    }
    bool recovers() override { return a_.recovers(); }
    void persist_session(session_state s) override { a_.persist_session(std::move(s)); }
    void restore_session(std::string_view pid, std::string_view offset,
                         restore_handler done) override {
        a_.restore_session(pid, offset, std::move(done));
    }
    void close() override { a_.close(); }

private:
    A a_;
};

}  // namespace detail

template <class A, class... Args>
adapter_factory make_adapter_factory(Args... args) {
    return [args...](adapter_context& c) -> std::unique_ptr<any_adapter> {
        return std::make_unique<detail::adapter_of<A>>(c, args...);
    };
}

}  // namespace httphooks::socketio
