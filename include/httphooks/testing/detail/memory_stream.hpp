// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A stream without a network: the test is the client, and says which operation fails.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::testing::detail {

/// The server's end of a connection. Copies are not made; the client's end is a memory_client.
class memory_stream;

/// The client's end: what the test sends, and what it has got.
class memory_client {
public:
    void send(std::string_view bytes);
    /// Sends FIN.
    void finish();
    /// Resets the connection.
    void reset();
    /// Takes nothing any more: what the server writes fails, what was sent can still be read.
    void refuse();
    /// How many bytes the server may write before it has to wait.
    void window(std::size_t bytes);
    /// The nth operation of the server, from 0, and all after it fail.
    void fail_at(std::size_t step);

    std::string& received() { return state_->output; }
    /// Whether the server has sent FIN or closed.
    bool ended() const { return state_->shut || !state_->open; }
    bool closed() const { return !state_->open; }
    std::size_t steps() const { return state_->steps; }
    /// Sets what is called when the server has written, or ended; never within its calls.
    void on_change(std::function<void()> f) { state_->changed = std::move(f); }
    /// Whether it is one: a stream was made with it.
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    friend class memory_stream;
    using handler = asio::any_completion_handler<void(error_code, std::size_t)>;

    struct state : std::enable_shared_from_this<state> {
        explicit state(asio::io_context& c) : context(c) {}

        asio::io_context& context;
        std::string input{};
        std::string output{};
        std::size_t window = static_cast<std::size_t>(-1);
        std::size_t steps = 0;
        std::size_t failing = static_cast<std::size_t>(-1);
        bool finished = false;
        bool was_reset = false;
        bool refuses = false;
        bool shut = false;
        bool open = true;
        handler reader{};
        asio::cancellation_slot stop_reading{};
        asio::mutable_buffer into{};
        handler writer{};
        asio::const_buffer from{};
        std::function<void()> changed{};
        bool telling = false;

        bool fails() { return steps++ >= failing; }
        void finish(handler& h, error_code ec, std::size_t n);
        void finish_read(error_code ec, std::size_t n);
        void go_on();
        void stop();
        void tell();
    };

    std::shared_ptr<state> state_;
};

class memory_stream {
public:
    using executor_type = asio::io_context::executor_type;

    memory_stream(asio::io_context& context, memory_client& client)
        : state_(std::make_shared<memory_client::state>(context)) {
        client.state_ = state_;
    }
    memory_stream(memory_stream&&) = default;
    memory_stream& operator=(memory_stream&&) = default;
    ~memory_stream() {
        error_code ec;
        close(ec);
    }

    executor_type get_executor() noexcept { return state_->context.get_executor(); }
    bool is_open() const noexcept { return state_ && state_->open; }

    template <class Token>
    auto async_read_some(asio::mutable_buffer into, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [s = state_](auto h, asio::mutable_buffer b) {
                s->stop_reading = asio::get_associated_cancellation_slot(h);
                if (s->stop_reading.is_connected())
                    s->stop_reading.assign([of = s.get()](asio::cancellation_type) {
                        of->finish_read(asio::error::operation_aborted, 0);
                    });
                memory_client::handler erased(std::move(h));
                s->reader.swap(erased);
                s->into = b;
                if (s->fails()) s->was_reset = true;
                s->go_on();
            },
            token, into);
    }
    template <class Buffers, class Token>
    auto async_write_some(Buffers const& buffers, Token&& token) {
        asio::const_buffer from;
        for (auto it = asio::buffer_sequence_begin(buffers);
             it != asio::buffer_sequence_end(buffers); ++it)
            if (asio::const_buffer const b = *it; from.size() == 0) from = b;
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [s = state_](auto h, asio::const_buffer b) {
                memory_client::handler erased(std::move(h));
                s->writer.swap(erased);
                s->from = b;
                if (s->fails()) s->was_reset = true;
                s->go_on();
            },
            token, from);
    }
    void cancel(error_code&) noexcept { state_->stop(); }
    void shutdown(asio::socket_base::shutdown_type, error_code&) noexcept {
        state_->shut = true;
        state_->tell();
    }
    void close(error_code&) noexcept {
        if (!state_) return;  // moved from
        if (!state_->open) return;
        state_->open = false;
        state_->stop();
        state_->tell();
    }

private:
    std::shared_ptr<memory_client::state> state_;
};

// ---------------------------------------------------------------------------------------------

inline void memory_client::state::finish(handler& h, error_code ec, std::size_t n) {
    handler taken;
    taken.swap(h);
    asio::post(context, asio::append(std::move(taken), ec, n));
}

inline void memory_client::state::finish_read(error_code ec, std::size_t n) {
    if (stop_reading.is_connected()) stop_reading.clear();
    finish(reader, ec, n);
}

inline void memory_client::state::go_on() {
    if (reader) {
        if (was_reset)
            finish_read(asio::error::connection_reset, 0);
        else if (!open)
            finish_read(asio::error::operation_aborted, 0);
        else if (!input.empty()) {
            std::size_t const n = std::min(input.size(), into.size());
            std::copy_n(input.data(), n, static_cast<char*>(into.data()));
            input.erase(0, n);
            finish_read({}, n);
        } else if (finished)
            finish_read(asio::error::eof, 0);
    }
    if (writer) {
        if (was_reset)
            finish(writer, asio::error::connection_reset, 0);
        else if (refuses)
            finish(writer, asio::error::broken_pipe, 0);
        else if (!open)
            finish(writer, asio::error::operation_aborted, 0);
        else if (window > 0 || from.size() == 0) {
            std::size_t const n = std::min(window, from.size());
            output.append(static_cast<char const*>(from.data()), n);
            window -= n;
            finish(writer, {}, n);
            tell();
        }
    }
}

inline void memory_client::state::tell() {
    if (!changed || std::exchange(telling, true)) return;
    asio::post(context, [self = shared_from_this()] {
        self->telling = false;
        if (self->changed) self->changed();
    });
}

inline void memory_client::state::stop() {
    if (reader) finish_read(asio::error::operation_aborted, 0);
    if (writer) finish(writer, asio::error::operation_aborted, 0);
}

inline void memory_client::send(std::string_view bytes) {
    state_->input.append(bytes);
    state_->go_on();
}

inline void memory_client::finish() {
    state_->finished = true;
    state_->go_on();
}

inline void memory_client::reset() {
    state_->was_reset = true;
    state_->go_on();
}

inline void memory_client::refuse() {
    state_->refuses = true;
    state_->go_on();
}

inline void memory_client::window(std::size_t bytes) {
    state_->window = bytes;
    state_->go_on();
}

inline void memory_client::fail_at(std::size_t step) {
    state_->failing = step;
}

}  // namespace httphooks::testing::detail
