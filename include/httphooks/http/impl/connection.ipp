// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/connection.hpp>

#include <httphooks/http/detail/reply_writer.hpp>
#include <httphooks/message.hpp>

#include <stdexcept>
#include <utility>

namespace httphooks::http {

HTTPHOOKS_DECL connection& connection::operator=(connection&& other) noexcept {
    if (this != &other) {
        if (core_) core_->close(false);
        core_ = std::move(other.core_);
        chunked_ = other.chunked_;
    }
    return *this;
}

HTTPHOOKS_DECL connection::~connection() {
    if (core_) core_->close(false);
}

HTTPHOOKS_DECL void connection::begin(request const& r) {
    core_->http11 = r.version() >= 11;
    core_->head = r.method() == verb::head;
    core_->reusable = r.keep_alive() && !core_->input_ended;
    chunked_ = false;
}

HTTPHOOKS_DECL detail::persistence connection::after() const noexcept {
    if (!core_->reusable) return detail::persistence::close;
    return core_->http11 ? detail::persistence::keep : detail::persistence::keep_http10;
}

HTTPHOOKS_DECL connection::taken connection::take_over() {
    if (core_.use_count() > 1) throw std::logic_error("connection: an operation is under way");
    taken t{core_->detach(), std::move(core_->input), std::move(core_->ticket)};
    core_.reset();
    return t;
}

}  // namespace httphooks::http
