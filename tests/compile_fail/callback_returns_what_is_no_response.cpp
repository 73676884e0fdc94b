// expect: has one of the four forms `T(context&)`, `void(context&)`
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/registry.hpp>

namespace hh = httphooks;

struct no_response {};

void hooks(hh::registry& r) {
    r.get("/", [](hh::responder_context&) { return no_response(); });
}
