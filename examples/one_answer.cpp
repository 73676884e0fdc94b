// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Two responders for one request: all of them run, or the best one, or the one that is no fallback;
// and what describe() says of them.

#include <httphooks/registry.hpp>
#include <httphooks/testing.hpp>

#include <iostream>
#include <string_view>

namespace hh = httphooks;

namespace {

void show(hh::registry const& hooks, std::string_view target) {
    hh::response const r = hh::testing::inject(hooks, hh::request(hh::verb::get, target, 11));
    std::cout << target << ": " << r.result_int() << ' ' << r[hh::field::content_type] << ", "
              << r.body().size() << " bytes\n";
}

/// To be called once all hooks are registered, in a test of the program as well.
void warn(hh::registry const& hooks) {
    for (hh::hook_description const& h : hooks.describe()) {
        for (hh::hook_warning const w : h.warnings)
            std::cout << "  " << h.order << ". " << h.hook.pattern << ": " << hh::to_string(w)
                      << '\n';
        for (hh::hook_overlap const& o : h.overlaps)
            std::cout << "     " << o.order << ". answers " << o.example << " too\n";
    }
}

void register_users(hh::registry& hooks) {
    hooks.get("/users/:id", [](auto& c) { return hh::text("user ", c.param("id")); });
    hooks.get("/users/me", [](auto&) { return "you"; });
}

}  // namespace

int main() {
    std::cout << "All of them: two responses become one multipart reply\n";
    hh::registry all;
    register_users(all);
    show(all, "/users/me");
    warn(all);

    std::cout << "The best one: a literal is more specific than a parameter\n";
    hh::registry best({.responders = hh::responders::best});
    register_users(best);
    show(best, "/users/me");
    warn(best);

    std::cout << "A fallback: it runs where no other responder serves the path\n";
    hh::registry files;
    files.get("/users/me", [](auto&) { return "you"; });
    files.get("/*path", [](auto&) { return hh::text("a file"); }, {.fallback = true});
    show(files, "/users/me");
    show(files, "/picture");
    warn(files);
}
