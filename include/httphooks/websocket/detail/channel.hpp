// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is behind a WebSocket connection's handles: reads, calls the application, writes, closes.
*/

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/http/detail/byte_stream.hpp>
#include <httphooks/server_counters.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/detail/buffers.hpp>
#include <httphooks/websocket/detail/loop.hpp>
#include <httphooks/websocket/frame.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <any>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket::detail {

/// What the connections of one server or client share.
struct channel_settings {
    connection_options options{};
    events handlers{};
    role self = role::server;
    /// What is counted; null: nothing.
    std::shared_ptr<server_counters> counters{};
    /// Whether the connections are what the counters count as sessions.
    bool counts_sessions = false;
};

/** A connection.

    It lives while its stream is open, then as long as there are handles. Whatever comes in is read
    to the thread's buffer; all messages in it are handed on, and what they cause to be sent leaves
    in one write. An idle connection holds no buffer.
*/
class channel final : public http::detail::byte_stream_owner,
                      public loop_member,
                      public std::enable_shared_from_this<channel> {
public:
    using ticket_ptr = std::unique_ptr<http::detail::connection_ticket>;

    channel(std::shared_ptr<channel_settings const> settings,
            std::shared_ptr<http::detail::byte_stream> stream)
        : settings_(std::move(settings)),
          stream_(std::move(stream)),
          backlog_(settings_->counters.get()) {}

    /** Opens the connection, on its executor.
        @param handshake what the open handler is told
        @param output to be written before anything else
        @param input what was read already */
    void start(request const& handshake, std::string output, std::string input, ticket_ptr ticket);

    bool send(opcode op, std::string_view payload);
    bool send(prepared_message const& m);
    template <class Write>
    bool send_with(opcode op, std::size_t expected, Write& write);
    void close(close_code code, std::string_view reason);
    void close_behind(std::string_view text, close_code code, std::string_view reason);
    void terminate();
    void pause() noexcept { paused_ = true; }
    void resume();
    /// Until present() nobody has the connection: no message is handed on, whatever resume() says.
    void hold_back() noexcept { held_back_ = true; }
    void present();

    bool is_open() const noexcept { return current() == state::open; }
    std::size_t buffered() const noexcept { return waiting() + stream_->unsent(); }
    http::detail::byte_stream const& stream() const noexcept { return *stream_; }
    channel_settings const* settings() const noexcept { return settings_.get(); }

    std::any data{};
    std::unique_ptr<std::string const> subprotocol{};
    asio::ip::tcp::endpoint peer{};
    bool tls = false;

    // for frame_reader
    bool on_message(opcode op, std::string_view bytes);
    bool on_ping(std::string_view payload);
    bool on_pong(std::string_view) { return true; }
    bool on_close(close_code code, std::string_view reason);

private:
    enum class state : std::uint8_t {
        open,
        /// Nothing can be written any more; what the other side has sent is still handed on.
        mute,
        /// This side has sent its close frame and waits for the other's.
        closing,
        /// Nothing but what waits is written, then the stream is ended.
        ending,
        /// FIN is sent, or waited for.
        ended,
        closed,
    };

    class here_scope;
    /// While it lives, the channel's handlers may run, and what is sent is kept together.
    class event;

    static constexpr std::size_t flush_at = 64 * 1024;
    static constexpr std::size_t most_unsent = 64 * 1024;
    static constexpr std::size_t most_held = 64 * 1024;

    void on_readable(error_code ec) override;
    void on_progress() override { progress_ = loop_->now(); }
    void on_written(error_code ec) override;
    void on_ended() override;
    void on_tick() override;
    void abandon() noexcept override;
    void sever() noexcept override;
    std::shared_ptr<loop_member> keep() noexcept override { return weak_from_this().lock(); }

    state current() const noexcept { return state_.load(std::memory_order_relaxed); }
    void enter(state s) noexcept { state_.store(s, std::memory_order_relaxed); }
    bool receiving() const noexcept { return current() <= state::closing; }
    bool handing_on() const noexcept { return current() <= state::mute; }
    bool here() const noexcept { return running_ == this || stream_->running_here(); }
    mask_key next_key() const {
        return self() == role::client ? httphooks::detail::random_bits::next() : 0;
    }
    role self() const noexcept { return settings_->self; }
    connection_options const& options() const noexcept { return settings_->options; }
    events const& handlers() const noexcept { return settings_->handlers; }

    bool may_parse() const noexcept {
        // nothing is handed on while closing
        return receiving() && !(holds() && handing_on()) && buffered() < most_unsent;
    }
    bool holds() const noexcept { return paused_ || held_back_; }
    void process(char* bytes, std::size_t n);
    void settle();
    void flush();
    void schedule();
    void settle_soon();
    void run_scheduled();
    template <class Function>
    void post(Function f);
    template <class Function>
    void post_send(Function f);

    /// Bytes that the stream was not given yet.
    std::size_t waiting() const noexcept { return out_.size() + (shared_ ? shared_->size() : 0); }
    /// Those of all that wait which count: what was sent while others waited.
    std::size_t backlog() const noexcept { return std::min(behind_, buffered()); }
    bool has_room(std::size_t n);
    bool begin_output(std::size_t n);
    void prepare_output();
    void flush_shared();
    void append_close_frame(close_code code, std::string_view reason);
    void fail(close_code code);
    void fall_mute();
    void lose();
    void tell_closed(close_reason const& why) noexcept;
    void shut(bool reset) noexcept;
    void uncount() noexcept;
    template <class Handler, class... Args>
    void call(Handler const& handler, Args const&... args) noexcept;

    void set_deadline();
    void tick();
    void tick_pings(loop::tick now);

    static inline constinit thread_local channel* running_ = nullptr;

    std::shared_ptr<channel_settings const> settings_;
    std::shared_ptr<http::detail::byte_stream> stream_;
    server_counters::backlog backlog_;
    /// While the connection is not closed; its context keeps it.
    loop* loop_ = nullptr;
    ticket_ptr ticket_{};
    event* event_ = nullptr;
    frame_reader reader_{};
    std::string out_{};
    /// A frame that others send too, to be written when there is nothing else; out_ is empty then.
    std::shared_ptr<std::string const> shared_{};
    /// Input that is not parsed: the beginning of a frame, or what came while paused.
    lazy_string held_{};
    loop::tick last_input_ = 0;
    loop::tick pinged_at_ = 0;
    /// When the next ping is due, with connection_options::ping_always.
    loop::tick ping_at_ = 0;
    loop::tick progress_ = 0;
    loop::tick close_by_ = 0;
    /// Of the bytes that wait, those that were sent while others waited; or more.
    std::size_t behind_ = 0;
    std::atomic<state> state_{state::open};
    bool writing_ = false;
    /// What waits was all sent in this turn.
    bool fresh_ = false;
    /// The application waits for events::drain.
    bool full_ = false;
    bool scheduled_ = false;
    bool paused_ = false;
    bool held_back_ = false;
    /// Parsing stopped although there may be whole frames.
    bool stopped_ = false;
    /// Nothing more comes: the end is behind what is not parsed.
    bool input_ended_ = false;
    bool pinged_ = false;
    bool told_ = false;
    bool overflowed_ = false;
    bool write_failed_ = false;
    bool cut_ = false;
};

