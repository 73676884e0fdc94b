// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Acknowledgements: what a handler answers with.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace httphooks::socketio {

namespace detail {

/// Sends acknowledgements: a socket.
class ack_target {
public:
    /// @param answer may be moved from
    /// @par Thread safety
    /// All threads
    virtual void acknowledge(std::uint64_t id, payload&& answer) = 0;

protected:
    ~ack_target() = default;
};

}  // namespace detail

/** The acknowledgement of an event, for its handlers to call. Copies are handles of the same one;
    it answers once, whoever calls it first.

    When the client has gone, or did not ask, a call does nothing.

    @par Thread safety
    All threads
*/
class acknowledgement {
public:
    /// One that nobody asked for.
    acknowledgement() = default;
    /// For sockets. @param id what the client's packet had
    acknowledgement(std::weak_ptr<detail::ack_target> target, std::uint64_t id);

    /** Answers.
        @param args bytes, or anything that nlohmann::json is made of; `arguments` stand for all
            that they have */
    template <class... Args>
    void operator()(Args const&... args) const;

    /// Answers with a payload that is made already; for servers.
    void answer(detail::payload&& p) const;

    /// Whether the client asked for an acknowledgement.
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    /// Where the answer goes; null if it may not.
    std::shared_ptr<detail::ack_target> claim() const noexcept;

    struct state {
        std::weak_ptr<detail::ack_target> target;
        std::uint64_t id;
        std::atomic<bool> answered = false;

        state(std::weak_ptr<detail::ack_target> t, std::uint64_t i) noexcept
            : target(std::move(t)), id(i) {}
    };

    std::shared_ptr<state> state_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// A payload that somebody left behind, empty; its memory is used again.
class scratch_payload {
public:
    scratch_payload();
    scratch_payload(scratch_payload const&) = delete;
    scratch_payload& operator=(scratch_payload const&) = delete;
    ~scratch_payload();

    payload& operator*() noexcept { return value_; }

private:
    payload value_;
};

}  // namespace detail

template <class... Args>
void acknowledgement::operator()(Args const&... args) const {
    auto const target = claim();
    if (!target) return;
    detail::scratch_payload out;
    detail::make_payload(*out, args...);
    target->acknowledge(state_->id, std::move(*out));
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/ack.ipp>
#endif
