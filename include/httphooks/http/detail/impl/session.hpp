// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How a connection of a server reads, writes, keeps its deadlines, and is lent to mounts.
*/

#include <httphooks/http/detail/session.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/http/detail/stream.hpp>
#include <httphooks/http/detail/stream_connection.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/system/errc.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http::detail {

template <class Stream>
session<Stream>::session(std::shared_ptr<session_loop> loop, Stream stream,
                         std::unique_ptr<connection_ticket> ticket,
                         asio::ip::tcp::endpoint const& peer)
    : loop_(std::move(loop)),
      stream_(std::move(stream)),
      ticket_(std::move(ticket)),
      waiting_(&loop_->counters()),
      dropped_(loop_->dropped()),
      peer_(peer) {
    make_non_blocking(stream_);
}

template <class Stream>
void session<Stream>::start(std::shared_ptr<session_loop> loop, Stream stream,
                            std::unique_ptr<connection_ticket> ticket,
                            asio::ip::tcp::endpoint const& peer) {
    pointer const s(new session(std::move(loop), std::move(stream), std::move(ticket), peer));
    s->loop_->enter(*s);
    s->attempt([&s] {
        if constexpr (by_handshake)
            s->shake_hands();
        else
            s->settle(true);
    });
}

template <class Stream>
void session<Stream>::refuse(std::shared_ptr<session_loop> loop, Stream stream,
                             std::unique_ptr<connection_ticket> ticket) {
    pointer const s(new session(std::move(loop), std::move(stream), std::move(ticket), {}));
    s->loop_->enter(*s);
    s->attempt([&s] {
        if constexpr (by_handshake) {
            s->close(false);  // a reply would need the handshake, which is what costs
        } else {
            s->work().refuse_connection();
            bool const written = s->flush();
            if (s->phase_ == phase::serving) s->settle(written);
        }
    });
}

template <class Stream>
void session<Stream>::attempt(httphooks::detail::function_ref<void()> f) noexcept {
    try {
        return f();
    } catch (...) {  // one request pays for it
    }
    try {
        fail();
    } catch (...) {
        close(true);
    }
}

template <class Stream>
void session<Stream>::fail() {
    if (phase_ != phase::serving || !work_) return close(true);
    work_->fail();
    work_->collect();
    bool const written = flush();
    if (phase_ == phase::serving) settle(written);
}

template <class Stream>
dispatch& session<Stream>::work() {
    if (!work_) {
        work_ = loop_->take_dispatch();
        work_->open(*this, peer_, by_handshake, sends_files);
    }
    return *work_;
}

template <class Stream>
void session<Stream>::drop_work() noexcept {
    if (work_) loop_->give_dispatch(std::move(work_));
}

template <class Stream>
void session<Stream>::shake_hands() {
    if constexpr (by_handshake) {
        phase_ = phase::handshake;
        loop_->deadline(
            *this, loop_->wheel().now() + timer_wheel::ticks(loop_->options().handshake_timeout));
        stream_.async_handshake(Stream::server, then(&session::on_handshake));
    }
}

template <class Stream>
void session<Stream>::on_handshake(error_code ec, std::size_t) {
    if (phase_ != phase::handshake) return;
    if (ec) return close(false);
    phase_ = phase::serving;
    settle(true);
}

// reading -------------------------------------------------------------------------------------

template <class Stream>
void session<Stream>::wait_input() {
    if (reading_) return;
    reading_ = true;
    if constexpr (by_readiness) {
        stream_.async_wait(asio::socket_base::wait_read, then(&session::on_readable));
    } else {
        if (!own_.input) own_.input = std::make_unique<std::array<char, own_buffer>>();
        stream_.async_read_some(asio::buffer(*own_.input), then(&session::on_readable));
    }
}

/// How much may be read at once, of up to `most` bytes.
template <class Stream>
std::size_t session<Stream>::room(std::size_t most) {
    if (work_) return work_->room(most);
    auto const* const bodies = loop_->bodies();
    return bodies ? bodies->read_size(most) : most;
}

