// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Beast's parser, filling a response of ours, with limits and without ambiguity.
*/

#include <httphooks/detail/boost_version.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/error.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace httphooks::http::detail {

/** Parses one response; its trailers are dropped unless keep_trailers() was called.

    What could be framed in two ways is an error: several lengths, a length and a transfer coding, a
    coding other than chunked, a coding in HTTP/1.0.

    @par Source
    RFC 9112 6
*/
class response_parser final : private httphooks::detail::boost_parser<false> {
    using base = httphooks::detail::boost_parser<false>;

public:
    /** @param header_limit bytes of status line, fields and trailers
        @param body_limit bytes of the body
        @param head whether the request was HEAD, so that there is no body
    */
    response_parser(std::size_t header_limit, std::uint64_t body_limit, bool head)
        : header_limit_(header_limit), body_limit_(body_limit) {
        this->base::header_limit(std::numeric_limits<std::uint32_t>::max());
        this->base::body_limit(boost::none);
        this->eager(true);
        if (head) this->skip(true);
    }

    /// Parses bytes. @return how many were taken; what is left belongs to what follows
    std::size_t put(std::string_view bytes, error_code& ec) {
        std::size_t used = 0;
        ec = {};
        while (used < bytes.size() && !done()) {
            std::string_view const rest = bytes.substr(used);
            // a first chunk that is the last: Beast asserts that it sees five bytes of it, or three
            if (rest == "0\r\n\r" && rest.size() < httphooks::detail::least_chunked_input &&
                this->is_header_done() && this->chunked())
                break;
            std::size_t const n = this->base::put(asio::const_buffer(rest.data(), rest.size()), ec);
            used += n;
            if (ec == beast::http::error::need_more) {
                ec = {};
                break;
            }
            if (ec || n == 0) break;
        }
        return used;
    }

    /// Tells that the connection has ended; an error when the response is not whole.
    void put_eof(error_code& ec) {
        if (this->got_some())
            this->base::put_eof(ec);
        else
            ec = beast::http::error::end_of_stream;
    }

    /// Whether the response is whole.
    bool done() const { return this->is_done(); }
    /// Whether a first byte was parsed.
    bool begun() const { return this->got_some(); }
    /// Whether another response may follow on the connection.
    bool keep_alive() const { return keep_alive_ && !this->need_eof(); }

    /// Whether the header is whole, and none that could be framed in two ways.
    bool header_done() const noexcept { return header_done_; }
    /// The Content-Length of the header.
    std::optional<std::uint64_t> length() const {
        auto const n = this->content_length();
        return n ? std::optional<std::uint64_t>(*n) : std::nullopt;
    }

    /// Keeps what comes behind the body; before it comes.
    void keep_trailers() noexcept { keep_trailers_ = true; }
    fields& trailers() noexcept { return trailers_; }

    /// The response; of its body what has come and was not taken out.
    response& get() noexcept { return into_; }

private:
    using sv = beast::string_view;

    static std::string_view std_view(sv s) noexcept { return {s.data(), s.size()}; }

    /// Counts bytes of the header. @return whether there were not too many
    bool count(std::size_t bytes, error_code& ec) {
        header_bytes_ += bytes;
        if (header_bytes_ > header_limit_) ec = beast::http::error::header_limit;
        return !ec;
    }

    bool count_field(sv name, sv value, error_code& ec) {
        constexpr std::size_t colon_and_line_end = 4;
        return count(name.size() + value.size() + colon_and_line_end, ec);
    }

    void on_request_impl(verb, sv, sv, int, error_code&) override {}

    void on_response_impl(int code, sv reason, int version, error_code& ec) override {
        constexpr std::size_t rest_of_line = 15;
        if (!count(reason.size() + rest_of_line, ec)) return;
        if (code < 100 || !httphooks::detail::is_field_text(std_view(reason))) {
            ec = beast::http::error::bad_status;
            return;
        }
        into_.version(static_cast<unsigned>(version));
        into_.result(static_cast<unsigned>(code));
        if (std_view(reason) != beast::http::obsolete_reason(into_.result()))
            into_.reason(std_view(reason));
    }

    void on_field_impl(field id, sv name, sv value, error_code& ec) override {
        // up to Boost 1.89 trailers come here, too
        if (this->is_header_done()) return on_trailer_field_impl(id, name, value, ec);
        if (!count_field(name, value, ec)) return;
        std::string_view const text = std_view(value);
        if (!httphooks::detail::is_field_text(text)) {
            ec = beast::http::error::bad_value;
        } else if (id == field::content_length) {
            bool const digits =
                std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
            if (!digits || text.empty() || into_.contains(id))
                ec = beast::http::error::bad_content_length;
        } else if (id == field::transfer_encoding) {
            if (!httphooks::detail::ascii_iequals(text, "chunked") || into_.contains(id) ||
                into_.version() < 11)
                ec = beast::http::error::bad_transfer_encoding;
        }
        if (!ec) into_.append_parsed(id, std_view(name), text);
    }

    void on_trailer_field_impl(field id, sv name, sv value, error_code& ec) override {
        if (!count_field(name, value, ec) || !keep_trailers_) return;
        if (httphooks::detail::is_field_text(std_view(value)))
            trailers_.append_parsed(id, std_view(name), std_view(value));
        else
            ec = beast::http::error::bad_value;
    }

    void on_header_impl(error_code& ec) override {
        // later, a Connection field of the trailer would change it
        keep_alive_ = this->base::keep_alive() && (into_.version() >= 11 || into_.keep_alive());
        if (into_.contains(field::content_length) && into_.contains(field::transfer_encoding))
            ec = beast::http::error::bad_transfer_encoding;
        header_done_ = !ec;
    }

    void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& ec) override {
        if (!length) return;
        if (*length > body_limit_)
            ec = beast::http::error::body_limit;
        else
            into_.body().reserve(static_cast<std::size_t>(std::min(*length, reserve_at_most)));
    }

    std::size_t on_body_impl(sv bytes, error_code& ec) override {
        if (bytes.size() > body_limit_) {
            ec = beast::http::error::body_limit;
            return 0;
        }
        body_limit_ -= bytes.size();
        into_.body().append(bytes.data(), bytes.size());
        return bytes.size();
    }

    void on_chunk_header_impl(std::uint64_t size, sv, error_code& ec) override {
        if (size > body_limit_) ec = beast::http::error::body_limit;
    }

    std::size_t on_chunk_body_impl(std::uint64_t, sv bytes, error_code& ec) override {
        return on_body_impl(bytes, ec);
    }

    void on_finish_impl(error_code&) override {}

    static constexpr std::uint64_t reserve_at_most = 64 * 1024;

    response into_;
    std::size_t header_limit_;
    /// How much of the body may still come.
    std::uint64_t body_limit_;
    std::size_t header_bytes_ = 0;
    fields trailers_{};
    bool keep_alive_ = false;
    bool header_done_ = false;
    bool keep_trailers_ = false;
};

}  // namespace httphooks::http::detail
