// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where exchanges come from: for one thread of a server, and for callers on any thread.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/registry/registry_core.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/route_table.hpp>
#include <httphooks/url.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace httphooks::detail {

/// Makes exchanges for one thread, with a table of its own that it renews when hooks change.
class registry_loop final : public exchange_factory {
public:
    registry_loop(std::shared_ptr<registry_core> core, state_type state)
        : core_(std::move(core)), counters_(core_->services().new_counters()), state_(state) {}

    exchange_ptr make_exchange(asio::any_io_executor const& executor, reply_sink* sink) override {
        return exchange::make(*this, *counters_, state_, executor, true, sink);
    }
    HTTPHOOKS_DECL std::unique_ptr<judgement> judge(asio::any_io_executor const& executor,
                                                    reply_sink& sink) override;
    HTTPHOOKS_DECL body_plan plan_body(request const& header) override;
    hook_table_ptr table() override {
        current();
        return table_;
    }

private:
    hook_table const& current() {
        if (std::uint64_t const now = core_->version(); now != version_) renew(now);
        return *table_;
    }
    void renew(std::uint64_t version);

    std::shared_ptr<registry_core> core_;
    std::shared_ptr<counters> counters_;
    state_type state_;
    hook_table_ptr table_;
    std::uint64_t version_ = 0;
    httphooks::url url_;
    route_table<hook_entry const*>::match_list matches_;
};

/// Makes exchanges for callers on any thread.
class shared_registry_loop final : public exchange_factory {
public:
    shared_registry_loop(std::shared_ptr<registry_core> core, state_type state)
        : core_(std::move(core)), state_(state) {}

    exchange_ptr make_exchange(asio::any_io_executor const& executor, reply_sink* sink) override {
        return exchange::make(*this, core_->services().shared_counters(), state_, executor, false,
                              sink);
    }
    HTTPHOOKS_DECL std::unique_ptr<judgement> judge(asio::any_io_executor const& executor,
                                                    reply_sink& sink) override;
    HTTPHOOKS_DECL body_plan plan_body(request const& header) override;
    hook_table_ptr table() override { return core_->table(); }

private:
    std::shared_ptr<registry_core> core_;
    state_type state_;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/registry/impl/registry_loop.ipp>
#include <httphooks/detail/registry/impl/registry_loop_judgement.ipp>
#endif
