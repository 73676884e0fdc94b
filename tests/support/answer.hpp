// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/context.hpp>

namespace support {

/// A responder for tests in which it is not called.
inline constexpr auto answer = [](httphooks::responder_context&) { return "x"; };

}  // namespace support
