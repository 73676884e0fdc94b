// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client has for its server, in batches.
*/

#include <httphooks/config.hpp>
#include <httphooks/websocket/detail/client_outbox.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

/// Message arrays that wait for the server, and lack their last bracket.
class client_outbox final : public websocket::detail::client_outbox<std::string> {
public:
    /// @param limit bytes that may wait @param batch bytes that go together
    client_outbox(std::size_t limit, std::size_t batch)
        : websocket::detail::client_outbox<std::string>(limit), batch_(batch) {}

    /// @param first is set when nobody has been asked to send yet
    /// @return whether there was room
    bool add(std::string_view message, bool& first);
    /// The next array; nothing when nothing waits.
    std::optional<std::string> take();

private:
    std::size_t const batch_;
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/client_outbox.ipp>
#endif
