// expect: parameter_value
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/context.hpp>

namespace hh = httphooks;

void hook(hh::responder_context& c) {
    c.param<char const*>("id");
}
