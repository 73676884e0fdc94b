// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What carries messages between the servers of a cluster: Redis, PostgreSQL, or what you like.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_message.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace httphooks::socketio {

namespace detail {

/// 16 random hexadecimal digits.
std::string cluster_id();

}  // namespace detail

/** The adapter of a namespace, as its transport sees it. Thread-safe.

    Transports hold it weakly: it goes with the namespace. */
class cluster_link {
public:
    cluster_link() = default;
    cluster_link(cluster_link const&) = delete;
    cluster_link& operator=(cluster_link const&) = delete;
    virtual ~cluster_link() = default;

    /// The name of the namespace.
    virtual std::string const& nsp() const noexcept = 0;
    /// What names this server to the others, in this namespace.
    virtual std::string const& uid() const noexcept = 0;
    /// Where a transport may work; not when cluster_transport::close() was called.
    virtual asio::any_io_executor executor() const = 0;
    /// Calls a function there, later; never when its loop has ended.
    virtual void post(std::function<void()> f) const = 0;

    /// The transport can be heard now, and hears others: again after each time that it could not.
    virtual void ready() = 0;

    /** A message has come, an answer too. One that is malformed is counted and dropped; so is one
        of another namespace, and one of this server. Not to be called behind a mutex. */
    virtual void receive(std::string_view bytes) = 0;
    /** The same, decoded.
        @param offset of a transport that recovers(): where the message is kept; then one of this
            server's own is taken, too, since publish() told that it would come */
    virtual void receive(cluster_message m, std::string_view offset = {}) = 0;
    /// Of a transport that recovers(): the newest message that is kept when it begins.
    virtual void begins_at(std::string_view offset) = 0;
    /// What has come is no message: it is counted.
    virtual void malformed() noexcept = 0;
    /// A message that was to be published never will be.
    virtual void lost() noexcept = 0;
    /// Something has gone wrong: the application is told.
    virtual void failed(error_code ec, char const* what) noexcept = 0;

    /// Whether sockets of this server are in a room, beside that of an id.
    virtual bool has_room(std::string_view room) = 0;
    /// Whether a socket of this server has an id.
    virtual bool has_socket(std::string_view id) = 0;
    /// Whether an event for a room is of use here: it has members, or may have them again who get
    /// what they have missed. What is for other rooms need not be read.
    virtual bool concerns(std::string_view room) {
        static_cast<void>(room);
        return true;
    }
    /// Whether an answer to a question is of use here; where all servers hear all answers, most are
    /// not, and need not be read.
    virtual bool awaits(std::string_view request_id) {
        static_cast<void>(request_id);
        return true;
    }
};

/** Carries messages of one namespace. To write one of your own, derive from this: open(),
    publish() and close() are enough, answers then go to all servers and servers are counted by
    their heartbeats.

    @par Thread safety
    All functions may be called from all threads, open() first and close() last.
    @par Example
    examples/socketio_own_transport.cpp */
class cluster_transport {
public:
    cluster_transport() = default;
    cluster_transport(cluster_transport const&) = delete;
    cluster_transport& operator=(cluster_transport const&) = delete;
    virtual ~cluster_transport() = default;

    /// Makes what names this server, and questions: 16 hexadecimal digits, unless the format has
    /// another way. Before open(), too.
    virtual std::string make_id() { return detail::cluster_id(); }

    /// The namespace is there. Messages are passed to cluster_link::receive() from now on.
    virtual void open(std::weak_ptr<cluster_link> to) = 0;

    /** Sends a message to all servers; the own may come back. Never waits.
        @return whether it will come back, with its offset, in its place among others, so that it is
            not delivered here before; only if recovers() */
    virtual bool publish(cluster_message const& m) = 0;
    /// Sends an answer to the server that has asked. @param uid the server
    virtual void answer(std::string_view uid, cluster_message const& m) {
        static_cast<void>(uid);
        publish(m);
    }

    /// Whether servers are known by messages that they send from time to time.
    virtual bool has_heartbeats() const { return true; }
    /** Counts the servers, this one too; if has_heartbeats(), it is not asked.
        @param done may be called at once; with an error when others cannot be reached */
    virtual void count(std::function<void(error_code, std::size_t)> done) { done({}, 1); }
    /// Whether others cannot be reached now: what wants their answers fails at once.
    virtual bool is_away() const { return false; }

    /// Whether it is told of rooms.
    virtual bool wants_rooms() const { return false; }
    /// The first socket of this server has joined a room, or the last one has left it, or both:
    /// cluster_link::has_room() and has_socket() tell. For the room of an id, too.
    virtual void room_changed(std::string_view room) { static_cast<void>(room); }

    // for those that keep messages ---------------------------------------------------------

    /// Whether messages and sessions are kept, for clients that are away; with options::recovery
    /// alone.
    virtual bool recovers() const { return false; }
    /// Whether an offset is that of a later message than another; an empty one is that of none. If
    /// it is not overridden: the longer text is, and of two of one length the greater.
    virtual bool is_newer(std::string_view offset, std::string_view than) const {
        return offset.size() != than.size() ? offset.size() > than.size() : offset > than;
    }
    /// Keeps a session.
    virtual void persist_session(session_state s) { static_cast<void>(s); }
    /** Takes a session.
        @param offset of the newest event that the client has
        @param done called with the session: `missed` has the events for its rooms, up to the
            message whose offset is `offset`. It is none before the newest that had been passed to
            cluster_link::receive() when this function was called: later ones are kept for the
            socket from then on */
    virtual void restore_session(std::string pid, std::string offset, restore_handler done) {
        static_cast<void>(pid);
        static_cast<void>(offset);
        done({});
    }

    /// The last call; perhaps because the loop ends.
    virtual void close() = 0;
};

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/cluster_transport.ipp>
#endif
