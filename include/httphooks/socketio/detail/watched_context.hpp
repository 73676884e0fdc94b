// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The context of an adapter within an adapter, which watches its rooms.
*/

#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/room_event.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio::detail {

/// Passes everything on, and tells of rooms that come and go.
class watched_context final : public adapter_context {
public:
    /// @param changed called behind each change, with the name of a room that came or went
    watched_context(adapter_context& to, std::function<void(std::string_view)> changed)
        : to_(to), changed_(std::move(changed)) {}

    std::string const& name() const noexcept override { return to_.name(); }
    socketio::options const& options() const noexcept override { return to_.options(); }
    http::detail::home const& place() const noexcept override { return to_.place(); }
    std::shared_ptr<adapter_context> keep() noexcept override { return to_.keep(); }
    std::shared_ptr<void> share(std::function<std::shared_ptr<void>()> const& make) override {
        return to_.share(make);
    }
    std::uint64_t next_ack() noexcept override { return to_.next_ack(); }
    std::shared_ptr<encoded_delivery const> encode(delivery d) override {
        return to_.encode(std::move(d));
    }
    void tell(room_event what, std::string_view room, std::string_view id) noexcept override {
        if (changed_ && (what == room_event::create || what == room_event::remove)) try {
                changed_(room);
            } catch (...) {
                failed(std::current_exception());
            }
        if (to_.tells_rooms()) to_.tell(what, room, id);
    }
    bool tells_rooms() const noexcept override { return changed_ || to_.tells_rooms(); }
    void server_side_event(packet_data const& event,
                           std::function<void(packet_data const&)> answer) override {
        to_.server_side_event(event, std::move(answer));
    }
    std::chrono::steady_clock::time_point now() const noexcept override { return to_.now(); }
    void failed(std::exception_ptr e) noexcept override { to_.failed(std::move(e)); }
    void dropped(std::string_view reason) noexcept override { to_.dropped(reason); }

private:
    adapter_context& to_;
    std::function<void(std::string_view)> changed_;
};

}  // namespace httphooks::socketio::detail
