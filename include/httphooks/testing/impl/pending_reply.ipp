// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/testing/pending_reply.hpp>

#include <httphooks/message.hpp>

#include <stdexcept>

namespace httphooks::testing {

HTTPHOOKS_DECL response const& pending_reply::get() const {
    if (!ready())
        throw std::logic_error(
            "testing: there is no reply yet: the hook waits for time to pass, or for what is not "
            "on the clock's executor");
    return **reply_;
}

}  // namespace httphooks::testing
