// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/client_streaming.hpp>

#include <httphooks/http/detail/redirection.hpp>
#include <httphooks/http/detail/reply_writer.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http::detail {

/// The most of the content that is taken at once, in bytes.
inline constexpr std::size_t content_piece = 64 * 1024;

/// What made a stream fail, as an error code.
inline error_code error_code_of(error_code why, std::exception_ptr const& thrown) noexcept {
    if (!thrown) return why ? why : make_error_code(error::stream_dropped);
    try {
        std::rethrow_exception(thrown);
    } catch (system_error const& e) {
        return e.code();
    } catch (...) {
        return make_error_code(error::unknown_exception);
    }
}

HTTPHOOKS_DECL client_streaming::client_streaming(std::shared_ptr<client_core> core,
                                                  result<absolute_url> url, request req,
                                                  std::shared_ptr<stream_body> content,
                                                  streaming_options const& options)
    : client_operation(std::move(core), std::move(url), std::move(req)),
      options_(options),
      content_(std::move(content)),
      continue_timer_(core_->pool.get_executor()) {
    if (!content_) return;
    phase_ = content_phase::ahead;
    request_.body() = std::string();
}

HTTPHOOKS_DECL client_streaming::~client_streaming() = default;

HTTPHOOKS_DECL void client_streaming::begin() {
    if (content_ && content_->started()) return abort(asio::error::already_started);
    start();
}

HTTPHOOKS_DECL void client_streaming::give_up() noexcept {
    if (over_) return;
    try {
        asio::post(core_->pool.get_executor(),
                   [self = shared_from_this()] { self->abort(asio::error::operation_aborted); });
    } catch (...) {  // no memory: the server ends it
        return;
    }
}

/** Lets go what a request has when its context goes: whoever reads its body or writes its content
    waits in it, and has it. */
class client_streaming::guard final : public operation_guard {
public:
    explicit guard(std::shared_ptr<client_operation> request) : request_(std::move(request)) {}
    ~guard() override {
        if (!ended) static_cast<client_streaming&>(*request_).drop();
    }

private:
    std::shared_ptr<client_operation> request_;
};

HTTPHOOKS_DECL std::shared_ptr<operation_guard> client_streaming::make_guard() {
    return std::make_shared<guard>(shared_from_this());
}

inline void client_streaming::drop() noexcept {
    over_ = true;
    done_ = true;
    try {
        stop_content();
        if (channel_) channel_->fail(asio::error::operation_aborted);
    } catch (...) {  // no memory: it stays
        return;
    }
}

// ------------------------------------------------------------------------------------ the request

HTTPHOOKS_DECL void client_streaming::set_framing() {
    request_.erase(field::expect);
    if (phase_ == content_phase::none) return client_operation::set_framing();
    auto const length = content_->length();
    chunked_ = !length;
    if (length)
        request_.content_length(*length);
    else
        request_.chunked(true);
    if (options_.continue_timeout.count() > 0) request_.set(field::expect, "100-continue");
}

HTTPHOOKS_DECL bool client_streaming::repeatable() const noexcept {
    return phase_ == content_phase::none || phase_ == content_phase::ahead ||
           phase_ == content_phase::asked;
}

HTTPHOOKS_DECL void client_streaming::on_header_sent() {
    touch();
    if (phase_ == content_phase::none) return client_operation::on_header_sent();
    if (phase_ != content_phase::ahead && phase_ != content_phase::asked) return;
    if (options_.continue_timeout.count() <= 0) return begin_content();
    if (given_) return stop_content();
    phase_ = content_phase::asked;
    continue_timer_.expires_after(options_.continue_timeout);
    continue_timer_.async_wait(
        [this, self = shared_from_this(), connection = connection_](error_code ec) {
            if (!ec && connection == connection_ && phase_ == content_phase::asked) begin_content();
        });
}

HTTPHOOKS_DECL void client_streaming::on_interim(unsigned status_code) {
    touch();
    if (status_code == 100 && phase_ == content_phase::asked) begin_content();
}

inline void client_streaming::begin_content() {
    continue_timer_.cancel();
    phase_ = content_phase::under_way;
    content_->on_failure(
        [this, weak = weak_from_this()](error_code why, std::exception_ptr const& thrown) {
            if (auto const self = weak.lock()) content_error_ = error_code_of(why, thrown);
        });
    content_->start(core_->pool.get_executor(), *this);
    send();
}

HTTPHOOKS_DECL void client_streaming::on_stream() noexcept {
    try {
        send();
    } catch (...) {  // no memory
        finish(asio::error::no_memory);
    }
}

/// Takes what there is of the content, and writes it.
inline void client_streaming::send() {
    if (phase_ != content_phase::under_way || sending_) return;
    output_.clear();
    for (bool more = true; more && output_.size() < content_piece;) {
        switch (content_->take(output_, content_piece - output_.size(), chunked_)) {
            case stream_body::taken::some:
                break;
            case stream_body::taken::nothing:
                more = false;
                break;
            case stream_body::taken::end:
                if (chunked_) append_last_chunk(output_, content_->trailers());
                phase_ = content_phase::ended;
                more = false;
                break;
            case stream_body::taken::failure:
                return finish(content_error_ ? content_error_
                                             : make_error_code(error::stream_dropped));
        }
    }
    if (output_.empty()) return on_content_moved();
    sending_ = true;
    touch();
    connection_->stream->async_write(
        asio::buffer(output_),
        [this, kept = make_guard(), connection = connection_](error_code ec, std::size_t) {
            kept->ended = true;
            if (connection == connection_) on_sent(ec);
        });
}

