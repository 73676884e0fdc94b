// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One connection's requests through the hooks and their replies in order; bytes in, bytes out.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/body_budget.hpp>
#include <httphooks/detail/runs/body_channel.hpp>
#include <httphooks/detail/runs/pipeline.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/http/detail/dropped_bytes.hpp>
#include <httphooks/http/detail/loop.hpp>
#include <httphooks/http/detail/reply_writer.hpp>
#include <httphooks/http/detail/request_parser.hpp>
#include <httphooks/message.hpp>
#include <httphooks/stream_body.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::http::detail {

/** Turns the bytes that a client sends into requests, has the hooks answer them, and turns the
    replies into bytes, in the order of the requests.

    No I/O: consume() takes input, output() is what is to be written, and the listener is told when
    a reply that took its time has come. Time is that of the loop's wheel. Recycled by clear(); an
    idle connection needs none.

    @par Thread safety
    One loop's thread only.
*/
class dispatch final : private reply_sink,
                       private stream_sink,
                       private httphooks::detail::body_feed,
                       private httphooks::detail::body_reader {
public:
    /// The time of the loop's wheel.
    using tick = timer_wheel::tick;

    /// Told of replies that were not ready when consume() returned.
    struct listener {
        /// There may be more output, and room for more requests.
        virtual void on_output() noexcept = 0;
        /// The same of a stream that is being written: there may be a chunk().
        virtual void on_stream() noexcept { on_output(); }

    protected:
        ~listener() = default;
    };

    /// A request that a mount is to serve.
    struct mount_request {
        /// Which one.
        mounted* mount;
        /// The request itself.
        request message;
        /// Whether the connection may serve another one after it.
        bool keep_alive;
        /// Who asks; behind a trusted proxy its client.
        asio::ip::tcp::endpoint client;
        /// Whether the client came by TLS.
        bool tls;
        /// Whether a trusted proxy passed the request on.
        bool proxied;
        /// A field that its replies have, as a line; empty: none.
        std::string reply_line{};
        /// What counts its body among those in memory; null: nothing.
        std::shared_ptr<httphooks::detail::body_claim> claim{};
    };

    /// For connections of a loop, which outlives it.
    explicit dispatch(loop& loop) : loop_(loop) {}
    dispatch(dispatch const&) = delete;
    dispatch& operator=(dispatch const&) = delete;
    ~dispatch() { clear(); }

    /** Begins a connection.
        @param peer the address of the other side; it stays until clear()
        @param sends_files whether who writes sends files that file_due() tells of */
    void open(listener& l, asio::ip::tcp::endpoint const& peer, bool tls,
              bool sends_files = false) noexcept;
    void open(listener& l, asio::ip::tcp::endpoint const&& peer, bool tls,
              bool sends_files = false) = delete;

    /// Cancels what is under way and forgets the connection; keeps memory.
    void clear() noexcept;

    /** Takes input: all requests in it, as far as there is room for them.
        @param input what was not taken before, and what has come since
        @return how many bytes were taken */
    std::size_t consume(std::string_view input);

    /// Moves replies that are ready to the output, and the next piece of a file or a stream.
    void collect() {
        if (in_flight() || continue_due_) collect_ready();
    }

    /// What is to be written; whoever has written it removes it, then calls collect().
    std::string& output() noexcept { return output_; }

    /// A part of a file that is to be sent.
    struct file_part {
        int descriptor;
        /// Where it begins in the file, and how long it is.
        std::uint64_t at;
        std::uint64_t size;
    };
    /// Whether a file is to be sent when the output is written; then sent() or read_file() is due.
    bool file_due() const noexcept { return file_due_; }
    /// What of it.
    file_part due_file() const noexcept;
    /// So much of it was sent; 0: the file has become shorter. Then collect().
    void sent(std::size_t n) noexcept;
    /// It cannot be sent: collect() puts it into the output, bit by bit.
    void read_file() noexcept { file_due_ = false; }

    /// Whether consume() would take input.
    bool can_consume() const noexcept;
    /// Whether no more of a body is to be read, as there is no room for it; the listener is told.
    bool lacks_room() { return loop_.bodies() && room_for_body(1) == 0; }
    /// How many bytes may be read now, of up to `most`.
    std::size_t room(std::size_t most) {
        if (!loop_.bodies()) [[likely]]
            return most;
        std::size_t const n = room_for_body(most);
        return n < httphooks::detail::body_budget::least_read
                   ? std::min(most, httphooks::detail::body_budget::least_read)
                   : n;
    }
    /// Whether nothing is read until there is room.
    bool paused() const noexcept {
        return loop_.bodies() && journey_ && journey_->claim() && journey_->claim()->waits();
    }
    /// Whether a request has begun and is not whole.
    bool partial() const noexcept { return header_begun_ || parsing(); }
    /// Whether there is nothing to be remembered of the connection.
    bool idle() const noexcept {
        return !in_flight() && !partial() && held_.empty() && !has_mount() &&
               !(reader_ && reader_->guard.begun());
    }
    /// Whether replies are due.
    bool in_flight() const noexcept { return queue_.size() > first_ || source_; }
    /// How many replies are due; one whose file is being written does not count.
    std::size_t in_flight_count() const noexcept {
        return queue_.size() - first_ + (streaming() ? 1 : 0);
    }
    /// Whether a stream is being written: it may be silent for long.
    bool streaming() const noexcept {
        return source_ && source_->type() == body_source::kind::stream;
    }
    /// What comes next of a stream, where it can be written from where it is, as nothing is in the
    /// output; nothing: collect() says what there is.
    std::string_view chunk() const noexcept;
    /// So much of it was written; the rest is in the output then.
    void chunk_taken(std::size_t n);
    /// Whether the client would not notice by the end of the connection that something is missing.
    bool broken() const noexcept { return broken_; }
    /** The client sends no more while a stream is being written: has it answer if it has gone.

        The size of a chunk may begin with zeros: one is sent. Who has closed answers with a reset;
        who has only ended its half reads on. */
    void probe();
    /// Gives away memory that is not needed while a stream is silent.
    void slim() noexcept;
    /// Whether hooks are at work.
    bool awaits_hooks() const noexcept;
    /// Whether the connection closes when everything due is written.
    bool closing() const noexcept { return stopped_; }
    /// Whether a mount is to serve the connection, when everything due is written.
    bool has_mount() const noexcept { return reader_ && reader_->mount_request; }
    /// The request that has_mount() told of.
    mount_request take_mount();

    /// Takes no request any more, but the one that has begun; for a server that shuts down.
    void drain() noexcept;
    /// Answers with 503, whatever the client sends.
    void refuse_connection() { answer_refused(status::service_unavailable, {}); }
    /// The client sends no more: a request that is not whole will not be.
    void end_of_input() noexcept;

    /** The next deadline, if there is one. To be asked whenever something has happened: the time in
        which the client could not send what is waited for does not count. */
    std::optional<tick> deadline() noexcept;
    /// Answers for what has taken too long: 408 and close, or 504.
    void on_deadline();
    /// Answers with 500 what is being read, behind the replies that are due, and takes no more: for
    /// an exception that consume(), collect() or on_deadline() have thrown.
    void fail();

    /// Input that consume() left, kept here for the connection.
    std::string& held() noexcept { return held_; }

private:
    /// How much of a file or a stream may be in the output.
    static constexpr std::size_t piece = 64 * 1024;

    struct entry {
        exchange_ptr journey;
        tick begun;
        bool ready;
        bool last;
        bool http10;
        bool head;
        /// The reply when there is no memory for another one.
        std::unique_ptr<response> refusal{};
    };

    /// What reads requests; a connection that does not read has none.
    struct reader {
        explicit reader(loop& l) : guard(l.options().framing), dropped(l.dropped()) {}

        framing_guard guard;
        std::optional<request_parser> parser{};
        mounted* mount = nullptr;
        std::optional<dispatch::mount_request> mount_request{};
        body_end body_ends{};
        dropped_bytes dropped;
    };

    /// What becomes of the body that is to come.
    enum class body_way : std::uint8_t {
        /// It is kept until it is whole; then the hooks run.
        gathered,
        /// Hooks run that do not look at it; it is left where it is.
        unread,
        /// They have passed the request, and it is kept until it is whole.
        wanted,
        /// A hook reads it.
        streamed,
        /// The reply was given without it.
        dropped,
    };

    HTTPHOOKS_DECL void on_reply(exchange& ex) noexcept override;
    HTTPHOOKS_DECL void on_body_wanted(exchange& ex) noexcept override;
    HTTPHOOKS_DECL void on_read() noexcept override;
    HTTPHOOKS_DECL void on_stream() noexcept override;
    HTTPHOOKS_DECL void on_stream_soon() noexcept override;
    HTTPHOOKS_DECL void on_room() noexcept override;
    HTTPHOOKS_DECL void dress(exchange& ex, response& reply) noexcept override;
    inline bool begin_request(std::string_view block, bool body_follows);
    inline void finish_request();
    status decompress(request& r) const;
    void count_refusal(status s) const;
    inline void refuse(status s, std::string_view header = {});
    void answer_refused(status s, std::string_view header);
    inline std::string id_line(request const& r, origin const& from) const;
    inline void write(entry& e);
    inline void append(entry const& e, persistence after);
    inline void append_source(entry const& e, persistence after);
    inline void start_stream(exchange& ex, stream_body& stream);
    inline void leave_request(bool good) noexcept;
    inline void abandon() noexcept;
    inline void stop_reading() noexcept;
    inline void drop_source() noexcept;
    void collect_ready();
    inline void move_ready();
    inline bool write_source();
    inline bool write_file(file_body& file);
    inline bool write_stream(stream_body& stream);
    inline void append_continue();
    inline void await_body();
    inline void end_body(bool good) noexcept;
    inline void begin_before_body();
    void tell_listener() noexcept;
    entry* begun_entry() noexcept;
    static bool writes_on(entry const& e);
    bool takes_body() const noexcept;
    bool count_body(std::size_t taken);
    inline void flush_body();
    bool keeps_body() const noexcept;
    httphooks::detail::body_claim& claim();
    void count_bodies();
    void count_buffered();
    static void count_whole(exchange& ex) noexcept;
    std::size_t room_for_body(std::size_t most);
    void close_claim() noexcept;
    void finish_begun_body();
    void leave_body(entry* e);
    void refuse_begun_body(status s) noexcept;
    void end_begun_body() noexcept;
    void abandon_body() noexcept;
    void forget_body() noexcept;
    inline bool stalls() const noexcept;
    void count_stall() noexcept;
    std::optional<tick> body_deadline() const noexcept;
    bool waits_for_client(entry const& e) const noexcept;
    inline origin origin_of(request const& r) const;
    bool parsing() const noexcept { return reader_ && reader_->parser; }
    timer_wheel& wheel() const noexcept { return loop_.wheel(); }

    loop& loop_;
    listener* listener_ = nullptr;
    asio::ip::tcp::endpoint const* peer_ = nullptr;
    std::unique_ptr<reader> reader_{};
    exchange_ptr journey_{};
    std::vector<entry> queue_{};
    std::size_t first_ = 0;
    std::string output_{};
    std::string held_{};
    /// What the reply that is being written is made of, when it is no text.
    std::shared_ptr<body_source> source_{};
    std::uint64_t file_at_ = 0;
    framing framing_ = framing::length;
    tick begun_ = 0;
    /// How long a hook has waited for the client's body before, and since when it waits now.
    tick waited_ = 0;
    tick wait_begun_ = 0;
    /// Until when it was counted that the client could not send.
    tick stalled_at_ = 0;
    body_way body_way_ = body_way::gathered;
    bool tls_ = false;
    bool trusted_peer_ = false;
    bool header_begun_ = false;
    bool body_awaited_ = false;
    bool continue_due_ = false;
    bool stalled_ = false;
    bool stopped_ = false;
    bool consuming_ = false;
    bool collecting_ = false;
    bool broken_ = false;
    bool sends_files_ = false;
    bool file_due_ = false;
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/dispatch.ipp>
#include <httphooks/http/detail/impl/dispatch_body.ipp>
#include <httphooks/http/detail/impl/dispatch_reply.ipp>
#endif
