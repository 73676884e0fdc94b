// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client has for its server, in batches.
*/

#include <httphooks/config.hpp>

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

/// What waits for the server: message arrays that lack their last bracket. May be used by all
/// threads.
class client_outbox {
public:
    /// @param limit bytes that may wait @param batch bytes that go together
    client_outbox(std::size_t limit, std::size_t batch) : limit_(limit), batch_(batch) {}

    /// @param first is set when nobody has been asked to send yet
    /// @return whether there was room
    bool add(std::string_view message, bool& first);
    /// The next array; nothing when nothing waits.
    std::optional<std::string> take();
    /// What was taken is on its way.
    void sent() noexcept;
    void clear() noexcept;
    std::size_t size() const noexcept;

private:
    std::size_t const limit_;
    std::size_t const batch_;
    mutable std::mutex mutex_{};
    std::deque<std::string> arrays_{};
    std::size_t waiting_ = 0;
    std::size_t under_way_ = 0;
    bool asked_ = false;
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/client_outbox.ipp>
#endif
