// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/message_streams.hpp>

#include <httphooks/detail/json/stream_message.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/stream_body.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// One of the streams.
class message_streams::stream final : public stream_sink,
                                      public std::enable_shared_from_this<stream> {
public:
    stream(message_streams& all, std::shared_ptr<stream_body> b, std::string_view i,
           send_function s)
        : body(std::move(b)), id(i), send(std::move(s)), all_(all) {}

    void on_stream() noexcept override { all_.wake(*this); }

    /// Null once it is over.
    std::shared_ptr<stream_body> body;
    std::string const id;
    send_function send;
    /// It was started here.
    bool begun = false;
    /// The beginning of a character, whose rest comes with what is taken next.
    std::string torn{};
    /// It is in the queue of those that are ready.
    bool ready = false;

private:
    message_streams& all_;
};

/// Cuts off a character at the end of a text that is not whole, if the rest is UTF-8.
/// @return what was cut off
inline std::string cut_torn_character(std::string& text) {
    std::size_t const whole = valid_utf8_prefix(text);
    std::string_view const rest = std::string_view(text).substr(whole);
    if (rest.empty() || rest.size() > 3) return {};
    auto const first = static_cast<unsigned char>(rest[0]);
    std::size_t const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    auto const follows = [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; };
    if (first < 0xc2 || first > 0xf4 || rest.size() >= length ||
        !std::all_of(rest.begin() + 1, rest.end(), follows))
        return {};
    std::string torn(rest);
    text.resize(whole);
    return torn;
}

/// A message of most() bytes that are all escaped, and what waits already, are less than this.
inline constexpr std::size_t roomy_limit = 256 * 1024;

HTTPHOOKS_DECL message_streams::message_streams(stream_carrier& c, asio::any_io_executor executor)
    : carrier_(&c),
      executor_(std::move(executor)),
      most_waiting_(c.limit() < roomy_limit ? 1 : 16 * 1024) {}

HTTPHOOKS_DECL message_streams::~message_streams() {
    cancel();
}

HTTPHOOKS_DECL void message_streams::begin(response const& head, std::string_view id,
                                           send_function send) {
    auto const s = std::make_shared<stream>(*this, head.body().stream(), id, std::move(send));
    streams_.push_back(s);
    // a response that was given to two requests has one stream
    if (s->body->started()) return fail(*s);
    stream_message const first{.id = s->id, .head = &head, .more = true, .content = head.body()};
    if (!this->send(*s, first)) return fail(*s);
    auto const body = s->body;
    if (!body) return;
    s->begun = true;
    body->start(executor_, *s);
    wake(*s);
}

HTTPHOOKS_DECL void message_streams::on_drain() noexcept {
    drained_ = true;
    held_ = false;
    pump();
}

HTTPHOOKS_DECL void message_streams::cancel() noexcept {
    carrier_ = nullptr;
    ready_.clear();
    for (stream_ptr const& s : std::exchange(streams_, {}))
        if (auto const body = std::exchange(s->body, nullptr); body && s->begun) body->stop();
}

inline void message_streams::wake(stream& s) noexcept {
    if (!s.body) return;
    if (!s.ready) {
        try {
            ready_.push_back(s.shared_from_this());
            s.ready = true;
        } catch (...) {  // no memory
            return fail(s);
        }
    }
    pump();
}

inline void message_streams::pump() noexcept {
    if (pumping_) return;
    auto const keep = shared_from_this();
    pumping_ = true;
    while (!held_ && !ready_.empty()) {
        stream_ptr const s = std::move(ready_.front());
        ready_.pop_front();
        s->ready = false;
        if (!s->body) continue;
        try {
            if (step(*s) && s->body) {
                ready_.push_back(s);
                s->ready = true;
            }
        } catch (...) {  // no memory
            fail(*s);
        }
    }
    pumping_ = false;
}

/// Sends what comes next of a stream. @return whether there may be more at once
inline bool message_streams::step(stream& s) {
    using taken = stream_body::taken;
    auto const body = s.body;
    std::string content = take_string();
    content += s.torn;
    s.torn.clear();
    bool more = false;
    bool good = true;
    switch (body->take(content, most() - content.size(), false)) {
        case taken::some:
            more = true;
            if (content.size() == most()) s.torn = cut_torn_character(content);
            good = send(s, {.id = s.id, .more = true, .content = content});
            break;
        case taken::nothing:
            if (!content.empty()) good = send(s, {.id = s.id, .more = true, .content = content});
            break;
        case taken::end:
            send(s, {.id = s.id, .trailers = body->trailers(), .content = content});
            remove(s);
            break;
        case taken::failure:
            good = false;
            break;
    }
    give_string(std::move(content));
    if (!good) fail(s);
    return more && good;
}

/// Sends a message, and sees whether others have to wait.
inline bool message_streams::send(stream& s, stream_message const& m) {
    drained_ = false;
    if (!s.send(m)) return false;
    if (!drained_ && carrier_ && carrier_->waiting() >= most_waiting_) {
        held_ = true;
        carrier_->expect_drain();
    }
    return true;
}

/// Tells the client that a stream has failed, if it can be told.
inline void message_streams::fail(stream& s) noexcept {
    if (!s.body) return;
    std::string const none;
    try {
        s.send({.id = s.id, .failed = status::internal_server_error, .content = none});
    } catch (...) {  // no memory: the client hears nothing more of it
    }
    remove(s);
}

inline void message_streams::remove(stream& s) noexcept {
    auto const body = std::exchange(s.body, nullptr);
    if (!body) return;
    if (s.begun) body->stop();
    std::erase_if(streams_, [&s](stream_ptr const& p) { return p.get() == &s; });
    if (carrier_) carrier_->on_stream_over();
}

}  // namespace httphooks::detail
