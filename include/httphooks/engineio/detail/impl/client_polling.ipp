// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/client_polling.hpp>

#include <httphooks/engineio/payload.hpp>

#include <boost/asio/bind_executor.hpp>

#include <chrono>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL http::client_options client_polling::http_options(
    std::chrono::milliseconds timeout) const {
    client_options const& from = *given().options;
    http::client_options o;
    o.connect_timeout = timeout;
    o.timeout = timeout;
    o.header_limit = from.header_limit;
    o.body_limit = from.payload_limit;
    o.tls = from.tls;
    return o;
}

inline request client_polling::make_request(verb method) const {
    request r(method, "/", 11);
    for (auto const& f : given().headers) r.insert(f.name(), f.name_string(), f.value());
    return r;
}

HTTPHOOKS_DECL void client_polling::poll() {
    polling_ = true;
    polled_at_ = clock::now();
    auto done = [self = shared_from_this(), keep = owner()](error_code ec, response const& r) {
        self->polling_ = false;
        if (!self->stopped()) self->on_polled(ec, r);
    };
    receiving_.async_request(url(), make_request(verb::get),
                             asio::bind_executor(given().executor, std::move(done)));
}

/// What a reply says about the server, when it is not what was asked for.
inline error_code check_reply(error_code ec, response const& r) {
    if (ec || r.result() == status::ok) return ec;
    bool const refused = r.result() == status::bad_request || r.result() == status::forbidden ||
                         r.result() == status::service_unavailable;
    return refused ? error::refused : error::bad_handshake;
}

inline void client_polling::on_polled(error_code ec, response const& r) {
    ec = check_reply(ec, r);
    if (ec) return lost(close_reason::transport_error, ec);
    bool fruitful = false;
    auto const to = owner();
    auto const take = [&](packet_view p) {
        fruitful = fruitful || p.type != packet_type::noop;
        to->on_packet(*this, p);
        return !stopped();
    };
    ec = decode_payload(r.body(), revision::v4, false, take);
    if (stopped()) return;
    if (ec) return lost(close_reason::parse_error, ec);
    barren_ = fruitful || clock::now() - polled_at_ >= at_once ? 0 : barren_ + 1;
    if (barren_ == most_barren) return lost(close_reason::transport_error, error::bad_handshake);
    if (!paused_)
        poll();
    else if (settled())
        to->on_paused(*this);
}

inline void client_polling::post(std::vector<packet> const& packets, bool last) {
    posting_ = true;
    request r = make_request(verb::post);
    r.set(field::content_type, "text/plain;charset=UTF-8");
    r.body() = encode_payload(packets).body;
    auto done = [self = shared_from_this(), keep = owner(), last](error_code ec,
                                                                  response const& answer) {
        self->posting_ = false;
        if (last) {
            self->receiving_.close();
            self->sending_.close();
        } else if (!self->stopped()) {
            self->on_posted(ec, answer);
        }
    };
    sending_.async_request(url(), std::move(r),
                           asio::bind_executor(given().executor, std::move(done)));
}

HTTPHOOKS_DECL void client_polling::send(std::vector<packet> packets) {
    post(packets, false);
}

inline void client_polling::on_posted(error_code ec, response const& r) {
    ec = check_reply(ec, r);
    if (ec) return lost(close_reason::transport_error, ec);
    auto const to = owner();
    to->on_sent(*this);
    if (!stopped() && settled()) to->on_paused(*this);
}

HTTPHOOKS_DECL void client_polling::pause() {
    paused_ = true;
    if (settled()) owner()->on_paused(*this);
}

HTTPHOOKS_DECL void client_polling::resume() {
    paused_ = false;
    if (!polling_ && !stopped()) poll();
}

HTTPHOOKS_DECL void client_polling::stop(bool tell) {
    set_stopped();
    // the server answers the poll then, and thus need not wonder where the client is
    if (tell) return post(std::vector<packet>(1, packet{packet_type::close, false, {}}), true);
    receiving_.close();
    sending_.close();
}

}  // namespace httphooks::engineio::detail
