// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The client's transports over plain HTTP: responses that go on or end after a frame, and
    requests that carry messages.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/client.hpp>
#include <httphooks/sockjs/detail/client_link.hpp>
#include <httphooks/sockjs/detail/client_stream_request.hpp>
#include <httphooks/sockjs/detail/client_text.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

class client_xhr final : public client_link, public std::enable_shared_from_this<client_xhr> {
public:
    client_xhr(setup s, bool streaming)
        : client_link(std::move(s)),
          streaming_(streaming),
          receiving_(given().executor, http_options(std::chrono::hours(24))),
          sending_(given().executor, http_options(given().options->send_timeout)) {}

    void start() override { receive(); }
    HTTPHOOKS_DECL void send(std::string messages) override;
    HTTPHOOKS_DECL void hold(bool on) override;
    HTTPHOOKS_DECL void stop(close_code code, std::string_view reason) override;
    bool needs_heartbeats() const noexcept override { return true; }

private:
    using clock = std::chrono::steady_clock;

    http::client_options http_options(std::chrono::milliseconds timeout) const;
    inline request make_request(std::string body) const;
    /// Opens the next response.
    void receive();
    inline void stream();
    inline void poll();
    inline void on_bytes(std::string_view bytes);
    /// Hands on the frames that are whole.
    inline void take_frames();
    inline void on_response(error_code ec, unsigned status);
    inline void on_sent(error_code ec, unsigned status);
    inline void fail(std::string_view what, error_code ec, unsigned status);

    /// So many responses in a row, without a message and at once, are an endless loop.
    static constexpr unsigned most_barren = 16;
    static constexpr std::chrono::milliseconds at_once{50};

    bool const streaming_;
    http::client receiving_;
    http::client sending_;
    std::shared_ptr<stream_request> stream_{};
    std::string input_{};
    /// Up to where there is no line feed in the input.
    std::size_t searched_ = 0;
    clock::time_point opened_{};
    unsigned barren_ = 0;
    bool fruitful_ = false;
    bool held_ = false;
    /// What comes next waits for the end of hold().
    bool waiting_ = false;
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/client_xhr.ipp>
#endif
