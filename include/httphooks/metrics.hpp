// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a registry and its servers do, as numbers for Prometheus.
*/

#include <httphooks/config.hpp>
#include <httphooks/context.hpp>
#include <httphooks/detail/metrics/metrics_recorder.hpp>
#include <httphooks/message.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/server_counters.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

namespace detail {

/// A server's name, and its numbers.
using named_counters = std::pair<std::string, std::shared_ptr<server_counters const>>;

}  // namespace detail

/// Whatever has server_counters, to be read from any thread.
template <class Server>
concept counting_server = requires(Server const& s) {
    { s.counters() } -> std::convertible_to<std::shared_ptr<server_counters const>>;
};

/** Counts what exchanges do, and writes it in Prometheus' text format.

    `httphooks_requests_total{pattern,method,status,transport}`: replies, by the pattern of the
    first responder that matched, empty when none did; never by path.
    `httphooks_request_seconds{pattern,method,status}`: histograms of the time from the beginning of
    an exchange until its reply was ready; the status is a class, as "2xx".
    `httphooks_response_bytes_total{pattern,method,status}`: bytes of the bodies of replies; a
    file's when it begins to be sent.
    `httphooks_stage_seconds{stage}`: histograms of the stages that had hooks.
    `httphooks_cancelled_total`: exchanges whose client went. Then what registry_stats has:
    `httphooks_exchanges`, `httphooks_listeners`, `httphooks_late_calls_total`,
    `httphooks_timeouts_total`, `httphooks_dropped_listeners_total`,
    `httphooks_spoofed_control_headers_total`. When hooks of ever new patterns come and go, those
    that come late are counted together, with the pattern "(other)".

    Of each server that watch() has added, what server_counters has: `httphooks_server_sessions`,
    `httphooks_server_opened_total`, `httphooks_server_waiting_bytes`,
    `httphooks_server_body_bytes`, `httphooks_server_peak_body_bytes`,
    `httphooks_server_paused_bodies`, `httphooks_server_dropped_messages_total` with the label
    `server`, and `httphooks_server_refused_total{server,reason}`.

    Further numbers are added with gauge() and counter(). The registry's exchanges are counted from
    then on, as long as it lives. Copies are handles of the same numbers.

    @par Thread safety
    As a value; all members may be called from all threads.
    @par Source
    Prometheus text exposition format 0.0.4
*/
class metrics {
public:
    /// Begins to count.
    template <class State>
    explicit metrics(basic_registry<State>& hooks);

    /** Adds the numbers of a server: of http, sockjs, engineio, socketio or websocket, or of a
        mount of one's own. The server is not kept.
        @param name the value of the label `server` */
    template <counting_server Server>
    void watch(std::string name, Server const& s) {
        std::lock_guard const lock(state_->mutex);
        state_->servers.emplace_back(std::move(name), s.counters());
    }

    /** Adds a number that goes up and down, as the sessions of a server.
        @param name as "chat_sessions"
        @param help one sentence
        @param read called by text(), on its thread
        @throws std::invalid_argument a name that Prometheus does not take */
    void gauge(std::string name, std::string help, std::function<double()> read);
    /// Adds a number that only goes up; its name ends in "_total".
    void counter(std::string name, std::string help, std::function<double()> read);

    /// All numbers as text.
    std::string text() const;

    /** A responder that answers with text(), in any registry. It is a responder like others: guard
        it.
        @par Example
        examples/demo/site.hpp */
    auto responder() const {
        return [self = *this]<class State>(basic_context<hook_type::responder, State>&) {
            return make_response(status::ok, self.text(),
                                 "text/plain; version=0.0.4; charset=utf-8");
        };
    }

private:
    struct number {
        std::string name;
        std::string help;
        std::string_view type;
        std::function<double()> read;
    };
    struct state {
        std::shared_ptr<detail::metrics_recorder> recorder;
        std::shared_ptr<detail::registry_services> services;
        std::mutex mutex{};
        std::vector<detail::named_counters> servers{};
        std::vector<number> numbers{};
    };

    inline void add(number n);

    std::shared_ptr<state> state_;
};

// ---------------------------------------------------------------------------------------------

template <class State>
metrics::metrics(basic_registry<State>& hooks) : state_(std::make_shared<state>()) {
    state_->recorder = std::make_shared<detail::metrics_recorder>();
    state_->services = hooks.services();
    hooks.trace(state_->recorder);
}

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/metrics.ipp>
#endif
