// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Judges the parts of a multipart body that are multipart bodies themselves, while they come.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/multipart_scanner.hpp>
#include <httphooks/multipart.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace httphooks::detail {

/** Judges the parts of one body: how many there are, and what is in those that are bodies of parts.
    No I/O.
    @par Source
    As parse_multipart() judges them
*/
class nested_multipart {
public:
    /** @param count how many parts all bodies have so far; it outlives this
        @param depth how many bodies there are around this one */
    nested_multipart(multipart_limits const& limits, std::size_t& count, std::size_t depth = 0)
        : limits_(limits), count_(count), depth_(depth) {}

    /// A part begins, of which the header is known. @return false: a limit is exceeded
    bool begin_part(multipart_part const& part);
    /// Some of its content. @return false: it is malformed, or exceeds a limit
    bool put(std::string_view content);
    /// Its end. @return as put()
    bool end_part();

private:
    inline bool read();

    multipart_limits limits_;
    std::size_t& count_;
    std::size_t depth_;
    /// Of the part, if it is a body of parts.
    std::optional<multipart_scanner> scanner_{};
    std::unique_ptr<nested_multipart> parts_{};
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/text/impl/nested_multipart.ipp>
#endif
