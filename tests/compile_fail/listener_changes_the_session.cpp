// expect: discards qualifiers|not marked const|'this' argument
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/sessions.hpp>

namespace hh = httphooks;

void hook(hh::request_listener_context& c, hh::sessions const& sessions) {
    sessions.of(c).set("a", "1");
}
