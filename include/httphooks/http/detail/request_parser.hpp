// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Beast's parser, filling a request of ours, with every step judged by the framing guard.
*/

#include <httphooks/detail/boost_version.hpp>
#include <httphooks/detail/runs/body_channel.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/framing_guard.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace httphooks::http::detail {

/** Parses one request.

    First put_header() with the whole header block, then put_body() with what follows until done().
    Trailers are judged and dropped. After false the reply is refusal() and the connection closes.
*/
class request_parser final : private httphooks::detail::boost_parser<true> {
    using base = httphooks::detail::boost_parser<true>;

public:
    request_parser(httphooks::request& into, framing_guard& guard) : into_(into), guard_(guard) {
        this->header_limit(static_cast<std::uint32_t>(-1));
        this->base::body_limit(boost::none);
        this->eager(true);
    }

    /// Parses a header as framing_guard::scan() delimited it. @return false when it is refused
    bool put_header(std::string_view block) {
        error_code ec;
        std::size_t const n = this->put(asio::const_buffer(block.data(), block.size()), ec);
        if (ec) [[unlikely]] {
            // Boost 1.92 and newer refuse some codings by themselves, when all fields were read
            if (ec == beast::http::error::bad_transfer_encoding && n == block.size())
                judge_header();
            if (ec != beast::http::error::need_more) return refuse(status::bad_request);
        }
        if (n != block.size() || !this->is_header_done()) return refuse(status::bad_request);
        return true;
    }

    /// Parses body bytes. @param used how many were taken @return false when they are refused
    bool put_body(std::string_view bytes, std::size_t& used) {
        used = 0;
        while (used < bytes.size() && !done()) {
            if (this->chunked() && bytes.size() - used < httphooks::detail::least_chunked_input)
                return true;
            error_code ec;
            put_from_ = bytes.data() + used;
            std::size_t const n = this->put(asio::const_buffer(put_from_, bytes.size() - used), ec);
            used += n;
            if (ec == beast::http::error::need_more)
                return guard_.on_pending(bytes.substr(used), in_trailer_) ||
                       refuse(guard_.refusal());
            if (ec) return refuse(status::bad_request);
        }
        return true;
    }

    /// Limits the body; call it between header and body. @return false when it is too long already
    bool limit_body(std::uint64_t most) {
        limit_ = most;
        auto const length = this->content_length();
        return !length || *length <= most || refuse(status::payload_too_large);
    }

    /// Has what comes of the body put into a channel, which outlives the parser.
    void pass_body_to(httphooks::detail::body_channel& channel) noexcept {
        keeps_body_ = false;
        channel_ = &channel;
    }
    /// Drops what comes of the body.
    void drop_body() noexcept {
        keeps_body_ = false;
        channel_ = nullptr;
    }
    /// How much of the body is still to come, if it is known.
    std::optional<std::uint64_t> body_rest() {
        auto const length = this->content_length();
        if (!length) return std::nullopt;
        return *length - received_;
    }

    /// What limit_body() has set.
    std::uint64_t body_limit() const noexcept { return limit_; }

    bool done() const { return this->is_done(); }
    bool keep_alive() const noexcept { return keep_alive_; }
    std::uint64_t body_received() const noexcept { return received_; }

    /// The status of the refusal; status::unknown while there was none.
    status refusal() const noexcept {
        return guard_.refusal() != status::unknown ? guard_.refusal() : refusal_;
    }

private:
    using sv = beast::string_view;

    static std::string_view std_view(sv s) noexcept { return {s.data(), s.size()}; }

    bool refuse(status s) noexcept {
        if (refusal_ == status::unknown) refusal_ = s;
        return false;
    }

    /// Stops the parser; what the reply is, the guard knows.
    static void stop(error_code& ec) { ec = beast::http::error::bad_value; }

    void on_request_impl(verb method, sv method_text, sv target, int version,
                         error_code&) override {
        if (method == verb::unknown)
            into_.method_string(method_text);
        else
            into_.method(method);
        into_.set_parsed_target(std_view(target));
        into_.version(static_cast<unsigned>(version));
    }

    void on_response_impl(int, sv, int, error_code&) override {}

    void on_field_impl(field id, sv name, sv value, error_code& ec) override {
        if (this->is_header_done()) return on_trailer_field_impl(id, name, value, ec);
        if (guard_.on_field(id, std_view(value)))
            append(id, name, value);
        else
            stop(ec);
    }

    void on_trailer_field_impl(field id, sv name, sv value, error_code& ec) override {
        if (!guard_.on_trailer(id, std_view(name), std_view(value))) stop(ec);
    }

    /// Most fields stand in the header as we would write them, and are copied in one piece.
    void append(field id, sv name, sv value) {
        char const* const colon = name.data() + name.size();
        if (value.data() == colon + 2 && colon[1] == ' ' && value.data()[value.size()] == '\r')
            into_.append_parsed_line(id, {name.data(), name.size() + value.size() + 4},
                                     name.size());
        else
            into_.append_parsed(id, std_view(name), std_view(value));
    }

    void on_header_impl(error_code& ec) override {
        // later, a Connection field of the trailer would change it
        keep_alive_ = this->base::keep_alive() && (into_.version() >= 11 || into_.keep_alive());
        if (!judge_header()) stop(ec);
    }

    bool judge_header() {
        return guard_.on_header(into_.method(), std_view(into_.target()), into_.version());
    }

    void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code&) override {
        if (length && keeps_body_)
            into_.body().reserve(static_cast<std::size_t>(std::min(*length, reserve_at_most)));
    }

    std::size_t on_body_impl(sv bytes, error_code&) override {
        received_ += bytes.size();
        if (keeps_body_) [[likely]]
            into_.body().append(bytes.data(), bytes.size());
        else if (channel_)
            channel_->put(std_view(bytes));
        return bytes.size();
    }

    void on_chunk_header_impl(std::uint64_t size, sv extension, error_code& ec) override {
        if (!guard_.on_chunk(size, size_digits(extension), std_view(extension), keeps_body_))
            return stop(ec);
        if (size > limit_ - announced_) {
            refuse(status::payload_too_large);
            return stop(ec);
        }
        announced_ += size;
        in_trailer_ = size == 0;
    }

    /// How many digits the size in front of an extension has, leading zeros included.
    std::size_t size_digits(sv extension) const noexcept {
        char const* digit = extension.data();
        while (digit != put_from_ && digit[-1] != '\n') --digit;
        return static_cast<std::size_t>(extension.data() - digit);
    }

    std::size_t on_chunk_body_impl(std::uint64_t, sv bytes, error_code& ec) override {
        return on_body_impl(bytes, ec);
    }

    void on_finish_impl(error_code&) override {}

    static constexpr std::uint64_t reserve_at_most = 64 * 1024;

    httphooks::request& into_;
    framing_guard& guard_;
    std::uint64_t limit_ = 0;
    std::uint64_t announced_ = 0;
    std::uint64_t received_ = 0;
    char const* put_from_ = nullptr;
    status refusal_ = status::unknown;
    bool keep_alive_ = false;
    bool in_trailer_ = false;
    bool keeps_body_ = true;
    httphooks::detail::body_channel* channel_ = nullptr;
};

}  // namespace httphooks::http::detail