template <class Stream>
void session<Stream>::on_readable(error_code ec, std::size_t n) {
    reading_ = false;
    if (phase_ != phase::serving) return;
    if (ec) return on_input(ec, {});
    if constexpr (by_readiness) {
        auto& buffer = loop_->read_buffer();
        n = stream_.read_some(asio::mutable_buffer(buffer.data(), room(buffer.size())), ec);
        if (not_now(ec)) return settle(!writing_);
        on_input(ec, {buffer.data(), n});
    } else {
        on_input({}, {own_.input->data(), n});
    }
}

template <class Stream>
void session<Stream>::on_input(error_code ec, std::string_view bytes) {
    if (phase_ != phase::serving) return;
    if (!ec) return serve(bytes);
    if (ec == asio::error::operation_aborted) return settle(!writing_);
    if (!ends_input<Stream>(ec)) return close(false);
    input_ended_ = true;
    if (work_ && work_->streaming()) {
        if constexpr (by_handshake) return close(false);  // nothing would tell of its going
        work_->probe();
    }
    serve({});
}

template <class Stream>
void session<Stream>::on_output() noexcept {
    pointer const keep(this);
    attempt([this] { serve({}); });
}

/// When all of a stream's chunks are written, everything else is as the last settle() has left it.
template <class Stream>
void session<Stream>::on_stream() noexcept {
    pointer const keep(this);
    attempt([this] {
        bool const settled = phase_ == phase::serving && !writing_ && (reading_ || watching_);
        if (!settled || !write_chunks()) serve({});
    });
}

template <class Stream>
void session<Stream>::serve(std::string_view fresh) {
    if (phase_ != phase::serving) return;
    if (!work_ && fresh.empty()) return settle(true);
    dispatch& d = work();
    std::string& held = d.held();
    bool const from_held = !held.empty();
    if (from_held) held.append(fresh);
    std::string_view input = from_held ? std::string_view(held) : fresh;
    bool written = false;
    for (;;) {
        bool const could = d.can_consume();
        std::size_t const n = d.consume(input);
        input.remove_prefix(n);
        d.collect();
        written = flush();
        if (phase_ != phase::serving) return;
        if (input.empty() || !d.can_consume() || (could && n == 0)) break;
    }
    if (from_held)
        held.erase(0, held.size() - input.size());
    else if (!input.empty())
        held.assign(input);
    if (input_ended_ && d.can_consume()) d.end_of_input();
    settle(written);
}

/// Decides what comes next, when everything that could be done is done.
template <class Stream>
void session<Stream>::settle(bool written) {
    bool wants_input = !input_ended_;
    if (input_ended_ && work_ && loop_->options().cancel_on_half_close && work_->awaits_hooks())
        return close(false);
    if (work_) {
        if (written && !work_->in_flight()) {
            if (work_->has_mount()) return hand_over();
            if (work_->closing()) return work_->broken() ? close(true) : say_farewell();
            if (work_->idle()) drop_work();
        }
        wants_input = wants_input && (!work_ || work_->can_consume());
    }
    if (!work_ && (input_ended_ || loop_->draining())) return say_farewell();
    bool const full = wants_input && work_ && work_->lacks_room();
    if (!full && (wants_input || awaits_end()))
        wait_input();
    else
        watch_errors();
    if (written && work_ && work_->streaming()) work_->slim();
    set_deadline();
}

/// Whether only the client's end is waited for, while a stream is being written; what comes instead
/// is kept, once.
template <class Stream>
bool session<Stream>::awaits_end() const noexcept {
    return work_ && work_->streaming() && !input_ended_ && work_->held().empty();
}

/// While no input is wanted, a reset is noticed all the same.
template <class Stream>
void session<Stream>::watch_errors() {
    if constexpr (by_readiness) {
        if (watching_ || reading_ || writing_) return;
        watching_ = true;
        stream_.async_wait(asio::socket_base::wait_error, then(&session::on_error));
    }
}

template <class Stream>
void session<Stream>::on_error(error_code ec, std::size_t) {
    watching_ = false;
    if (phase_ != phase::serving) return;
    if (ec)
        settle(!writing_);
    else
        close(false);
}

// writing -------------------------------------------------------------------------------------

