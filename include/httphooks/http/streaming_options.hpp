// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client's streamed request is given beside the request.
*/

#include <chrono>
#include <cstdint>

namespace httphooks::http {

/// The options of client::async_stream().
struct streaming_options {
    /** How long the server may let the client wait, each time: for a place among the connections,
        for taking some bytes, for sending some when they are read. 0: for ever. It is in place of
        client_options::timeout. */
    std::chrono::milliseconds progress_timeout{30'000};
    /// Bytes of the response's body. 0: any number.
    std::uint64_t body_limit = 0;
    /** Makes the request ask with `Expect: 100-continue` before the content is sent, and is how
       long it waits for the answer; then it sends all the same. 0: it does not ask. */
    std::chrono::milliseconds continue_timeout{0};
};

}  // namespace httphooks::http
