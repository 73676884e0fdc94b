// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A message that was published with Redis.
*/

#include <cstdint>
#include <string_view>

namespace httphooks::redis {

/// How a channel is subscribed.
enum class subscription : std::uint8_t {
    /// By SUBSCRIBE.
    channel,
    /// By PSUBSCRIBE: a glob, with `*`, `?`, `[...]` and `\`.
    pattern,
    /// By SSUBSCRIBE, Redis 7: what SPUBLISH publishes.
    shard,
};

/// A message that was published.
struct message {
    /// What it came by.
    subscription kind = subscription::channel;
    /// Where it was published.
    std::string_view channel{};
    /// The pattern that has matched, if it came by one.
    std::string_view pattern{};
    /// What was published.
    std::string_view payload{};
};

}  // namespace httphooks::redis
