// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The entry point of the test programs.
*/

#define CATCH_CONFIG_RUNNER
#include <csignal>

#include "support/catch.hpp"

int main(int argc, char* argv[]) {
    std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code
    return Catch::Session().run(argc, argv);
}
