// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The least that a project which uses the library does with it: it says which version it has.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <iostream>

int main() {
    std::cout << HTTPHOOKS_VERSION_STRING << '\n';
    return httphooks::make_error_code(httphooks::error::invalid_target) ? 0 : 1;
}
