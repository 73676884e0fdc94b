// expect: deleted
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/fields.hpp>

namespace hh = httphooks;

void set(hh::fields& f) {
    f.set("A", nullptr);
}