/// Writes what it can. @return whether everything is written
template <class Stream>
bool session<Stream>::flush() {
    if (writing_) return false;
    for (;;) {
        std::string& output = work_->output();
        if (output.empty()) {
            if constexpr (sends_files)
                if (work_->file_due()) [[unlikely]] {
                    if (!send_due_file()) return false;
                    continue;
                }
            waiting_.set(0);
            return true;
        }
        if constexpr (by_readiness) {
            error_code ec;
            std::size_t const n = stream_.write_some(
                asio::const_buffer(output.data() + sent_, output.size() - sent_), ec);
            if (ec && !not_now(ec)) {
                close(false);
                return false;
            }
            if (!ec) sent_ += n;
            if (sent_ < output.size()) {
                wait_writable();
                return false;
            }
            sent_ = 0;
            output.clear();
            work_->collect();
        } else {
            own_.sending.swap(output);
            output.clear();
            sent_ = 0;
            wait_writable();
            return false;
        }
    }
}

/// Writes what a stream has as chunks already. @return whether there is nothing else to be done
template <class Stream>
bool session<Stream>::write_chunks() {
    if constexpr (by_readiness) {
        for (std::string_view c = work_->chunk(); !c.empty(); c = work_->chunk()) {
            error_code ec;
            std::size_t const n = stream_.write_some(asio::const_buffer(c.data(), c.size()), ec);
            if (ec && !not_now(ec)) {
                close(false);
                return true;
            }
            try {
                work_->chunk_taken(ec ? 0 : n);
            } catch (std::exception const&) {  // a part of a chunk cannot be taken back
                close(true);
                return true;
            }
        }
        work_->collect();
        return work_->streaming() && work_->output().empty();
    } else {
        return false;
    }
}

/// Sends what it can of a file. @return whether that was all, or it is to be read
template <class Stream>
bool session<Stream>::send_due_file() {
    constexpr std::uint64_t most = 2 * 1024 * 1024;  // then others have their turn
    dispatch::file_part const part = work_->due_file();
    error_code ec;
    std::size_t const n =
        send_file(stream_.native_handle(), part.descriptor, part.at,
                  static_cast<std::size_t>(part.size < most ? part.size : most), ec);
    if (ec == boost::system::errc::not_supported) {
        work_->read_file();
    } else if (ec && !not_now(ec)) {
        close(false);
        return false;
    } else if (!ec) {
        work_->sent(n);
    }
    if (work_->file_due()) {
        wait_writable();
        return false;
    }
    work_->collect();
    return true;
}

template <class Stream>
void session<Stream>::wait_writable() {
    writing_ = true;
    progress_ = loop_->wheel().now();
    if constexpr (by_readiness) {
        waiting_.set(work_->output().size() - sent_);
        stream_.async_wait(asio::socket_base::wait_write, then(&session::on_written));
    } else {
        waiting_.set(own_.sending.size() - sent_);
        stream_.async_write_some(
            asio::const_buffer(own_.sending.data() + sent_, own_.sending.size() - sent_),
            then(&session::on_written));
    }
}

template <class Stream>
void session<Stream>::on_written(error_code ec, std::size_t n) {
    writing_ = false;
    if (phase_ != phase::serving) return;
    if (ec) return close(false);
    if constexpr (!by_readiness) {
        sent_ += n;
        if (sent_ < own_.sending.size()) {
            wait_writable();
            return set_deadline();
        }
        own_.sending.clear();
        sent_ = 0;
    } else if (error_code error; sent_ > 0 && sent_ < work_->output().size()) {
        // one attempt, so that progress is told from none
        std::string const& output = work_->output();
        std::size_t const more = stream_.write_some(
            asio::const_buffer(output.data() + sent_, output.size() - sent_), error);
        if (error && !not_now(error)) return close(false);
        if (!error) sent_ += more;
    }
    serve({});
}

// deadlines -----------------------------------------------------------------------------------

template <class Stream>
void session<Stream>::set_deadline() {
    http::options const& o = loop_->options();
    std::optional<timer_wheel::tick> next;
    auto const add = [&next](timer_wheel::tick t) {
        if (!next || static_cast<std::int32_t>(t - *next) < 0) next = t;
    };
    if (writing_) add(progress_ + timer_wheel::ticks(o.write_timeout));
    if (work_)
        if (auto const t = work_->deadline()) add(*t);
    if (!next && work_ && (work_->streaming() || work_->paused()))
        return loop_->wheel().cancel(*this);
    if (!next) add(loop_->wheel().now() + timer_wheel::ticks(o.idle_timeout));
    loop_->deadline(*this, *next);
}

