// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// What answers when no responder does: the library, a no-match handler, or a default responder.

#include <httphooks/registry.hpp>
#include <httphooks/testing.hpp>

#include <iostream>

namespace hh = httphooks;
using hh::verb;

int main() {
    hh::registry hooks;
    hooks.get("/books", [](auto&) { return "books"; });

    auto const show = [&](verb method, char const* target) {
        hh::response const r = hh::testing::inject(hooks, hh::request(method, target, 11));
        std::cout << method << ' ' << target << ": " << r.result_int() << ' ' << r.body();
        if (r.count(hh::field::allow)) std::cout << " (Allow: " << r[hh::field::allow] << ')';
        std::cout << '\n';
    };
    auto const show_all = [&](char const* what) {
        std::cout << what << '\n';
        show(verb::get, "/books");
        show(verb::put, "/books");
        show(verb::options, "/books");
        show(verb::get, "/missing");
    };

    show_all("The library: 404, and 405 or 204 with Allow for a path that has a responder");

    // In place of the 404. The 405 stays.
    hooks.no_match([](auto& c) {
        c.set_response(hh::status::not_found, hh::text("nothing at ", c.path()).body());
    });
    show_all("\nA no-match handler");

    // For every method and every path that no responder matches; the other is not called then.
    hooks.default_responder([](auto& c) { return hh::text("by default: ", c.path()); });
    show_all("\nA default responder");

    hooks.default_responder(nullptr);
    hooks.no_match(nullptr);
}
