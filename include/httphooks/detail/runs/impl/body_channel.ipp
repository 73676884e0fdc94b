// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/body_channel.hpp>

#include <httphooks/detail/system/later.hpp>
#include <httphooks/detail/system/runs_here.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL body_channel::body_channel(asio::any_io_executor executor,
                                          std::optional<std::uint64_t> size)
    : executor_(std::move(executor)), size_(size) {}

HTTPHOOKS_DECL body_channel::body_channel(asio::any_io_executor executor,
                                          std::shared_ptr<request const> whole)
    : executor_(std::move(executor)),
      size_(whole->body().size()),
      whole_(std::move(whole)),
      ended_(true) {}

HTTPHOOKS_DECL void body_channel::begin_read(std::shared_ptr<body_channel> c,
                                             asio::mutable_buffer to, handler h) {
    if (runs_here(c->executor_)) return c->read(to, std::move(h));
    auto const kept = std::make_shared<handler>(std::move(h));
    call_later(c->executor_, [c, to, kept] { c->read(to, std::move(*kept)); });
}

HTTPHOOKS_DECL void body_channel::begin_chunk(std::shared_ptr<body_channel> c, chunk_handler h) {
    if (runs_here(c->executor_)) return c->read_chunk(std::move(h));
    auto const kept = std::make_shared<chunk_handler>(std::move(h));
    call_later(c->executor_, [c, kept] { c->read_chunk(std::move(*kept)); });
}

HTTPHOOKS_DECL void body_channel::begin_skip(std::shared_ptr<body_channel> c, handler h) {
    if (runs_here(c->executor_)) return c->skip(std::move(h));
    auto const kept = std::make_shared<handler>(std::move(h));
    call_later(c->executor_, [c, kept] { c->skip(std::move(*kept)); });
}

/// Takes what is there, as it stays until more is put in.
inline std::string_view body_channel::take(std::size_t most) noexcept {
    std::string_view const there = whole_ ? std::string_view(whole_->body()) : kept_;
    std::string_view const taken = there.substr(at_, most);
    at_ += taken.size();
    return taken;
}

/// Calls a handler, not within this call.
template <class Handler, class Value>
void answer_later(asio::any_io_executor const& executor, Handler&& handler, error_code ec,
                  Value value) {
    asio::post(executor, asio::append(std::move(handler), ec, value));
}

inline void body_channel::read(asio::mutable_buffer to, handler h) {
    if (waits())
        return answer_later(executor_, std::move(h), asio::error::already_started, std::size_t());
    std::string_view const there = take(to.size());
    if (!there.empty() || to.size() == 0) {
        if (!there.empty()) std::memcpy(to.data(), there.data(), there.size());
        return answer_later(executor_, std::move(h), {}, there.size());
    }
    if (ended_)
        return answer_later(executor_, std::move(h), why_ ? why_ : asio::error::eof, std::size_t());
    to_ = to;
    handler_.swap(h);
    wait(want::some, handler_.get_cancellation_slot());
}

inline void body_channel::read_chunk(chunk_handler h) {
    if (waits())
        return answer_later(executor_, std::move(h), asio::error::already_started,
                            std::string_view());
    if (std::string_view const there = take(kept_.npos); !there.empty() || ended_) {
        if (!whole_) chunk_.assign(there);
        return answer_later(executor_, std::move(h), there.empty() ? why_ : error_code(),
                            whole_ ? there : std::string_view(chunk_));
    }
    chunk_handler_.swap(h);
    wait(want::chunk, chunk_handler_.get_cancellation_slot());
}

inline void body_channel::skip(handler h) {
    if (waits())
        return answer_later(executor_, std::move(h), asio::error::already_started, std::size_t());
    std::size_t const there = take(kept_.npos).size();
    if (ended_) return answer_later(executor_, std::move(h), why_, there);
    handler_.swap(h);
    wait(want::skip, handler_.get_cancellation_slot());
    filled_ += there;
}

inline void body_channel::wait(want w, asio::cancellation_slot slot) {
    want_ = w;
    filled_ = 0;
    kept_.clear();
    at_ = 0;
    ++operations_;
    if (slot.is_connected())
        slot.assign([weak = weak_from_this(), n = operations_](asio::cancellation_type) {
            if (auto const self = weak.lock()) self->cancel(n);
        });
    if (source_) source_->on_read();
}

HTTPHOOKS_DECL bool body_channel::wants() const noexcept {
    switch (want_) {
        case want::nothing:
            break;
        case want::some:
            return filled_ < to_.size();
        case want::chunk:
            return kept_.size() < most_chunk;
        case want::skip:
            return true;
    }
    return false;
}

HTTPHOOKS_DECL void body_channel::put(std::string_view bytes) {
    if (want_ == want::skip) {
        filled_ += bytes.size();
        return;
    }
    if (want_ == want::some) {
        std::size_t const n = std::min(to_.size() - filled_, bytes.size());
        std::memcpy(static_cast<char*>(to_.data()) + filled_, bytes.data(), n);
        filled_ += n;
        bytes.remove_prefix(n);
    }
    kept_.append(bytes);
}

HTTPHOOKS_DECL void body_channel::flush() {
    if (want_ == want::some ? filled_ > 0 : want_ == want::chunk && !kept_.empty()) complete({});
}

HTTPHOOKS_DECL void body_channel::finish() {
    ended_ = true;
    if (!waits()) return;
    bool const nothing = want_ == want::some && filled_ == 0;
    complete(nothing ? error_code(asio::error::eof) : error_code());
}

HTTPHOOKS_DECL void body_channel::fail(error_code why) {
    if (ended_) return;
    ended_ = true;
    why_ = why;
    kept_.clear();
    at_ = 0;
    if (waits()) complete(why);
}

HTTPHOOKS_DECL void body_channel::cancel(std::uint64_t operation) {
    if (waits() && operation == operations_) complete(asio::error::operation_aborted);
}

/// Ends the read that waits.
inline void body_channel::complete(error_code ec) {
    if (std::exchange(want_, want::nothing) != want::chunk) {
        handler h;
        h.swap(handler_);
        return answer_later(executor_, std::move(h), ec, filled_);
    }
    chunk_.swap(kept_);
    kept_.clear();
    chunk_handler h;
    h.swap(chunk_handler_);
    answer_later(executor_, std::move(h), ec, std::string_view(chunk_));
}

}  // namespace httphooks::detail
