// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A request that a SockJS server has got, and the ways to answer it.
*/

#include <httphooks/http/connection.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/detail/home.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

/// A request, its connection, and how the connection is given back.
struct visit {
    http::connection client;
    request message;
    http::mount_handler done;

    /// Gives the connection back, or lets it go when it is broken.
    void leave(error_code ec) {
        std::optional<http::connection> back;
        if (!ec) back.emplace(std::move(client));
        std::move(done)(ec, std::move(back));
    }
};

/// Answers.
inline void reply(visit v, response const& r) {
    auto const held = std::make_shared<visit>(std::move(v));
    held->client.async_write(r, [held](error_code ec) { held->leave(ec); });
}

/** A visit whose answer comes later, perhaps from another thread.

    It lives as long as its client waits; refer to it by std::weak_ptr elsewhere. */
class waiting_visit final : public std::enable_shared_from_this<waiting_visit> {
public:
    explicit waiting_visit(visit v) : visit_(std::move(v)), home_(visit_.client.get_executor()) {}

    /// Begins to wait. On the connection's executor.
    void hold() {
        visit_.client.async_wait_abort([self = shared_from_this()](error_code ec) {
            if (self->answered_) return;
            self->answered_ = true;
            self->visit_.client.close();
            self->visit_.leave(ec);
        });
    }

    /// Answers, from any thread.
    void answer(response r) {
        home_.dispatch([self = shared_from_this(), r = std::move(r)] {
            if (std::exchange(self->answered_, true)) return;
            self->visit_.client.async_write(r, [self](error_code ec) { self->visit_.leave(ec); });
        });
    }

private:
    visit visit_;
    home home_;
    bool answered_ = false;
};

}  // namespace httphooks::sockjs::detail
