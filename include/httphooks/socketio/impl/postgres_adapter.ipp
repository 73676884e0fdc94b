// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/postgres_adapter.hpp>

#include <httphooks/postgres/options.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_adapter.hpp>
#include <httphooks/socketio/cluster_options.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/socketio/impl/postgres_adapter_hub.ipp>
#include <httphooks/socketio/impl/postgres_adapter_messages.ipp>

#include <memory>
#include <string>
#include <utility>

namespace httphooks::socketio {

HTTPHOOKS_DECL adapter_factory postgres_adapter(postgres::options o, postgres_adapter_options a) {
    std::string const table = detail::postgres_table(a);
    auto make = [o = std::move(o), a,
                 table](adapter_context& c) -> std::unique_ptr<cluster_transport> {
        auto hub = std::static_pointer_cast<detail::postgres_hub>(c.share(
            [&] { return std::make_shared<detail::postgres_hub>(c.place(), o, a, table); }));
        return std::make_unique<detail::postgres_transport>(std::move(hub), c.name());
    };
    return cluster_adapter(std::move(make), {.requests_timeout = a.requests_timeout,
                                             .heartbeat_interval = a.heartbeat_interval,
                                             .heartbeat_timeout = a.heartbeat_timeout});
}

}  // namespace httphooks::socketio
