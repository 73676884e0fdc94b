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

    void async_serve(hh::http::connection c, hh::request r, hh::http::mount_handler done) {
        auto const executor = c.get_executor();
        auto const w = std::shared_ptr<waiting>(
            new waiting{std::move(c), std::move(done), asio::steady_timer(executor), hooks_, log_});
        if (auto const refusal = judge(r))
            reply(w, *refusal);
        else
            wait(w);
    }

private:
    struct waiting {
        hh::http::connection client;
        hh::http::mount_handler done;
        asio::steady_timer timer;
        hh::registry hooks;
        std::shared_ptr<hook_log> log;
    };

    /// The path of a target, as it was sent.
    static std::string_view path_of(std::string_view target) {
        if (!target.starts_with('/')) target.remove_prefix(target.find('/', target.find("//") + 2));
        return target.substr(0, target.find('?'));
    }

    /// Why a request does not get the log.
    std::optional<hh::response> judge(hh::request const& r) const {
        if (path_of(r.target()) != prefix()) return hh::error_response(hh::status::not_found);
        if (r.method() == hh::verb::get) return std::nullopt;
        if (r.method() == hh::verb::unknown) return hh::error_response(hh::status::not_implemented);
        hh::response refusal = hh::error_response(hh::status::method_not_allowed);
        refusal.set(hh::field::allow, "GET");
        return refusal;
    }

    static void wait(std::shared_ptr<waiting> w) {
        hh::registry_stats const now = w->hooks.stats();
        if (now.exchanges > 0 || now.listeners > 0) {
            w->timer.expires_after(std::chrono::milliseconds(1));
            w->timer.async_wait([w](hh::error_code ec) {
                if (!ec) wait(w);
            });
            return;
        }
        reply(w, hh::make_response(hh::status::ok, w->log->take(), "application/json"));
    }

    static void reply(std::shared_ptr<waiting> w, hh::response const& r) {
        w->client.async_write(r, [w](hh::error_code ec) {
            std::optional<hh::http::connection> back;
            if (!ec) back.emplace(std::move(w->client));
            std::move(w->done)(ec, std::move(back));
        });
    }

    hh::registry hooks_;
    std::shared_ptr<hook_log> log_;
};

}  // namespace conformance
