// expect: hook_function
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/registry.hpp>

namespace hh = httphooks;

struct no_response {};

void hooks(hh::registry& r) {
    r.get("/", [](hh::responder_context&) { return no_response(); });
}
