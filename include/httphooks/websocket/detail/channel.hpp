// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is behind a WebSocket connection's handles: reads, calls the application, writes, closes.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/body_budget.hpp>
#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/http/detail/byte_stream.hpp>
#include <httphooks/websocket/close_code.hpp>
#include <httphooks/websocket/connection_options.hpp>
#include <httphooks/websocket/detail/channel_output.hpp>
#include <httphooks/websocket/detail/channel_settings.hpp>
#include <httphooks/websocket/detail/loop.hpp>
#include <httphooks/websocket/detail/message_room.hpp>
#include <httphooks/websocket/events.hpp>
#include <httphooks/websocket/frame.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <any>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket {

class message_codec;
class prepared_message;

}  // namespace httphooks::websocket

namespace httphooks::websocket::detail {

/** A connection.

    It lives while its stream is open, then as long as there are handles. Whatever comes in is read
    to the thread's buffer; all messages in it are handed on, and what they cause to be sent leaves
    in one write. An idle connection holds no buffer.
*/
class channel final : public http::detail::byte_stream_owner,
                      public loop_member,
                      public std::enable_shared_from_this<channel>,
                      private httphooks::detail::body_reader {
public:
    using ticket_ptr = std::unique_ptr<http::detail::connection_ticket>;

    channel(std::shared_ptr<channel_settings const> settings,
            std::shared_ptr<http::detail::byte_stream> stream);
    HTTPHOOKS_DECL ~channel() override;

    /** Opens the connection, on its executor.
        @param handshake what the open handler is told
        @param output to be written before anything else
        @param input what was read already */
    void start(request const& handshake, std::string output, std::string input, ticket_ptr ticket);

    bool send(opcode op, std::string_view payload, bool compress = true);
    bool send(prepared_message const& m);
    bool send_with(opcode op, std::size_t expected,
                   httphooks::detail::function_ref<void(std::string&)> write, bool compress);
    void close(close_code code, std::string_view reason);
    void close_behind(std::string_view text, close_code code, std::string_view reason);
    void terminate();
    void expect_drain();
    void pause() noexcept {
        paused_ = true;
        until_gone_ = false;
    }
    void pause_until_gone();
    void resume();
    /// Counts messages that are not whole among the bodies of a server. Before start().
    void share_budget(std::shared_ptr<httphooks::detail::body_budget> budget);
    /// So many bytes are kept of messages that were handed on, and are no use without the next.
    void retain(std::size_t bytes);
    /// Has messages compressed. Before start().
    void compress_by(std::unique_ptr<message_codec> codec) noexcept;
    /// Until present() nobody has the connection: no message is handed on, whatever resume() says.
    void hold_back() noexcept { held_back_ = true; }
    void present();

    bool is_open() const noexcept { return current() == state::open; }
    std::size_t buffered() const noexcept { return output_.buffered(); }
    http::detail::byte_stream const& stream() const noexcept { return *stream_; }
    channel_settings const* settings() const noexcept { return settings_.get(); }

    std::any data{};
    std::unique_ptr<std::string const> subprotocol{};
    asio::ip::tcp::endpoint peer{};
    bool tls = false;

    // for frame_reader
    bool on_message(opcode op, std::string_view bytes);
    bool on_compressed(opcode op, std::string_view bytes);
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

    static constexpr std::size_t most_held = 64 * 1024;
    /// When no message was compressed for so long, nor any read that was, contexts are let go of.
    static constexpr std::chrono::seconds context_rest{10};

    HTTPHOOKS_DECL void on_readable(error_code ec) override;
    void on_progress() override { progress_ = loop_->now(); }
    HTTPHOOKS_DECL void on_written(error_code ec) override;
    HTTPHOOKS_DECL void on_ended() override;
    HTTPHOOKS_DECL void on_tick() override;
    HTTPHOOKS_DECL void abandon() noexcept override;
    HTTPHOOKS_DECL void sever() noexcept override;
    std::shared_ptr<loop_member> keep() noexcept override { return weak_from_this().lock(); }

    state current() const noexcept { return state_.load(std::memory_order_relaxed); }
    void enter(state s) noexcept { state_.store(s, std::memory_order_relaxed); }
    bool receiving() const noexcept { return current() <= state::closing; }
    bool handing_on() const noexcept { return current() <= state::mute; }
    bool here() const noexcept { return running_ == this || stream_->running_here(); }
    role self() const noexcept { return settings_->self; }
    connection_options const& options() const noexcept { return settings_->options; }
    events const& handlers() const noexcept { return settings_->handlers; }

    bool may_parse() const noexcept {
        // nothing is handed on while closing
        return receiving() && !(holds() && handing_on()) &&
               buffered() < channel_output::most_unsent;
    }
    bool holds() const noexcept { return paused_ || held_back_; }
    /// There is room for more of a message that is not whole.
    HTTPHOOKS_DECL void on_room() noexcept override;
    inline void process(char* bytes, std::size_t n);
    inline void settle();
    inline void flush();
    inline void schedule();
    inline void settle_soon();
    inline void run_scheduled();
    template <class Function>
    void post(Function f);
    template <class Function>
    void post_send(Function f);

    inline bool has_room(std::size_t n);
    inline bool has_room_for_frame(std::size_t payload);
    inline void append_close_frame(close_code code, std::string_view reason);
    inline void refuse(close_code code);
    inline void fail(close_code code);
    inline void fall_mute();
    inline void lose();
    inline void tell_closed(close_reason const& why) noexcept;
    inline void shut(bool reset) noexcept;
    inline void uncount() noexcept;
    template <class Handler, class... Args>
    void call(Handler const& handler, Args const&... args) noexcept;

    inline void set_deadline();
    void tick();
    inline void tick_pings(loop::tick now);
    inline bool has_contexts() const noexcept;
    inline bool lacks_room();
    inline void tick_contexts(loop::tick now);

    static inline constinit thread_local channel* running_ = nullptr;

    std::shared_ptr<channel_settings const> settings_;
    std::shared_ptr<http::detail::byte_stream> stream_;
    channel_output output_;
    /// While the connection is not closed; its context keeps it.
    loop* loop_ = nullptr;
    ticket_ptr ticket_{};
    event* event_ = nullptr;
    frame_reader reader_{};
    /// Null: messages are not compressed.
    std::unique_ptr<message_codec> codec_{};
    /// Null: messages that are not whole do not count.
    std::unique_ptr<message_room> room_{};
    /// Input that is not parsed: the beginning of a frame, or what came while paused.
    lazy_string held_{};
    loop::tick last_input_ = 0;
    loop::tick pinged_at_ = 0;
    /// When the next ping is due, with connection_options::ping_always.
    loop::tick ping_at_ = 0;
    loop::tick progress_ = 0;
    loop::tick close_by_ = 0;
    /// When it is looked at whether codec_ was used.
    loop::tick rest_at_ = 0;
    std::atomic<state> state_{state::open};
    bool scheduled_ = false;
    bool paused_ = false;
    /// Who has paused has no use for what is held when the other side has gone.
    bool until_gone_ = false;
    bool held_back_ = false;
    /// Parsing stopped although there may be whole frames.
    bool stopped_ = false;
    /// Nothing more comes: the end is behind what is not parsed.
    bool input_ended_ = false;
    bool pinged_ = false;
    bool told_ = false;
    bool overflowed_ = false;
    bool cut_ = false;
};

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/channel.ipp>
#include <httphooks/websocket/detail/impl/channel_end.ipp>
#endif
