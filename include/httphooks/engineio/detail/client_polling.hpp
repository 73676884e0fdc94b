// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The client's polling transport: a GET that waits, and a POST now and then.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/detail/client_link.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/client.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

class client_polling final : public client_link,
                             public std::enable_shared_from_this<client_polling> {
public:
    explicit client_polling(setup s)
        : client_link(std::move(s)),
          receiving_(given().executor, http_options(std::chrono::hours(24))),
          sending_(given().executor, http_options(given().options->send_timeout)) {}

    transport_kind kind() const noexcept override { return transport_kind::polling; }
    void start() override { poll(); }
    HTTPHOOKS_DECL void send(std::vector<packet> packets) override;
    HTTPHOOKS_DECL void pause() override;
    HTTPHOOKS_DECL void resume() override;
    HTTPHOOKS_DECL void stop(bool tell) override;

private:
    using clock = std::chrono::steady_clock;

    http::client_options http_options(std::chrono::milliseconds timeout) const;
    inline request make_request(verb method) const;
    inline void post(std::vector<packet> const& packets, bool last);
    void poll();
    inline void on_polled(error_code ec, response const& r);
    inline void on_posted(error_code ec, response const& r);
    bool settled() const noexcept { return paused_ && !polling_ && !posting_; }

    /// So many replies in a row, without a message and at once, are an endless loop.
    static constexpr unsigned most_barren = 64;
    static constexpr std::chrono::milliseconds at_once{10};

    http::client receiving_;
    http::client sending_;
    clock::time_point polled_at_{};
    unsigned barren_ = 0;
    bool polling_ = false;
    bool posting_ = false;
    bool paused_ = false;
};

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/client_polling.ipp>
#endif
