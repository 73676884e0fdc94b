// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/channel.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/deflate.hpp>
#include <httphooks/websocket/detail/buffers.hpp>
#include <httphooks/websocket/detail/loop.hpp>
#include <httphooks/websocket/frame.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket::detail {

// How a channel ends is in channel_end.ipp.

HTTPHOOKS_DECL channel::channel(std::shared_ptr<channel_settings const> settings,
                                std::shared_ptr<http::detail::byte_stream> stream)
    : settings_(std::move(settings)), stream_(std::move(stream)), output_(*settings_, *stream_) {}

HTTPHOOKS_DECL channel::~channel() = default;

HTTPHOOKS_DECL void channel::compress_by(std::unique_ptr<message_codec> codec) noexcept {
    codec_ = std::move(codec);
    output_.compress_by(codec_.get());
    reader_.allow_compressed();
}

/// While it lives, the caller runs on the channel's executor.
class channel::here_scope {
public:
    explicit here_scope(channel& c) noexcept : outer_(std::exchange(running_, &c)) {}
    here_scope(here_scope const&) = delete;
    here_scope& operator=(here_scope const&) = delete;
    ~here_scope() { running_ = outer_; }

private:
    channel* outer_;
};

class channel::event {
public:
    explicit event(channel& c)
        : channel_(c), handle_(c.shared_from_this()), scope_(c), nested_(c.event_ != nullptr) {
        if (!nested_) c.event_ = this;
    }
    event(event const&) = delete;
    event& operator=(event const&) = delete;
    ~event() {
        if (!nested_) {
            // what throws here is lack of memory; one connection pays for it
            try {
                channel_.settle();
            } catch (std::exception const&) {
                channel_.shut(true);
            }
            channel_.event_ = nullptr;
        }
    }

    connection& handle() noexcept { return handle_; }

private:
    channel& channel_;
    connection handle_;
    here_scope scope_;
    bool nested_;
};

template <class Handler, class... Args>
void channel::call(Handler const& handler, Args const&... args) noexcept {
    if (!handler) return;
    try {
        handler(event_->handle(), args...);
    } catch (...) {
        fail(close_code::internal_error);
    }
}

template <class Function>
void channel::post(Function f) {
    asio::post(stream_->get_executor(), [self = shared_from_this(), f = std::move(f)]() mutable {
        if (self->current() == state::closed) return;
        event const e(*self);
        f(*self);
    });
}

/// Posts something that sends: what others send in the same turn is written together with it.
template <class Function>
void channel::post_send(Function f) {
    asio::post(stream_->get_executor(), [self = shared_from_this(), f = std::move(f)]() mutable {
        here_scope const scope(*self);
        f(*self);
    });
}

HTTPHOOKS_DECL void channel::start(request const& handshake, std::string output, std::string input,
                                   ticket_ptr ticket) {
    ticket_ = std::move(ticket);
    if (ticket_) ticket_->watch(weak_from_this());
    stream_->open(shared_from_this());
    loop_ = loop::of(stream_->context()).get();
    if (settings_->counts_sessions) settings_->counters->open_session();
    loop_->enter(*this, stream_->get_executor());
    last_input_ = loop_->now();
    ping_at_ = last_input_ + timer_wheel::ticks(options().ping_interval);
    rest_at_ = last_input_ + timer_wheel::ticks(context_rest);
    event const e(*this);
    output_.begin(std::move(output));
    call(handlers().open, handshake);
    if (!input.empty()) {
        stopped_ = holds();
        if (stopped_)
            held_.append(input.data(), input.size());
        else
            process(input.data(), input.size());
    }
    set_deadline();
}

