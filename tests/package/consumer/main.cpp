// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The least that a project which uses the library does with it.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

int main() {
    return httphooks::make_error_code(httphooks::error::invalid_target) ? 0 : 1;
}
