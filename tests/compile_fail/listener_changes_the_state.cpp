// expect: read-only object|returns a const value
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/context.hpp>

namespace hh = httphooks;

struct counter {
    int hits = 0;
};

void hook(hh::basic_context<hh::hook_type::request_listener, counter>& c) {
    ++c.state().hits;
}
