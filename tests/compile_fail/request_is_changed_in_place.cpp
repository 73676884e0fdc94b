// expect: discards qualifiers|no matching member function
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/context.hpp>

namespace hh = httphooks;

void hook(hh::pre_responder_context& c) {
    c.request().set("A", "b");
}