// reading -------------------------------------------------------------------------------------
HTTPHOOKS_DECL void channel::on_readable(error_code ec) {
    if (!receiving()) return;
    event const e(*this);
    read_buffer buffer;
    bool const parse = may_parse() && !stopped_;
    std::size_t const held = parse ? held_.view().copy(buffer.data(), frame_reader::most_left) : 0;
    std::size_t n = 0;
    std::size_t const most = read_buffer::size - held;
    if (!ec) n = stream_->read_some(buffer.data() + held, room_ ? room_->size(most) : most, ec);
    if (ec == asio::error::would_block) return;
    if (ec) {
        input_ended_ = true;
        return;
    }
    last_input_ = loop_->now();
    if (std::exchange(pinged_, false)) set_deadline();
    if (!parse) {
        stopped_ = true;
        held_.append(buffer.data(), n);
        return;
    }
    held_.clear();
    process(buffer.data(), held + n);
}

/// Hands on all frames in the input; keeps what is left of it.
inline void channel::process(char* bytes, std::size_t n) {
    stopped_ = false;
    std::size_t used = 0;
    try {
        used = reader_.read(self(), options().message, bytes, n, *this);
        if (room_) [[unlikely]] {
            bool const counted = room_->counts();
            room_->count(reader_.kept(), loop_->now());
            if (room_->counts() && !counted) set_deadline();
        }
    } catch (std::exception const&) {
        cut_ = true;
        return;
    }
    if (reader_.failure() != close_code::none) {
        refuse(reader_.failure());
    } else if (used < n && receiving()) {
        held_.append(bytes + used, n - used);
    } else {
        stopped_ = false;
    }
}

HTTPHOOKS_DECL bool channel::on_message(opcode op, std::string_view bytes) {
    if (handing_on()) call(handlers().message, message{bytes, op == opcode::binary});
    if (output_.is_large()) flush();
    stopped_ = !may_parse();
    return !stopped_;
}

HTTPHOOKS_DECL bool channel::on_compressed(opcode op, std::string_view bytes) {
    std::string whole = httphooks::detail::take_string();
    bool go_on = false;
    switch (codec_->inflate(bytes, options().message.size, whole)) {
        case inflate_result::done:
            if (op == opcode::text && !httphooks::detail::is_utf8(whole))
                refuse(close_code::invalid_payload);
            else
                go_on = on_message(op, whole);
            break;
        case inflate_result::broken:
            refuse(close_code::invalid_payload);
            break;
        case inflate_result::too_big:
            refuse(close_code::too_big);
            break;
    }
    httphooks::detail::give_string(std::move(whole));
    return go_on;
}

HTTPHOOKS_DECL bool channel::on_ping(std::string_view payload) {
    if (current() == state::open) output_.append(opcode::pong, payload);
    if (output_.is_large()) flush();
    stopped_ = !may_parse();
    return !stopped_;
}

HTTPHOOKS_DECL bool channel::on_close(close_code code, std::string_view reason) {
    if (current() == state::open)
        append_close_frame(code == close_code::no_status ? close_code::none : code, {});
    enter(state::ending);
    tell_closed({code, reason, true});
    return false;
}

// sending -------------------------------------------------------------------------------------

/// Sees to room for `n` bytes of whole frames. @return whether they may be sent
inline bool channel::has_room(std::size_t n) {
    if (!is_open() || overflowed_) return false;
    if (output_.is_fresh()) {
        if (buffered() + n > options().output_limit) flush();
        return true;
    }
    bool const full = !output_.fits(n);
    if (full && options().on_overflow != overflow::tell) {
        if (settings_->counters) settings_->counters->drop();
        if (options().on_overflow == overflow::close) {
            overflowed_ = true;
            settle_soon();
        }
        return false;
    }
    output_.count(n);
    if (full)
        post([](channel& c) {
            if (c.is_open()) c.call(c.handlers().overflow);
        });
    return true;
}

inline bool channel::has_room_for_frame(std::size_t payload) {
    return has_room(header_size(self(), payload) + payload);
}

HTTPHOOKS_DECL bool channel::send(opcode op, std::string_view payload, bool compress) {
    if (!is_open()) return false;
    if (here()) {
        if (!has_room_for_frame(payload.size())) return false;
        output_.append(op, payload, compress);
        schedule();
        return true;
    }
    post_send(
        [op, compress, copy = std::string(payload)](channel& c) { c.send(op, copy, compress); });
    return true;
}

