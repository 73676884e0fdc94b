// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/live_nsp.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>

#include "support/catch.hpp"
#include "support/idle_socket.hpp"

namespace sio = httphooks::socketio;
using support::idle_socket;

TEST_CASE("the secret of a session is forgotten by who has it, not by who had it") {
    boost::asio::io_context context(1);
    auto const settings =
        std::make_shared<sio::detail::server_settings>(context.get_executor(), sio::options());
    auto const nsp = std::make_shared<sio::detail::live_nsp>(
        "/", settings, std::weak_ptr<sio::detail::nsp_owner>());
    auto const old = std::make_shared<idle_socket>(settings->place);
    auto const now = std::make_shared<idle_socket>(settings->place);
    nsp->know("secret", old, "");
    CHECK(nsp->holder("secret", "1") == old);
    nsp->know("secret", now, "1");
    nsp->forget("secret", old);
    CHECK(nsp->holder("secret", "2") == now);
    CHECK(nsp->holder("secret", "1") == nullptr);
    nsp->forget("secret", now);
    CHECK(nsp->holder("secret", "2") == nullptr);
}
