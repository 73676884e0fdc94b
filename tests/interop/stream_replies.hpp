// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The conformance server's streamed replies, and what became of its streams.
*/

#include <httphooks.hpp>
#include <httphooks/event_stream.hpp>
#include <httphooks/stream.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace conformance {

namespace hh = httphooks;
namespace asio = boost::asio;

/// What became of the streams.
struct streams_seen {
    std::atomic<std::uint64_t> started{0};
    std::atomic<std::uint64_t> ended{0};
    std::atomic<std::uint64_t> cancelled{0};

    hh::response report() const {
        nlohmann::ordered_json const all = {
            {"started", started.load()}, {"ended", ended.load()}, {"cancelled", cancelled.load()}};
        return hh::make_response(hh::status::ok, all.dump(), "application/json");
    }
};

/// One stream: cancelled, unless it is told that it has ended by itself.
class seen_stream {
public:
    explicit seen_stream(std::shared_ptr<streams_seen> all) : all_(std::move(all)) {
        ++all_->started;
    }
    seen_stream(seen_stream const&) = delete;
    seen_stream& operator=(seen_stream const&) = delete;
    ~seen_stream() { ended_ ? ++all_->ended : ++all_->cancelled; }

    void end() noexcept { ended_ = true; }

private:
    std::shared_ptr<streams_seen> all_;
    bool ended_ = false;
};

/// The number that a text is; nothing: it is none.
inline std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t n = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return n;
}

/// A number of the query. @throws hh::http_error 400: it is none
template <class Context>
std::uint64_t query_number(Context& c, std::string_view name, std::uint64_t otherwise) {
    std::string_view const text = c.query(name);
    if (text.empty()) return otherwise;
    std::optional<std::uint64_t> const n = whole_number(text);
    if (!n) throw hh::http_error(hh::status::bad_request, "not a number: " + std::string(name));
    return *n;
}

/// The number of the first of n events, behind the one that a client has seen.
inline std::uint64_t first_behind(std::string_view last, std::uint64_t n) {
    std::optional<std::uint64_t> const seen = whole_number(last);
    return seen && n <= std::numeric_limits<std::uint64_t>::max() - *seen ? *seen + 1 : 0;
}

inline asio::awaitable<void> pause_for(std::chrono::milliseconds time) {
    if (time.count() == 0) co_return;
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

inline hh::response lines_stream(std::shared_ptr<streams_seen> seen, std::uint64_t n,
                                 std::chrono::milliseconds apart) {
    return hh::stream("application/x-ndjson", [=](hh::stream_writer& out) -> asio::awaitable<void> {
        seen_stream here(seen);
        for (std::uint64_t i = 0; i < n; ++i) {
            if (i > 0) co_await pause_for(apart);
            std::string const line = "{\"i\":" + std::to_string(i) + "}\n";
            co_await out.async_write(line);
        }
        here.end();
    });
}

inline hh::response bytes_stream(std::shared_ptr<streams_seen> seen, std::uint64_t n) {
    hh::stream_options o;
    o.length = n;
    return hh::stream(
        "application/octet-stream",
        [=](hh::stream_writer& out) -> asio::awaitable<void> {
            seen_stream here(seen);
            std::string piece(std::size_t(251) * 256, '\0');
            for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>(i % 251);
            for (std::uint64_t at = 0; at < n; at += piece.size()) {
                auto const size =
                    static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), n - at));
                co_await out.async_write(std::string_view(piece).substr(0, size));
            }
            here.end();
        },
        o);
}

inline hh::response broken_stream(std::shared_ptr<streams_seen> seen) {
    return hh::stream("text/plain", [=](hh::stream_writer& out) -> asio::awaitable<void> {
        seen_stream here(seen);
        std::string const text(1000, 'b');
        co_await out.async_write(text);
        here.end();
        throw std::runtime_error("broken on purpose");
    });
}

inline hh::response ticks_stream(std::shared_ptr<streams_seen> seen, hh::request const& r,
                                 std::uint64_t n, std::chrono::milliseconds apart) {
    return hh::event_stream(r, [=](hh::event_writer& out) -> asio::awaitable<void> {
        seen_stream here(seen);
        std::uint64_t const first = first_behind(out.last_event_id(), n);
        for (std::uint64_t i = 0; i < n; ++i) {
            if (i > 0) co_await pause_for(apart);
            hh::server_event tick;
            tick.id = std::to_string(first + i);
            tick.data = "tick " + tick.id;
            co_await out.async_send(tick);
        }
        here.end();
    });
}

/// Has the streams answer before any other hook that is registered behind this.
inline void serve_streamed_replies(hh::registry& hooks, std::shared_ptr<streams_seen> seen) {
    using milliseconds = std::chrono::milliseconds;
    auto const apart = [](hh::pre_responder_context& c) {
        return milliseconds(query_number(c, "ms", 0));
    };
    auto const get = [&hooks](std::string_view path, auto respond) {
        hooks.pre_responder(hh::verb::get, path,
                            [respond](hh::pre_responder_context& c) { c.end(respond(c)); });
    };
    using context = hh::pre_responder_context;
    get("/stream/lines",
        [=](context& c) { return lines_stream(seen, query_number(c, "n", 10), apart(c)); });
    get("/stream/bytes", [=](context& c) { return bytes_stream(seen, query_number(c, "n", 0)); });
    get("/stream/broken", [=](context&) { return broken_stream(seen); });
    get("/stream/sse", [=](context& c) {
        return ticks_stream(seen, c.request(), query_number(c, "n", 10), apart(c));
    });
    get("/stream/seen", [=](context&) { return seen->report(); });
}

}  // namespace conformance
