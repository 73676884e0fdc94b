// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One connection of a server: reads, has requests dispatched, writes, and keeps the deadlines.
*/

#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/http/connection.hpp>
#include <httphooks/http/detail/connection_ticket.hpp>
#include <httphooks/http/detail/dispatch.hpp>
#include <httphooks/http/detail/dropped_bytes.hpp>
#include <httphooks/http/detail/send_file.hpp>
#include <httphooks/http/detail/session_loop.hpp>
#include <httphooks/http/detail/stream.hpp>

#include <boost/intrusive_ptr.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks::http::detail {

/** One connection.

    A plain socket is waited for without a buffer and read into the loop's; everything that came is
    dispatched before one write takes all replies. Other streams (TLS) read into a buffer of their
    own. While nothing is under way the connection holds neither buffers nor a parser.

    @par Thread safety
    The loop's thread only.
*/
template <class Stream>
class session final : public session_base, private dispatch::listener {
public:
    using pointer = boost::intrusive_ptr<session>;

    /** Begins to serve the stream; it lives until the connection ends.
        @param ticket held until then
        @param peer the address of the other side */
    static void start(std::shared_ptr<session_loop> loop, Stream stream,
                      std::unique_ptr<connection_ticket> ticket,
                      asio::ip::tcp::endpoint const& peer);

    /// As start(), but answers with 503 and closes.
    static void refuse(std::shared_ptr<session_loop> loop, Stream stream,
                       std::unique_ptr<connection_ticket> ticket);

private:
    static constexpr bool by_readiness = readiness_stream<Stream>;
    static constexpr bool by_handshake = handshake_stream<Stream>;
    static constexpr bool sends_files = by_readiness && file_sink<Stream>;
    static constexpr std::size_t own_buffer = 8 * 1024;

    /// What a stream reads into and writes from that cannot say when it is ready.
    struct buffers {
        std::unique_ptr<std::array<char, own_buffer>> input{};
        std::string sending{};
    };
    struct no_buffers {};

    /// A connection that a mount had.
    struct guest {
        std::shared_ptr<session_loop> loop;
        connection client;
    };

    enum class phase : std::uint8_t { handshake, serving, farewell, lingering, closed };

    session(std::shared_ptr<session_loop> loop, Stream stream,
            std::unique_ptr<connection_ticket> ticket, asio::ip::tcp::endpoint const& peer);

    void on_deadline() override;
    void drain() override;
    std::size_t cut() override;
    void on_output() noexcept override;
    void on_stream() noexcept override;

    void shake_hands();
    void on_handshake(error_code ec, std::size_t n);
    void wait_input();
    std::size_t room(std::size_t most);
    void on_readable(error_code ec, std::size_t n);
    void on_input(error_code ec, std::string_view bytes);
    void serve(std::string_view fresh);
    void settle(bool written);
    bool flush();
    bool write_chunks();
    bool send_due_file();
    void wait_writable();
    void on_written(error_code ec, std::size_t n);
    bool awaits_end() const noexcept;
    void watch_errors();
    void on_error(error_code ec, std::size_t n);
    void set_deadline();
    void meet_deadline();
    void hand_over();
    static void give_back(std::shared_ptr<session_loop> loop, connection c);
    static void take_back(guest& g);
    void say_farewell();
    void on_farewell(error_code ec, std::size_t n);
    void linger();
    void on_linger(error_code ec, std::size_t n);
    void close(bool reset) noexcept;

    dispatch& work();
    void drop_work() noexcept;

    /// What the end of an operation calls.
    using step = void (session::*)(error_code, std::size_t);

    /// The completion of every operation on the stream: one type, so that each operation is
    /// compiled once.
    class operation {
    public:
        using allocator_type = httphooks::detail::recycling_allocator<void>;

        operation(session& s, step next) noexcept : session_(&s), next_(next) {}

        allocator_type get_allocator() const noexcept { return {}; }
        void operator()(error_code ec, std::size_t n = 0) {
            session& s = *session_;
            s.attempt([&] { (s.*next_)(ec, n); });
        }

    private:
        pointer session_;
        step next_;
    };

    operation then(step next) noexcept { return operation(*this, next); }

    /// Does something that a lack of memory or the code of a mount may make throw: then what is
    /// being read is answered with 500, behind the replies that are due. The caller keeps the
    /// session.
    void attempt(httphooks::detail::function_ref<void()> f) noexcept;
    void fail();

    std::shared_ptr<session_loop> loop_;
    Stream stream_;
    std::unique_ptr<dispatch> work_{};
    std::unique_ptr<connection_ticket> ticket_;
    [[no_unique_address]] std::conditional_t<by_readiness, no_buffers, buffers> own_{};
    std::size_t sent_ = 0;
    server_counters::backlog waiting_;
    dropped_bytes dropped_;
    asio::ip::tcp::endpoint peer_;
    timer_wheel::tick progress_ = 0;
    phase phase_ = phase::serving;
    bool reading_ = false;
    bool writing_ = false;
    bool watching_ = false;
    bool input_ended_ = false;
    bool replied_ = false;
};

}  // namespace httphooks::http::detail

#include <httphooks/http/detail/impl/session.hpp>
#include <httphooks/http/detail/impl/session_end.hpp>
