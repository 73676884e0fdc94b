// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/live_nsp.hpp>

#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/encoded_delivery.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/memory_adapter.hpp>
#include <httphooks/socketio/options.hpp>
#include <httphooks/socketio/parser.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL live_nsp::live_nsp(std::string name, std::shared_ptr<server_settings> s,
                                  std::weak_ptr<nsp_owner> owner)
    : name_(std::move(name)), settings_(std::move(s)), owner_(std::move(owner)) {
    auto const& o = settings_->options;
    adapter_ =
        o.adapter ? o.adapter(*this) : std::make_unique<adapter_of<memory_adapter>>(*this, o);
}

HTTPHOOKS_DECL void live_nsp::inherit(live_nsp& parent) {
    child_ = true;
    if (parent.tells_rooms()) tell_rooms();
    auto const put_in_front = [](auto& mine, auto const& inherited) {
        mine.insert(mine.begin(), inherited.begin(), inherited.end());
    };
    auto const all = parent.handlers();
    change([&](nsp_handlers& h) {
        put_in_front(h.middlewares, all->middlewares);
        put_in_front(h.connection, all->connection);
        put_in_front(h.rooms, all->rooms);
        put_in_front(h.server_side, all->server_side);
    });
    std::lock_guard const lock(parent.mutex_);
    std::erase_if(parent.children_, [](auto const& c) { return c.expired(); });
    parent.children_.push_back(weak_from_this());
}

HTTPHOOKS_DECL std::vector<std::shared_ptr<live_nsp>> live_nsp::children() {
    std::vector<std::shared_ptr<live_nsp>> alive;
    std::lock_guard const lock(mutex_);
    for (auto const& c : children_)
        if (auto kept = c.lock()) alive.push_back(std::move(kept));
    return alive;
}

HTTPHOOKS_DECL void live_nsp::exit() {
    if (--inside_ != 0 || !child_) return;
    if (auto const owner = owner_.lock()) owner->emptied(*this);
}

HTTPHOOKS_DECL void live_nsp::broadcast(packet_data data, broadcast_options const& o) {
    if (!is_pattern()) return adapter_->broadcast(std::move(data), o);
    for (auto const& c : children()) c->adapter().broadcast(data, o);
}

HTTPHOOKS_DECL std::shared_ptr<encoded_delivery const> live_nsp::encode(delivery d) {
    packet_header header;
    header.type = packet_type::event;
    header.nsp = name_;
    header.id = d.id;
    auto frames = socketio::encode(settings_->options.parser, header, *d.data);
    if (!d.flags.compress) frames = uncompressed(frames);
    return std::make_shared<encoded_delivery const>(
        encoded_delivery{std::move(d), std::move(frames)});
}

HTTPHOOKS_DECL std::shared_ptr<void> live_nsp::share(
    std::function<std::shared_ptr<void>()> const& make) {
    std::lock_guard const lock(settings_->shared_mutex);
    auto there = settings_->shared.lock();
    if (!there) settings_->shared = there = make();
    return there;
}

HTTPHOOKS_DECL void live_nsp::tell(room_event what, std::string_view room,
                                   std::string_view id) noexcept {
    auto const all = handlers();
    for (auto const& f : all->rooms) settings_->guarded([&] { f(what, room, id); });
}

HTTPHOOKS_DECL void live_nsp::server_side_event(packet_data const& event,
                                                std::function<void(packet_data const&)> answer) {
    auto const array = std::make_shared<nlohmann::json const>(payload_to_json(event));
    if (array->empty() || !array->front().is_string()) return;
    auto const& name = array->front().get_ref<std::string const&>();
    auto const all = handlers();
    for (auto const& [wanted, f] : all->server_side)
        if (wanted == name) settings_->guarded([&] { f(arguments(array, 1), answer); });
}

}  // namespace httphooks::socketio::detail
