// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Hooks of one request share an object: what the guard found out, the responder need not ask again.

#include <httphooks/registry.hpp>
#include <httphooks/testing.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace hh = httphooks;

/// Made for each request.
struct visit {
    std::string user;
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

int main() {
    hh::basic_registry<visit> hooks;

    hooks.pre_responder(hh::any_verb, "/*", [](auto& c) {
        c.state().user = c.request()[hh::field::authorization];
        if (c.state().user.empty())
            c.set_response(hh::status::unauthorized);
        else
            c.pass();
    });

    hooks.get("/me", [](auto& c) { return hh::text("you are ", c.state().user); });

    // Listeners may read it.
    hooks.response_listener(hh::any_verb, "/*", [](auto& c) {
        auto const time = std::chrono::steady_clock::now() - c.state().begin;
        std::cout << '[' << c.state().user << "] " << c.response().result_int() << " after "
                  << std::chrono::duration_cast<std::chrono::microseconds>(time).count() << " us\n";
    });

    hh::request request(hh::verb::get, "/me", 11);
    std::cout << hh::testing::inject(hooks, request).body() << '\n';
    request.set(hh::field::authorization, "alice");
    hh::response const reply = hh::testing::inject(hooks, request);
    std::cout << reply.body() << '\n';
    return reply.body() == "you are alice" ? 0 : 1;
}
