// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Listeners see what happens and change nothing: an access log, and a count of what is sold.

#include <httphooks/registry.hpp>
#include <httphooks/testing.hpp>

#include <iostream>
#include <string>

namespace hh = httphooks;

int main() {
    hh::registry hooks;

    // The request as it came, before anything else.
    hooks.request_listener(hh::any_verb, "/*", [](auto& c) {
        std::cout << c.id() << " began " << c.request().method_string() << ' ' << c.path() << '\n';
    });

    // The request as the pre-responders left it.
    hooks.pre_listener(hh::verb::post, "/orders", [](auto& c) {
        std::cout << c.id() << " order of " << c.request()["X-User"] << ": " << c.request().body()
                  << '\n';
    });

    // The responses so far, one of each responder.
    int sold = 0;
    hooks.post_listener(hh::verb::post, "/orders", [&](auto& c) {
        for (hh::response const& r : c.responses())
            if (r.result() == hh::status::created) ++sold;
    });

    // The final response, after it was handed over. Also for what no responder serves.
    hooks.response_listener(hh::any_verb, "/*", [](hh::response_listener_context const& c) {
        std::cout << c.id() << " ended with " << c.response().result_int() << ", "
                  << c.response().body().size() << " bytes\n";
    });

    hooks.pre_responder(hh::verb::post, "/orders", [](auto& c) {
        hh::fields more;
        more.set("X-User", "alice");
        c.replace_request(std::move(more));
    });
    hooks.post("/orders", [](auto& c) {
        c.set_response(hh::status::created, "ordered " + c.request().body(), "text/plain");
    });

    hh::request order(hh::verb::post, "/orders", 11);
    order.body() = "a book";
    hh::testing::inject(hooks, order);
    hh::testing::inject(hooks, hh::request(hh::verb::get, "/nothing", 11));
    std::cout << "sold: " << sold << '\n';
    return sold == 1 ? 0 : 1;
}
