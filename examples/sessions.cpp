// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A login with a session, and a form that other sites cannot send. Argument: the port (8080).
//
// curl: /account => Please log in
// curl: -d 'user=ann&password=wrong' /login => Wrong name or password
// curl: -L -b '' -d 'user=ann&password=secret' /login => Hello, ann
// curl: -b '' -d 'user=ann&password=secret' /login --next -b '' -d note=x /account => Forbidden
// curl: -b '' -d 'user=ann&password=secret' /login --next -b '' -X DELETE /login /account => log in

#include <httphooks.hpp>
#include <httphooks/csrf.hpp>
#include <httphooks/form_data.hpp>
#include <httphooks/sessions.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace hh = httphooks;
using hh::status;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());

    hh::sessions const sessions({.cookie = {.name = "sid"}, .idle = std::chrono::minutes(20)});
    hh::csrf const csrf(sessions);

    hooks.post("/login", [sessions](auto& c) {
        auto const form = c.form();
        if (form["user"] != "ann" || form["password"] != "secret")
            return hh::make_response(status::unauthorized, "Wrong name or password", "text/plain");
        auto& session = sessions.of(c);
        session.rotate();  // an id that somebody knew before the login is worth nothing
        session.set("user", std::string(form["user"]));
        auto reply = hh::make_response(status::see_other);
        reply.set(hh::field::location, "/account");
        return reply;
    });
    hooks.delete_("/login", [sessions](auto& c) { sessions.of(c).destroy(); });

    // Who has not logged in does not come this far; nor does a form without the page's token.
    hooks.pre_responder(hh::any_verb, "/account", [sessions](auto& c) {
        if (sessions.of(c).has("user")) return c.pass();
        c.set_response(status::unauthorized, "Please log in\n", "text/plain");
    });
    hooks.pre_responder(hh::any_verb, "/account", csrf);

    hooks.get("/account", [sessions, csrf](auto& c) {
        auto page = hh::text("<p>Hello, ", sessions.of(c).get("user"),
                             "<form method=post><input name=note><input type=hidden "
                             "name=csrf_token value=",
                             csrf.token(c), "></form>\n");
        page.set(hh::field::content_type, "text/html; charset=utf-8");
        return page;
    });
    hooks.post("/account", [sessions](auto& c) {
        sessions.of(c).set("note", std::string(c.form()["note"]));
        return "noted\n";
    });
    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
