// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests: the reply to a request that has begun, which may need time to pass.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace httphooks::testing {

/** The reply to a request that was begun by start(). Copies are handles of the same one. */
class pending_reply {
public:
    /// Whether the reply has come.
    bool ready() const noexcept { return reply_->has_value(); }
    /** The reply.
        @throws std::logic_error it has not come */
    response const& get() const;

    /// For start(). @param to where the reply comes
    explicit pending_reply(std::shared_ptr<std::optional<response>> to) noexcept
        : reply_(std::move(to)) {}

private:
    std::shared_ptr<std::optional<response>> reply_;
};

}  // namespace httphooks::testing

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/testing/impl/pending_reply.ipp>
#endif
