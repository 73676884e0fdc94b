// expect: hook_function
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/registry.hpp>

namespace hh = httphooks;

void hooks(hh::registry& r) {
    r.get("/", [](int) { return "a"; });
}
