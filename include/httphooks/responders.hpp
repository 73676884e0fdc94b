// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Which of the responders that match a request run.
*/

#include <cstdint>

namespace httphooks {

/** Which of the responders that match a request run.

    Listeners, pre-responders and post-responders run whenever they match. Of two patterns the more
    specific one is found segment by segment from the left: text before a parameter, a parameter
    before a segment of several pieces, that before a splat. Where the paths are equal a pattern
    with a query comes before one without, and the one with more literal values first; where that is
    equal too, the hook that was registered first.
*/
enum class responders : std::uint8_t {
    /// Every one; several responses become one multipart reply.
    all,
    /// The most specific one.
    best,
};

}  // namespace httphooks
