// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    GET /__log: what the hooks did, once none of them runs any more.
*/

#include <httphooks.hpp>

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "hook_script.hpp"

namespace conformance {

/// Answers with the log of the hooks' runs, and empties it.
class log_mount {
public:
    log_mount(hh::registry hooks, std::shared_ptr<hook_log> log)
        : hooks_(std::move(hooks)), log_(std::move(log)) {}

    std::string_view prefix() const { return "/__log"; }

    void async_serve(hh::http::connection c, hh::request, hh::http::mount_handler done) {
        auto const executor = c.get_executor();
        wait(std::shared_ptr<waiting>(new waiting{std::move(c), std::move(done),
                                                  asio::steady_timer(executor), hooks_, log_}));
    }

private:
    struct waiting {
        hh::http::connection client;
        hh::http::mount_handler done;
        asio::steady_timer timer;
        hh::registry hooks;
        std::shared_ptr<hook_log> log;
    };

    static void wait(std::shared_ptr<waiting> w) {
        hh::registry_stats const now = w->hooks.stats();
        if (now.exchanges > 0 || now.listeners > 0) {
            w->timer.expires_after(std::chrono::milliseconds(1));
            w->timer.async_wait([w](hh::error_code ec) {
                if (!ec) wait(w);
            });
            return;
        }
        hh::response const reply =
            hh::make_response(hh::status::ok, w->log->take(), "application/json");
        w->client.async_write(reply, [w](hh::error_code ec) {
            std::optional<hh::http::connection> back;
            if (!ec) back.emplace(std::move(w->client));
            std::move(w->done)(ec, std::move(back));
        });
    }

    hh::registry hooks_;
    std::shared_ptr<hook_log> log_;
};

}  // namespace conformance
