// expect: may_respond
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/context.hpp>

namespace hh = httphooks;

void hook(hh::response_listener_context& c) {
    c.set_response(hh::status::ok);
}