// ---------------------------------------------------------------------------------------------
// How a channel ends is in channel_end.hpp.

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

inline void channel::start(request const& handshake, std::string output, std::string input,
                           ticket_ptr ticket) {
    ticket_ = std::move(ticket);
    if (ticket_) ticket_->watch(weak_from_this());
    stream_->open(shared_from_this());
    loop_ = loop::of(stream_->context()).get();
    if (settings_->counts_sessions) settings_->counters->open_session();
    loop_->enter(*this, stream_->get_executor());
    last_input_ = loop_->now();
    ping_at_ = last_input_ + timer_wheel::ticks(options().ping_interval);
    event const e(*this);
    out_ = std::move(output);
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

inline void channel::on_readable(error_code ec) {
    if (!receiving()) return;
    event const e(*this);
    read_buffer buffer;
    bool const parse = may_parse() && !stopped_;
    std::size_t const held = parse ? held_.view().copy(buffer.data(), frame_reader::most_left) : 0;
    std::size_t n = 0;
    if (!ec) n = stream_->read_some(buffer.data() + held, read_buffer::size - held, ec);
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
    } catch (std::exception const&) {
        cut_ = true;
        return;
    }
    if (reader_.failure() != close_code::none) {
        if (settings_->counters) settings_->counters->refuse(to_string(reader_.failure()));
        fail(reader_.failure());
    } else if (used < n && receiving()) {
        held_.append(bytes + used, n - used);
    } else {
        stopped_ = false;
    }
}

inline bool channel::on_message(opcode op, std::string_view bytes) {
    if (handing_on()) call(handlers().message, message{bytes, op == opcode::binary});
    if (out_.size() >= flush_at) flush();
    stopped_ = !may_parse();
    return !stopped_;
}

inline bool channel::on_ping(std::string_view payload) {
    if (current() == state::open) {
        prepare_output();
        append_frame(out_, self(), opcode::pong, payload, next_key());
    }
    if (out_.size() >= flush_at) flush();
    stopped_ = !may_parse();
    return !stopped_;
}

inline bool channel::on_close(close_code code, std::string_view reason) {
    if (current() == state::open)
        append_close_frame(code == close_code::no_status ? close_code::none : code, {});
    enter(state::ending);
    tell_closed({code, reason, true});
    return false;
}

// sending -------------------------------------------------------------------------------------

/** Sees to room for a frame of `n` bytes.

    What is sent in one turn, when nothing waited before it, is no backlog, whatever its size: the
    limit is for what is sent while the other side does not take what it was given.
    @return whether it may be sent */
