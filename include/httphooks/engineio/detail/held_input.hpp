// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client has sent while the application takes no messages.
*/

#include <httphooks/engineio/packet.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/message.hpp>

#include <deque>
#include <memory>
#include <utility>

namespace httphooks::engineio::detail {

/// Messages that wait for the application, and the post that brought them.
struct held_input {
    std::deque<packet> messages{};
    std::weak_ptr<http::detail::waiting_visit> post{};
    response reply{};

    /// Answers the post, if one waits.
    void answer() {
        if (auto const w = std::exchange(post, {}).lock()) w->answer(std::move(reply));
    }
};

}  // namespace httphooks::engineio::detail
