// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where exchanges come from: for one thread of a server, and for callers on any thread.
*/

#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/registry_core.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/url.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace httphooks::detail {

/// Makes exchanges for one thread, with a table of its own that it renews when hooks change.
template <class State>
class registry_loop final : public exchange_factory {
public:
    explicit registry_loop(std::shared_ptr<registry_core> core)
        : core_(std::move(core)), counters_(core_->services().new_counters()) {}

    exchange_ptr make_exchange(asio::any_io_executor const& executor, reply_sink* sink) override {
        return basic_exchange<State>::make(*this, *counters_, executor, true, sink);
    }

    std::optional<std::uint64_t> body_limit(request const& header) override {
        if (!current().has_body_limits || url_.parse(header.target())) return std::nullopt;
        return smallest_body_limit(*table_, header.method(), url_, matches_);
    }

    hook_table_ptr table() override {
        current();
        return table_;
    }

private:
    hook_table const& current() {
        if (std::uint64_t const now = core_->version(); now != version_) {
            // A control block of the loop's own: threads do not share the count.
            auto shared = core_->table();
            auto const* const table = shared.get();
            table_ = hook_table_ptr(table, [keep = std::move(shared)](auto const*) {});
            version_ = now;
        }
        return *table_;
    }

    std::shared_ptr<registry_core> core_;
    std::shared_ptr<counters> counters_;
    hook_table_ptr table_;
    std::uint64_t version_ = 0;
    httphooks::url url_;
    route_table<hook_entry const*>::match_list matches_;
};

/// Makes exchanges for callers on any thread.
template <class State>
class shared_registry_loop final : public exchange_factory {
public:
    explicit shared_registry_loop(std::shared_ptr<registry_core> core) : core_(std::move(core)) {}

    exchange_ptr make_exchange(asio::any_io_executor const& executor, reply_sink* sink) override {
        return basic_exchange<State>::make(*this, core_->services().shared_counters(), executor,
                                           false, sink);
    }

    template <class Body, class Fields>
    exchange_ptr make_exchange(beast::http::message<true, Body, Fields>&& req,
                               httphooks::origin&& from, asio::any_io_executor const& executor) {
        exchange_ptr ex = make_exchange(executor, nullptr);
        if constexpr (std::is_same_v<beast::http::message<true, Body, Fields>, request>)
            ex->incoming() = std::move(req);
        else
            take_parsed(ex->incoming(), req);
        ex->origin() = std::move(from);
        return ex;
    }

    template <class Body, class Fields>
    exchange_ptr make_exchange(beast::http::message<true, Body, Fields> const& req,
                               httphooks::origin&& from, asio::any_io_executor const& executor) {
        auto copy = req;
        return make_exchange(std::move(copy), std::move(from), executor);
    }

    std::optional<std::uint64_t> body_limit(request const& header) override {
        auto const current = core_->table();
        httphooks::url url;
        if (!current->has_body_limits || url.parse(header.target())) return std::nullopt;
        route_table<hook_entry const*>::match_list matches;
        return smallest_body_limit(*current, header.method(), url, matches);
    }

    hook_table_ptr table() override { return core_->table(); }

private:
    std::shared_ptr<registry_core> core_;
};

}  // namespace httphooks::detail