inline void client_streaming::on_sent(error_code ec) {
    sending_ = false;
    touch();
    if (phase_ == content_phase::stopped) return;
    // The server may have answered all the same: reading tells.
    if (ec) return stop_content();
    on_content_moved();
    send();
}

/// What was taken of the content is written.
inline void client_streaming::on_content_moved() {
    written_ = phase_ == content_phase::ended ||
               (!chunked_ && content_->taken_so_far() == content_->length());
}

inline void client_streaming::stop_content() noexcept {
    bool const begun = phase_ == content_phase::under_way || phase_ == content_phase::ended;
    if (phase_ == content_phase::none || phase_ == content_phase::stopped) return;
    phase_ = content_phase::stopped;
    continue_timer_.cancel();
    if (begun) content_->stop();
}

// ----------------------------------------------------------------------------------- the response

HTTPHOOKS_DECL void client_streaming::make_parser() {
    std::uint64_t const most =
        options_.body_limit > 0 ? options_.body_limit : std::numeric_limits<std::uint64_t>::max();
    parser_.emplace(core_->options.header_limit, most, request_.method() == verb::head);
    parser_->keep_trailers();
}

inline bool client_streaming::leads_on() {
    if (given_ || core_->options.max_redirects == 0 || !is_redirection(parser_->get()))
        return false;
    return repeatable() || becomes_get(request_, parser_->get().result_int());
}

HTTPHOOKS_DECL void client_streaming::on_progress() {
    touch();
    if (!parser_->header_done()) return read();
    if (leads_on()) {
        hold_content();
        // this body is for nobody
        if (parser_->get().body().size() > core_->options.body_limit)
            return finish(beast::http::error::body_limit);
        return read();
    }
    hand_over();
    reading_ = channel_->wants();
    if (reading_) read();
}

HTTPHOOKS_DECL void client_streaming::on_malformed(error_code ec) {
    bool const response_begun = parser_->header_done() && !leads_on();
    if (given_ || (response_begun && parser_->get().result_int() >= 200)) hand_over();
    finish(ec);
}

HTTPHOOKS_DECL void client_streaming::on_response() {
    if (!leads_on()) {
        hand_over();
        return finish({});
    }
    hold_content();
    if (becomes_get(request_, parser_->get().result_int())) {
        stop_content();
        phase_ = content_phase::none;
        content_.reset();
        sending_ = false;  // what is still under way goes with its connection
    }
    follow();
}

/// The content is not for who was asked now.
inline void client_streaming::hold_content() {
    if (!repeatable()) return stop_content();
    if (phase_ != content_phase::asked) return;
    continue_timer_.cancel();
    phase_ = content_phase::ahead;
}

inline void client_streaming::hand_over() {
    response& message = parser_->get();
    if (!given_) {
        given_ = true;
        if (!watched_) deadline_.cancel();
        unsigned const code = message.result_int();
        if (code >= 300 || phase_ == content_phase::asked) stop_content();
        std::string const begin = std::exchange(message.body(), {});
        bool const none = request_.method() == verb::head || code == 204 || code == 304;
        channel_ = std::make_shared<httphooks::detail::body_channel>(
            core_->pool.get_executor(), none ? std::optional<std::uint64_t>(0) : parser_->length());
        channel_->attach(this);
        if (!begin.empty()) channel_->put(begin);
        auto self = std::static_pointer_cast<client_streaming>(shared_from_this());
        opened({}, response_stream(std::make_shared<opened_response>(
                       std::move(self), std::move(message), request_body(channel_))));
        return;
    }
    if (!message.body().empty()) channel_->put(message.body());
    message.body().clear();
    channel_->flush();
}

HTTPHOOKS_DECL void client_streaming::on_read() noexcept {
    try {
        touch();
        if (reading_ || done_) return;
        reading_ = true;
        read();
    } catch (...) {  // no memory
        finish(asio::error::no_memory);
    }
}

HTTPHOOKS_DECL void client_streaming::complete(error_code ec, response) {
    over_ = true;
    stop_content();
    content_.reset();
    if (!given_) return opened(ec, response_stream());
    trailers_ = std::move(parser_->trailers());
    channel_->attach(nullptr);
    ec ? channel_->fail(ec) : channel_->finish();
}

// -------------------------------------------------------------------------------------- the clock

HTTPHOOKS_DECL void client_streaming::begin_clock() {
    touch();
    if (watched_) return;
    // who waits for a connection is kept by nothing else
    deadline_.expires_at(std::chrono::steady_clock::time_point::max());
    deadline_.async_wait([self = shared_from_this()](error_code) {});
}

inline bool client_streaming::waits() noexcept {
    if (place_ == place::waiting || (sending_ && phase_ != content_phase::stopped)) return true;
    return given_ ? reading_ && channel_->waits() : phase_ != content_phase::under_way;
}

/// Something has moved, or somebody begins to wait.
inline void client_streaming::touch() {
    moved_ = std::chrono::steady_clock::now();
    if (!watched_ && options_.progress_timeout.count() > 0) watch(options_.progress_timeout);
}

inline void client_streaming::watch(std::chrono::steady_clock::duration most) {
    watched_ = true;
    deadline_.expires_after(most);
    deadline_.async_wait([this, self = shared_from_this()](error_code ec) {
        watched_ = false;
        if (ec || done_ || !waits()) return;
        auto const rest = moved_ + options_.progress_timeout - std::chrono::steady_clock::now();
        if (rest.count() > 0)
            watch(rest);
        else
            finish(asio::error::timed_out);
    });
}

}  // namespace httphooks::http::detail
