// expect: has one of the four forms `T(context&)`, `void(context&)`
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/registry.hpp>

namespace hh = httphooks;

hh::hook const h = hh::hook::of_type<hh::hook_type::pre_responder>(
    hh::any_verb, "/", [](hh::pre_responder_context&) { return 7; });
