// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Pre-responders guard and complete requests; post-responders complete responses.

#include <httphooks/registry.hpp>
#include <httphooks/testing.hpp>

#include <boost/beast/http/write.hpp>

#include <functional>
#include <iostream>
#include <string>
#include <utility>

namespace hh = httphooks;
using hh::field;
using hh::status;
using hh::verb;

int main() {
    hh::registry hooks;

    // A field that every reply gets, whatever it becomes.
    hooks.pre_responder(hh::any_verb, "/*", [](auto& c) {
        c.reply_headers().set("X-Request-Id", std::to_string(c.id()));
        c.pass();
    });

    // Who is it? Any other status than 2xx ends the chain: the responder never sees the request.
    hooks.pre_responder(verb::post, "/orders", [](auto& c) {
        if (c.request()[field::authorization] != "Bearer secret")
            return c.set_response(status::unauthorized, "who are you?", "text/plain");
        hh::fields more;
        more.set("X-User", "alice");
        c.replace_request(std::move(more));  // for every later hook
    });

    // Is it an order? A guard that forgets to decide, or throws, ends the chain with 500.
    hooks.pre_responder(verb::post, "/orders", [](auto& c) {
        if (c.request().body().empty())
            c.set_response(status::unprocessable_entity, "order something", "text/plain");
        else
            c.pass();
    });

    hooks.post("/orders", [](auto& c) {
        return hh::text(c.request()["X-User"], " ordered ", c.request().body());
    });

    // Signs what the responder made.
    hooks.post_responder(verb::post, "/orders", [](auto& c) {
        if (c.responses().empty()) return;
        hh::response signed_one = c.responses().front();
        signed_one.set("X-Signature", std::to_string(std::hash<std::string>()(signed_one.body())));
        c.replace_response(std::move(signed_one));
    });

    hh::request order(verb::post, "/orders", 11);
    std::cout << hh::testing::inject(hooks, order) << "\n\n";
    order.set(field::authorization, "Bearer secret");
    std::cout << hh::testing::inject(hooks, order) << "\n\n";
    order.body() = "a book";
    hh::response const reply = hh::testing::inject(hooks, order);
    std::cout << reply << '\n';
    return reply.body() == "alice ordered a book" && reply.count("X-Signature") == 1 ? 0 : 1;
}
