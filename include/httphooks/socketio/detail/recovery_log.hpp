// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What clients that are away miss, and what they had before.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/** The packets of a namespace that clients may have missed, and the sessions of clients that are
    away. Not thread-safe. */
class recovery_log {
public:
    using clock = std::chrono::steady_clock;
    /// A packet, and the number that its offset has, from 1 on.
    struct numbered {
        std::uint64_t number;
        std::shared_ptr<payload const> data;
    };
    using packet_list = std::vector<numbered>;

    explicit recovery_log(recovery_options const& o)
        : options_(o), prefix_(engineio::detail::random_id()) {
        prefix_.resize(6);
    }

    /// Adds an event, and to its arguments the offset that names it.
    std::shared_ptr<payload const> add(payload data, broadcast_options const& to,
                                       clock::time_point now = clock::now()) {
        return add(std::move(data), to, {}, now);
    }
    /// The same for an event to one socket.
    std::shared_ptr<payload const> add_for(std::string const& id, payload data,
                                           clock::time_point now = clock::now()) {
        return add(std::move(data), {}, id, now);
    }
    /// An event that is not kept, with the offset of the newest that is.
    std::shared_ptr<payload const> mark(payload data) const;
    /// The number of the newest packet; 0: there was none.
    std::uint64_t newest() const noexcept { return first_ + log_.size() - 1; }

    /// Keeps a session.
    void persist(session_state s, clock::time_point now = clock::now());

    /// Takes a session that is known, if all is known that its client has missed.
    /// @param offset of the newest packet that the client has
    std::optional<session_state> restore(std::string_view pid, std::string_view offset,
                                         clock::time_point now = clock::now());

    /// The packets behind a number for a socket and its rooms; nothing when not all packets behind
    /// it are known any more.
    std::optional<packet_list> behind(std::uint64_t number, std::string_view id,
                                      std::vector<std::string> const& rooms) const;

    std::string offset_of(std::uint64_t number) const { return prefix_ + std::to_string(number); }
    /// The number in an offset of this log.
    std::optional<std::uint64_t> number_of(std::string_view offset) const;

    std::size_t packets() const noexcept { return log_.size(); }
    std::size_t sessions() const noexcept { return sessions_.size(); }

private:
    struct entry {
        std::shared_ptr<payload const> data;
        std::vector<std::string> rooms;
        std::vector<std::string> except;
        /// The id of the only socket that gets it, if there is but one.
        std::string only;
        clock::time_point at;
    };
    struct session {
        session_state state;
        /// The newest packet when it left.
        std::uint64_t left;
        clock::time_point until;
    };
    using session_list = std::list<session>;

    std::shared_ptr<payload const> add(payload data, broadcast_options const& to, std::string only,
                                       clock::time_point now);
    static inline payload with_offset(payload data, std::string_view offset);
    static inline std::size_t size_of(entry const& e) noexcept;
    inline void forget(clock::time_point now);

    recovery_options options_;
    std::string prefix_;
    std::deque<entry> log_{};
    /// The number of the first entry.
    std::uint64_t first_ = 1;
    std::size_t bytes_ = 0;
    session_list away_{};
    std::unordered_map<std::string_view, session_list::iterator> sessions_{};
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/recovery_log.ipp>
#endif