template <class Stream>
void session<Stream>::on_deadline() {
    attempt([this] { meet_deadline(); });
}

template <class Stream>
void session<Stream>::meet_deadline() {
    // what the system still sends of the last reply is not taken back
    if (phase_ != phase::serving) return close(false);
    auto const reached = [now = loop_->wheel().now()](timer_wheel::tick t) {
        return static_cast<std::int32_t>(now - t) >= 0;
    };
    if (writing_ && reached(progress_ + timer_wheel::ticks(loop_->options().write_timeout)))
        return close(true);
    if (!work_) return say_farewell();
    if (auto const next = work_->deadline(); next && reached(*next)) {
        work_->on_deadline();
        serve({});
    } else if (!next && !writing_) {
        say_farewell();
    } else {
        set_deadline();
    }
}

template <class Stream>
void session<Stream>::drain() {
    attempt([this] {
        if (phase_ == phase::handshake) return close(false);
        if (phase_ != phase::serving) return;
        if (!work_) return say_farewell();
        work_->drain();
        serve({});
    });
}

template <class Stream>
std::size_t session<Stream>::cut() {
    std::size_t const lost = work_ ? work_->in_flight_count() : 0;
    close(true);
    return lost;
}

// mounts --------------------------------------------------------------------------------------

template <class Stream>
void session<Stream>::hand_over() {
    if (reading_ || watching_) {
        // what waits on the stream ends first; that comes back here through settle()
        error_code ec;
        lowest(stream_).cancel(ec);
        return;
    }
    pointer const keep(this);
    dispatch::mount_request asked = work_->take_mount();
    using core_type = stream_connection<Stream>;
    auto core = std::allocate_shared<core_type>(httphooks::detail::recycling_allocator<core_type>(),
                                                std::move(stream_), peer_);
    core->peer = asked.client;
    core->tls = asked.tls;
    core->proxied = asked.proxied;
    core->input = std::move(work_->held());
    core->input_ended = input_ended_;
    core->server_name = loop_->options().server_name;
    core->reply_line = std::move(asked.reply_line);
    core->write_timeout = loop_->options().write_timeout;
    if (auto const& bodies = loop_->shared_bodies()) [[unlikely]] {
        core->bodies = bodies;
        core->claim = std::move(asked.claim);
    }
    core->ticket = std::make_unique<guest_ticket>(loop_, core, std::move(ticket_));
    phase_ = phase::closed;
    drop_work();
    own_ = {};
    loop_->leave(*this);

    connection c(std::move(core));
    c.begin(asked.message);
    if (!asked.keep_alive) c.close_after_reply();
    asked.mount->serve(std::move(c), std::move(asked.message),
                       [loop = loop_](error_code, std::optional<connection> back) mutable {
                           if (back && back->core()) give_back(std::move(loop), std::move(*back));
                       });
}

/// A connection on its way back from a mount, from any thread.
template <class Stream>
void session<Stream>::give_back(std::shared_ptr<session_loop> loop, connection c) {
    if (c.core()->stream_type() != typeid(Stream)) return;
    auto back = std::make_shared<guest>(guest{std::move(loop), std::move(c)});
    auto const& core = back->client.core();
    core->settle([](std::shared_ptr<void> const& p) { take_back(*static_cast<guest*>(p.get())); },
                 back);
}

template <class Stream>
void session<Stream>::take_back(guest& g) {
    connection_core& core = *g.client.core();
    if (!core.is_open()) return;
    std::string const input = std::move(core.input);
    pointer const s(new session(g.loop, std::move(*static_cast<Stream*>(core.stream())),
                                guest_ticket::place(core.ticket.get()), core.stream_peer));
    s->input_ended_ = core.input_ended;
    s->replied_ = true;
    bool const reusable = core.reusable && !g.loop->draining();
    g.loop->enter(*s);
    s->attempt([&] {
        if (reusable)
            s->serve(input);
        else
            s->say_farewell();
    });
}

}  // namespace httphooks::http::detail
