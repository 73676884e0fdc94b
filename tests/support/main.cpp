// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The entry point of the test programs.
*/

#define CATCH_CONFIG_EXTERNAL_INTERFACES
#define CATCH_CONFIG_RUNNER
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "support/catch.hpp"

namespace {

#if defined(CATCH_VERSION_MAJOR) && CATCH_VERSION_MAJOR >= 3
using listener_base = Catch::EventListenerBase;
#else
using listener_base = Catch::TestEventListenerBase;
#endif

/// Ends the program when an assertion runs on another thread than its test: Catch2 has no locks.
class one_thread_listener : public listener_base {
public:
    using listener_base::listener_base;

    void testCaseStarting(Catch::TestCaseInfo const&) override {
        thread_ = std::this_thread::get_id();
    }
    void assertionStarting(Catch::AssertionInfo const& assertion) override {
        if (std::this_thread::get_id() == thread_) return;
        std::fprintf(stderr, "%s:%zu: an assertion on another thread than the test's\n",
                     assertion.lineInfo.file, assertion.lineInfo.line);
        std::abort();
    }

private:
    std::thread::id thread_{};
};

}  // namespace

CATCH_REGISTER_LISTENER(one_thread_listener)

int main(int argc, char* argv[]) {
    std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code
    return Catch::Session().run(argc, argv);
}