HTTPHOOKS_DECL bool channel::send(prepared_message const& m) {
    if (!is_open()) return false;
    if (here()) {
        if (!has_room(m.bytes().size())) return false;
        output_.append(m);
        schedule();
        return true;
    }
    post_send([m](channel& c) { c.send(m); });
    return true;
}

HTTPHOOKS_DECL bool channel::send_with(opcode op, std::size_t expected,
                                       httphooks::detail::function_ref<void(std::string&)> write,
                                       bool compress) {
    if (!has_room_for_frame(expected)) return false;
    output_.append(op, expected, write, compress);
    schedule();
    return true;
}

/// Has what was sent outside of the connection's own events written soon.
inline void channel::schedule() {
    if (!output_.writing()) return settle_soon();
    output_.note_full();
}

/// Has settle() called when what runs now is done.
inline void channel::settle_soon() {
    if (event_ || std::exchange(scheduled_, true)) return;
    stream_->post(
        [](std::shared_ptr<void> const& c) { static_cast<channel*>(c.get())->run_scheduled(); },
        shared_from_this());
}

inline void channel::run_scheduled() {
    scheduled_ = false;
    if (current() == state::closed) return;
    event const e(*this);
}

inline void channel::flush() {
    if (!output_.flush()) return;
    progress_ = loop_->now();
    set_deadline();
}

HTTPHOOKS_DECL void channel::on_written(error_code ec) {
    if (current() == state::closed) return;
    event const e(*this);
    output_.on_written(ec);
    if (ec) return;
    flush();
    if (output_.take_drained() && is_open()) call(handlers().drain);
}

HTTPHOOKS_DECL void channel::expect_drain() {
    output_.expect_drain();
    if (output_.writing()) return;
    post([](channel& c) {
        c.flush();
        if (c.output_.take_drained() && c.is_open()) c.call(c.handlers().drain);
    });
}

/// The end of an event: writes, and decides what comes next.
inline void channel::settle() {
    for (;;) {
        if (current() == state::closed) return;
        if (cut_) return lose();
        if (overflowed_ && is_open()) fail(close_code::policy_violation);
        flush();
        if (output_.failed()) {
            if (!receiving() || until_gone_) return lose();
            fall_mute();
        }
        if (input_ended_ && (!stopped_ || until_gone_) && receiving()) return lose();
        if (!stopped_ || !may_parse()) break;
        std::string input = held_.take();
        process(input.data(), input.size());
        httphooks::detail::give_string(std::move(input));
    }
    output_.end_turn();
    if (receiving()) {
        bool const room = buffered() < channel_output::most_unsent && held_.size() < most_held;
        if (!input_ended_ && (may_parse() || (holds() && room)) && !lacks_room())
            stream_->wait_readable();
    } else if (current() == state::ending && !output_.writing()) {
        enter(state::ended);
        stream_->end(self() == role::server);
        set_deadline();
    }
}

inline bool channel::lacks_room() {
    return room_ && room_->is_full(reader_.rest(), loop_->now());
}

HTTPHOOKS_DECL void channel::share_budget(std::shared_ptr<httphooks::detail::body_budget> budget) {
    body_reader& self = *this;
    room_ = std::make_unique<message_room>(self, stream_->get_executor(), std::move(budget));
}

HTTPHOOKS_DECL void channel::retain(std::size_t bytes) {
    if (!room_ || current() == state::closed) return;
    room_->retain(bytes, loop_->now());
    set_deadline();
}

HTTPHOOKS_DECL void channel::on_room() noexcept {
    if (current() == state::closed) return;
    event const e(*this);
    last_input_ = loop_->now();
    room_->end_wait(last_input_);
}

HTTPHOOKS_DECL void channel::pause_until_gone() {
    paused_ = true;
    until_gone_ = true;
    // it may have gone already
    settle_soon();
}

HTTPHOOKS_DECL void channel::resume() {
    paused_ = false;
    until_gone_ = false;
    settle_soon();
}

HTTPHOOKS_DECL void channel::present() {
    held_back_ = false;
    settle_soon();
}

}  // namespace httphooks::websocket::detail
