// expect: and `void(context&, done)`: it returns nothing
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/registry.hpp>

namespace hh = httphooks;

void hooks(hh::registry& r) {
    r.request_listener(hh::any_verb, "/", [](hh::request_listener_context&) { return "a"; });
}
