// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/engineio/detail/client_session.hpp>
#include <httphooks/http/client.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/socketio/client.hpp>
#include <httphooks/sockjs/client.hpp>
#include <httphooks/sockjs/detail/client_session.hpp>

#include "support/catch.hpp"
#include "support/death.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <memory>
#include <optional>
#include <string>

namespace asio = boost::asio;
namespace hh = httphooks;
using hh::detail::context_guard;

namespace {

/// Destroys a context before what was made on it.
template <class Make>
support::death too_late(Make make) {
    return support::death_of([&] {
        auto context = std::make_unique<asio::io_context>(1);
        auto made = make(*context);
        context.reset();
    });
}

}  // namespace

TEST_CASE("what is destroyed before its context, or with it, is nobody's fault") {
    asio::io_context context;
    context_guard none;
    { context_guard const guard(asio::make_strand(context)); }
    auto const kept = std::make_shared<context_guard>(context.get_executor());
    asio::post(context, [kept] {});
    std::optional<asio::io_context> other(std::in_place);
    {
        auto const with_it = std::make_shared<context_guard>(other->get_executor());
        asio::post(*other, [with_it] {});
    }
    other.reset();
    CHECK(kept.use_count() == 2);
}

#ifndef NDEBUG

TEST_CASE("what is destroyed after its context is told so by an assertion") {
    std::string const expected = "an io_context was destroyed before a server or client";
    auto const dies = [&](auto make) {
        support::death const how = too_late(make);
        CAPTURE(how.said);
        return how.signal == SIGABRT && how.said.find(expected) != how.said.npos;
    };
    asio::io_context of_hooks;
    hh::registry const hooks(of_hooks.get_executor());
    CHECK(dies(
        [](asio::io_context& c) { return std::make_unique<context_guard>(asio::make_strand(c)); }));
    CHECK(dies([&](asio::io_context& c) {
        hh::http::server web(c.get_executor(), hooks, {.address = "127.0.0.1"});
        web.listen();
        web.async_run(asio::detached);
        c.poll();
        return web;
    }));
    CHECK(dies([](asio::io_context& c) { return hh::http::client(c.get_executor()); }));
    CHECK(dies([](asio::io_context& c) { return hh::socketio::client(c.get_executor()); }));
    CHECK(dies([](asio::io_context& c) {
        auto const session = std::make_shared<hh::sockjs::detail::client_session>(
            c.get_executor(), std::make_shared<hh::sockjs::detail::client_settings>(),
            hh::http::absolute_url{}, hh::sockjs::detail::client_session::handler());
        return hh::sockjs::client_connection(session);
    }));
    CHECK(dies([](asio::io_context& c) {
        auto const session = std::make_shared<hh::engineio::detail::client_session>(
            c.get_executor(), std::make_shared<hh::engineio::detail::client_settings>(),
            hh::http::absolute_url{}, hh::engineio::detail::client_session::handler());
        return hh::engineio::client_connection(session);
    }));
}

#endif