inline bool channel::has_room(std::size_t n) {
    if (!is_open() || overflowed_) return false;
    if (!writing_) fresh_ = true;
    if (fresh_) {
        behind_ = 0;
        if (buffered() + n > options().output_limit) flush();
        return true;
    }
    std::size_t const waits = backlog();
    bool const full = waits != 0 && waits + n > options().output_limit;
    if (full && options().on_overflow != overflow::tell) {
        if (settings_->counters) settings_->counters->drop();
        if (options().on_overflow == overflow::close) {
            overflowed_ = true;
            settle_soon();
        }
        return false;
    }
    behind_ += n;
    if (full)
        post([](channel& c) {
            if (c.is_open()) c.call(c.handlers().overflow);
        });
    return true;
}

/// Before bytes are appended to the output.
inline void channel::prepare_output() {
    if (out_.capacity() <= std::string().capacity()) output_buffers::take(out_);
    if (auto const first = std::exchange(shared_, nullptr)) out_ = *first;
}

/// Prepares for a frame with `n` bytes of payload. @return whether it may be sent
inline bool channel::begin_output(std::size_t n) {
    if (!has_room(header_size(self(), n) + n)) return false;
    prepare_output();
    return true;
}

template <class Write>
bool channel::send_with(opcode op, std::size_t expected, Write& write) {
    if (!begin_output(expected)) return false;
    frame_builder frame(out_, self(), expected);
    try {
        write(out_);
    } catch (...) {
        frame.discard();
        throw;
    }
    frame.finish(op, next_key());
    schedule();
    return true;
}

inline bool channel::send(opcode op, std::string_view payload) {
    if (!is_open()) return false;
    if (here()) {
        if (!begin_output(payload.size())) return false;
        append_frame(out_, self(), op, payload, next_key());
        schedule();
        return true;
    }
    post_send([op, copy = std::string(payload)](channel& c) { c.send(op, copy); });
    return true;
}

inline bool channel::send(prepared_message const& m) {
    if (!is_open()) return false;
    if (here()) {
        if (!has_room(m.bytes().size())) return false;
        if (waiting() == 0) {
            shared_ = m.bytes_;
        } else {
            prepare_output();
            out_ += m.bytes();
        }
        schedule();
        return true;
    }
    post_send([m](channel& c) { c.send(m); });
    return true;
}

/// Has what was sent outside of the connection's own events written soon.
inline void channel::schedule() {
    if (!writing_) return settle_soon();
    if (buffered() >= most_unsent) full_ = true;
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

/// Writes the shared frame; what does not go out at once becomes output of the connection's own.
inline void channel::flush_shared() {
    auto const frame = std::exchange(shared_, nullptr);
    error_code ec;
    std::size_t const sent = stream_->write_some(*frame, ec);
    if (ec)
        write_failed_ = true;
    else if (sent < frame->size())
        out_.assign(*frame, sent);
}

inline void channel::flush() {
    if (writing_ || write_failed_) return;
    if (shared_) flush_shared();
    if (write_failed_ || out_.empty()) return;
    error_code ec;
    if (!stream_->write(out_, ec)) {
        writing_ = true;
        if (buffered() >= most_unsent) full_ = true;
        progress_ = loop_->now();
        set_deadline();
    } else if (ec) {
        write_failed_ = true;
    }
}

inline void channel::on_written(error_code ec) {
    if (current() == state::closed) return;
    event const e(*this);
    writing_ = false;
    if (ec) {
        write_failed_ = true;
        return;
    }
    flush();
    if (!writing_ && std::exchange(full_, false) && is_open()) call(handlers().drain);
}

/// The end of an event: writes, and decides what comes next.
inline void channel::settle() {
    for (;;) {
        if (current() == state::closed) return;
        if (cut_) return lose();
        if (overflowed_ && is_open()) fail(close_code::policy_violation);
        flush();
        if (write_failed_) {
            if (!receiving()) return lose();
            fall_mute();
        }
        if (input_ended_ && !stopped_ && receiving()) return lose();
        if (!stopped_ || !may_parse()) break;
        std::string input = held_.take();
        process(input.data(), input.size());
        httphooks::detail::give_string(std::move(input));
    }
    fresh_ = false;
    if (!writing_) output_buffers::give(out_);
    backlog_.set(writing_ ? buffered() : 0);
    if (receiving()) {
        bool const room = buffered() < most_unsent && held_.size() < most_held;
        if (!input_ended_ && (may_parse() || (holds() && room))) stream_->wait_readable();
    } else if (current() == state::ending && !writing_) {
        enter(state::ended);
        stream_->end(self() == role::server);
        set_deadline();
    }
}

inline void channel::resume() {
    paused_ = false;
    settle_soon();
}

inline void channel::present() {
    held_back_ = false;
    settle_soon();
}

}  // namespace httphooks::websocket::detail

#include <httphooks/websocket/detail/channel_end.hpp>
#include <httphooks/websocket/detail/connection_calls.hpp>
