// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A connection to one Redis server, opened again and again: who may use it begins with a name and
    a password, and what it says is looked after.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/detail/link_stream.hpp>
#include <httphooks/redis/detail/reply_reader.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/url.hpp>
#include <httphooks/redis/value.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::redis::detail {

/// Who uses a link. Functions may call those of the link, close() too.
class link_owner {
public:
    link_owner(link_owner const&) = delete;
    link_owner& operator=(link_owner const&) = delete;

    /// The server is there, and takes commands.
    virtual void on_up() = 0;
    /// What the server has said to CLUSTER SLOTS, an error if it is none; before on_up().
    virtual void on_slots(value const& slots) = 0;
    /// Whether it has a look at bytes before the sink gets them: take() is called.
    virtual bool takes_bytes() const noexcept { return false; }
    /** Takes replies that are whole, where they are.
        @param bytes begin with a reply
        @param unfinished set when the rest is the beginning of one that it will take
        @return how many bytes it has taken; the reply behind them is for the sink */
    virtual std::size_t take(std::string_view bytes, bool& unfinished) {
        static_cast<void>(bytes);
        static_cast<void>(unfinished);
        return 0;
    }
    /// What takes the replies.
    virtual reply_sink& sink() = 0;
    /// It has one.
    virtual void on_reply() = 0;
    /// What was written has left; more can be.
    virtual void on_room() = 0;
    /// An attempt has failed, or the connection was lost; another attempt follows by itself.
    virtual void on_down(error_code ec) = 0;
    /// Nothing has come for a while. @return whether PING was written, so that something must come
    virtual bool on_silence() = 0;

protected:
    link_owner() = default;
    ~link_owner() = default;
};

/// Reads the URL of options.
/// @throws boost::system::system_error error::invalid_url, operation_not_supported
url address_of(options const& o);

/** All members on its executor, which runs one thing at a time. */
class link final : public std::enable_shared_from_this<link>, private link_stream_owner {
public:
    /// @param o lives as long as the link
    /// @param asks whether it begins with CLUSTER SLOTS
    link(asio::any_io_executor const& executor, options const& o, url address, bool asks,
         link_owner& owner);
    ~link();

    /// Begins to connect, if it does not yet.
    void start();
    bool started() const noexcept { return state_ != state::idle; }
    /// Whether there is a connection that takes commands.
    bool up() const noexcept { return state_ == state::up; }
    /// Whether an attempt has failed since there was a connection.
    bool troubled() const noexcept { return failures_ > 0; }

    /// Whether write() may be called.
    bool has_room() const noexcept { return up() && !stream_->writing(); }
    /// Writes; takes the bytes.
    void write(std::string& bytes) { stream_->write(bytes); }

    /// The server does what it must not: begins anew.
    void fail(error_code ec);
    /// Ends for good; the owner is told nothing more.
    void close() noexcept;

    url const& address() const noexcept { return address_; }

private:
    enum class state : std::uint8_t { idle, opening, greeting, up, waiting, closed };

    HTTPHOOKS_DECL void on_open(error_code ec) override;
    HTTPHOOKS_DECL void on_read(error_code ec, std::string_view bytes) override;
    HTTPHOOKS_DECL void on_write(error_code ec) override;

    inline void attempt();
    inline void arm(std::chrono::milliseconds after);
    inline void on_timer();
    inline void look_after();
    /// Reads replies. @return whether the connection is still the same
    inline bool parse(std::string_view bytes);
    inline void greet();
    inline error_code on_greeting(value const& reply);

    asio::any_io_executor executor_;
    options const& options_;
    url address_;
    bool asks_;
    link_owner* owner_;
    httphooks::detail::timer timer_;
    std::shared_ptr<link_stream> stream_{};
    std::optional<reply_reader> reader_{};
    value_builder greeting_{};
    /// What the server has not answered yet of what a connection begins with, the last first.
    std::string greetings_{};
    std::chrono::steady_clock::time_point heard_{};
    unsigned failures_ = 0;
    state state_ = state::idle;
    bool asked_ = false;
    /// Distinguishes timers that were set anew meanwhile.
    std::uint32_t armed_ = 0;
};

}  // namespace httphooks::redis::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/detail/impl/link.ipp>
#endif
