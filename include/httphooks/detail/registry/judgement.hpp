// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A request that hooks judge and something else answers, for those who do not know exchanges.
*/

#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <string_view>

namespace httphooks::detail {

/** One request that is judged: see exchange::authorize_only(). When the object goes before there is
    a decision, the hooks are let go of, without a word to them. */
class judgement {
public:
    judgement() = default;
    judgement(judgement const&) = delete;
    judgement& operator=(judgement const&) = delete;
    virtual ~judgement() = default;

    /// Begins; on the executor. @return whether there is a decision; if not, the sink is told of it
    virtual bool start(request header, origin from) = 0;
    /// Drops the decision and cancels the hooks; the sink is not told any more.
    virtual void cancel() noexcept = 0;
    /// Cancels the hooks; the decision is a 504.
    virtual void time_out() noexcept = 0;

    /// Whether the request may go on.
    virtual bool passed() const noexcept = 0;
    /// The refusal; of a request that may go on, what hooks have for its reply.
    virtual response& reply() noexcept = 0;
    /// The refusal as a value, the file that is its body read.
    virtual response take_reply() = 0;
    /// The path as hooks see it.
    virtual std::string_view path() const noexcept = 0;
    /// The request as hooks have changed it; null: they have not.
    virtual request const* changed() const noexcept = 0;
    /// The refusal was handed over, or the request goes on.
    virtual void handed_over() = 0;
};

}  // namespace httphooks::detail
