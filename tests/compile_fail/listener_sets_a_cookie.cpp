// expect: may_respond
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/context.hpp>

namespace hh = httphooks;

void hook(hh::request_listener_context& c) {
    c.set_cookie({.name = "a"});
}
