// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/receiver.hpp>

#include <functional>
#include <string>
#include <utility>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL void receiver::hold() {
    // its owner may not have been the owner yet when it went
    if (gone_) return tell(&receiver_owner::on_gone);
    if (ended_ || std::exchange(held_, true)) return;
    visit_.client.async_wait_abort([self = shared_from_this()](error_code ec) { self->gone(ec); });
}

HTTPHOOKS_DECL void receiver::refuse(response const& r) {
    if (std::exchange(ended_, true)) return;
    visit_.client.async_write(
        r, [self = shared_from_this()](error_code ec) { self->visit_.leave(ec); });
}

HTTPHOOKS_DECL void receiver::write(std::string frame, bool last) {
    home_.dispatch([self = shared_from_this(), f = std::move(frame), last]() mutable {
        self->write_here(std::move(f), last);
    });
}

inline void receiver::write_here(std::string frame, bool last) {
    if (ended_) return;
    auto const self = shared_from_this();
    auto const written = [self, last](error_code ec) { self->on_written(ec, last); };
    if (polling()) {
        ended_ = true;
        header_.body() = std::move(frame);
        visit_.client.async_write(header_, [self](error_code ec) { self->end(ec); });
        return;
    }
    if (last) ended_ = true;
    visit_.client.async_write_chunk(frame, written);
}

inline void receiver::on_written(error_code ec, bool last) {
    if (!last) {
        if (ec) return gone(ec);
        return tell(&receiver_owner::on_written);
    }
    if (ec) return end(ec);
    visit_.client.async_end([self = shared_from_this()](error_code error) { self->end(error); });
}

/// The response is whole, or never will be.
inline void receiver::end(error_code ec) {
    tell(ec ? &receiver_owner::on_gone : &receiver_owner::on_done);
    owner_.reset();
    visit_.leave(ec);
}

/// The client has gone, or wait_abort() has ended since the response has.
HTTPHOOKS_DECL void receiver::gone(error_code ec) {
    if (std::exchange(ended_, true)) return;
    gone_ = true;
    visit_.client.close();
    tell(&receiver_owner::on_gone);
    visit_.leave(ec);
}

inline void receiver::tell(void (receiver_owner::*what)(receiver_id)) {
    if (owner_)
        owner_->receiver_home().dispatch([owner = owner_, id = id_, what] { (*owner.*what)(id); });
}

HTTPHOOKS_DECL void receiver::probe(std::function<void(bool)> answer) {
    home_.dispatch([self = shared_from_this(), a = std::move(answer)] {
        a(self->ended_ || self->visit_.client.peer_gone());
    });
}

}  // namespace httphooks::sockjs::detail
