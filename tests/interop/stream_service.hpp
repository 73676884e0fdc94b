// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The conformance server's streamed requests.
*/

#include <httphooks.hpp>
#include <httphooks/multipart_reader.hpp>
#include <httphooks/request_body.hpp>
#include <httphooks/stream.hpp>

#include <openssl/evp.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "stream_replies.hpp"

namespace conformance {

/// Counts bytes, and takes their SHA-256.
class byte_digest {
public:
    byte_digest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
    }

    void add(std::string_view bytes) {
        count_ += bytes.size();
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    }
    std::uint64_t count() const noexcept { return count_; }
    /// The digest in hexadecimal digits; no more can be added.
    std::string hex() {
        std::array<unsigned char, 32> digest{};
        EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
        std::string text;
        for (unsigned const b : digest) {
            text += "0123456789abcdef"[b >> 4];
            text += "0123456789abcdef"[b & 15];
        }
        return text;
    }

private:
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
    std::uint64_t count_ = 0;
};

inline hh::response digest_reply(byte_digest& digest) {
    return hh::json({{"bytes", digest.count()}, {"sha256", digest.hex()}});
}

using seen_ptr = std::shared_ptr<streams_seen>;

inline asio::awaitable<hh::response> count_body(hh::request_body body, seen_ptr seen) {
    seen_stream here(seen);
    byte_digest digest;
    for (;;) {
        std::string_view const chunk = co_await body.async_read_chunk();
        if (chunk.empty()) break;
        digest.add(chunk);
    }
    here.end();
    co_return digest_reply(digest);
}

inline asio::awaitable<hh::response> count_slowly(hh::request_body body, seen_ptr seen) {
    seen_stream here(seen);
    byte_digest digest;
    std::string room(std::size_t(64) * 1024, '\0');
    for (;;) {
        auto reading =
            asio::async_read(body, asio::buffer(room), asio::as_tuple(asio::use_awaitable));
        auto const [ec, n] = co_await std::move(reading);
        digest.add(std::string_view(room).substr(0, n));
        if (ec == asio::error::eof) break;
        if (ec) throw hh::system_error(ec);
        co_await pause_for(std::chrono::milliseconds(10));
    }
    here.end();
    co_return digest_reply(digest);
}

inline asio::awaitable<hh::response> read_first(hh::request_body body, seen_ptr seen) {
    seen_stream here(seen);
    std::array<char, 10> room{};
    auto reading = asio::async_read(body, asio::buffer(room), asio::as_tuple(asio::use_awaitable));
    auto const [ec, n] = co_await std::move(reading);
    if (ec && ec != asio::error::eof) throw hh::system_error(ec);
    here.end();
    co_return hh::text("first");
}

inline asio::awaitable<hh::response> tell_form(hh::multipart_reader form, seen_ptr seen) {
    seen_stream here(seen);
    nlohmann::ordered_json parts = nlohmann::ordered_json::array();
    for (;;) {
        std::optional<hh::form_part> const part = co_await form.async_next_part();
        if (!part) break;
        byte_digest digest;
        for (;;) {
            std::string_view const chunk = co_await form.async_read_chunk();
            if (chunk.empty()) break;
            digest.add(chunk);
        }
        nlohmann::ordered_json entry{{"name", part->name},
                                     {"filename", nullptr},
                                     {"type", std::string(part->content_type())},
                                     {"bytes", digest.count()},
                                     {"sha256", digest.hex()}};
        if (part->filename) entry["filename"] = *part->filename;
        parts.push_back(std::move(entry));
    }
    here.end();
    co_return hh::make_response(
        hh::status::ok,
        parts.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
        "application/json");
}

/// Sends back what it reads, while it reads.
inline asio::awaitable<hh::response> echo_body(hh::request_body body, std::string content_type,
                                               seen_ptr seen) {
    auto const here = std::make_shared<seen_stream>(seen);
    // before there is a reply, so that a client that waits for 100 Continue gets it
    std::string const first(co_await body.async_read_chunk());
    co_return hh::stream(content_type,
                         [body, here, first](hh::stream_writer& out) -> asio::awaitable<void> {
                             if (!first.empty()) co_await out.async_write(std::string_view(first));
                             for (;;) {
                                 std::string_view const chunk = co_await body.async_read_chunk();
                                 if (chunk.empty()) break;
                                 co_await out.async_write(chunk);
                             }
                             here->end();
                         });
}

/// The paths of the streamed requests.
inline constexpr std::array<std::string_view, 5> streamed_paths{
    "/stream/count", "/stream/slow", "/stream/first", "/stream/form", "/stream/echo"};

/// Answers streamed requests.
inline void serve_streamed_requests(hh::registry& hooks, seen_ptr seen) {
    using context = hh::responder_context;
    hh::hook_options const o{.body_limit = 0, .body = hh::body::stream};
    hooks.post(
        "/stream/count", [seen](context& c) { return count_body(c.body(), seen); }, o);
    hooks.post(
        "/stream/slow", [seen](context& c) { return count_slowly(c.body(), seen); }, o);
    hooks.post(
        "/stream/first", [seen](context& c) { return read_first(c.body(), seen); }, o);
    hooks.post(
        "/stream/form",
        [seen](context& c) { return tell_form(hh::multipart_reader(c.request(), c.body()), seen); },
        o);
    hooks.post(
        "/stream/echo",
        [seen](context& c) {
            std::string type(c.request()[hh::field::content_type]);
            return echo_body(c.body(), std::move(type), seen);
        },
        o);
}

}  // namespace conformance
