// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A request that a mount has got, and the ways to answer it.
*/

#include <httphooks/error.hpp>
#include <httphooks/http/connection.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/error.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace httphooks::http::detail {

/// A request, its connection, and how the connection is given back.
struct visit {
    connection client;
    request message;
    mount_handler done;

    /// Whether the client of a handshake has gone: it has ended, and has sent nothing behind it
    /// that the other protocol would hand on.
    bool gave_up() const noexcept {
        return client.core()->input_ended && client.core()->input.empty();
    }

    /** Waits, while the application decides about a handshake, until the client has gone or
        cancel_wait() is called.
        @param decided whether there is a decision
        @param then called with an error; without a decision the client has gone
        @param ended whether a client that has ended has gone, whatever it has sent */
    template <class Decided, class Then>
    void wait_gone(Decided decided, Then then, bool ended = false) {
        client.async_wait_abort([this, decided, then, ended](error_code ec) {
            // messages wait: only a reset shows that nobody is interested
            bool const half_closed = ec == asio::error::eof && !ended && !gave_up();
            if (half_closed && !decided()) return wait_gone(decided, then, true);
            then(ec);
        });
    }

    /// Gives the connection back, or lets it go when it is broken.
    void leave(error_code ec) {
        std::optional<connection> back;
        if (!ec) back.emplace(std::move(client));
        std::move(done)(ec, std::move(back));
    }
};

/// Answers.
inline void reply(visit v, response r) {
    auto const held = std::make_shared<visit>(std::move(v));
    held->client.async_write(std::move(r), [held](error_code ec) { held->leave(ec); });
}

/** A visit whose answer comes later, perhaps from another thread.

    It lives as long as its client waits; refer to it by std::weak_ptr elsewhere. */
class waiting_visit final : public std::enable_shared_from_this<waiting_visit> {
public:
    explicit waiting_visit(visit v) : visit_(std::move(v)), home_(visit_.client.get_executor()) {}

    /// The request. On the connection's executor, or before it waits.
    request const& message() const noexcept { return visit_.message; }

    /// Where the connection lives.
    home const& place() const noexcept { return home_; }

    /// Sets what is called, where it is set: on the connection's executor, when the client goes
    /// before it has the answer.
    void on_gone(std::function<void()> f) {
        if (left_) return f();
        gone_ = std::move(f);
    }

    /// Begins to wait, unless it is answered. On the connection's executor.
    void hold() {
        if (answered_ || std::exchange(held_, true)) return;
        visit_.client.async_wait_abort([self = shared_from_this()](error_code ec) {
            if (self->answered_) return;
            self->answered_ = true;
            self->visit_.client.close();
            self->finish(ec);
        });
    }

    /// Answers, from any thread.
    void answer(response r) {
        home_.dispatch([self = shared_from_this(), reply = std::move(r)]() mutable {
            if (std::exchange(self->answered_, true)) return;
            self->visit_.client.async_write(std::move(reply),
                                            [self](error_code ec) { self->finish(ec); });
        });
    }

private:
    void finish(error_code ec) {
        left_ = true;
        auto const f = std::exchange(gone_, nullptr);
        if (ec && f) f();
        visit_.leave(ec);
    }

    visit visit_;
    home home_;
    std::function<void()> gone_{};
    bool held_ = false;
    bool answered_ = false;
    bool left_ = false;
};

}  // namespace httphooks::http::detail
