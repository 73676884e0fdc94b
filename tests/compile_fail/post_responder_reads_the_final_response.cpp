// expect: response_listener
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/context.hpp>

namespace hh = httphooks;

void hook(hh::post_responder_context& c) {
    (void)c.response();
}
