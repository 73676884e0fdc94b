// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Bodies of several parts: taking them apart and putting them together.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

/// What a multipart body may hold.
struct multipart_limits {
    /// Parts, those of nested bodies included.
    std::size_t parts = 128;
    /// Bytes of one part's header.
    std::size_t header_bytes = 8192;
    /// Header fields of one part.
    std::size_t fields = 16;
    /// How deep a part may be a multipart body itself: 0 is not at all.
    std::size_t nesting = 1;
};

/// One part of a multipart body.
struct multipart_part {
    /// The part's header.
    fields header;
    /// The part's content: a view of the body that it was found in.
    std::string_view body;
    /// The parts of the content, when its Content-Type is multipart with a boundary; not of a part
    /// that has a file's name: what is in a file is the file's.
    std::vector<multipart_part> parts;

    /// The `name` of a form's field (RFC 7578 4.2), if there is one.
    std::optional<std::string> name() const;
    /** The name of an uploaded file as the client wrote it: not a path to be trusted.

        It is `filename*`, as UTF-8, or where there is none that can be read `filename`.
        @par Source
        RFC 7578 4.2, RFC 6266 4.3 (some clients send what RFC 7578 forbids)
    */
    std::optional<std::string> filename() const;
};

/** Takes a multipart body apart; its time is linear in the body's size.

    What is before the first and behind the last delimiter is ignored.
    @param content_type The Content-Type of the message: any `multipart/` type with a boundary.
    @param body The body, which has to outlive the parts.
    @return The parts in order. error::invalid_multipart: not a multipart type, no valid boundary, a
    malformed header, no closing delimiter. error::multipart_limit: a limit is exceeded.
    @par Source
    RFC 2046 5.1, RFC 7578. Folded header lines are refused.
*/
result<std::vector<multipart_part>> parse_multipart(std::string_view content_type,
                                                    std::string_view body,
                                                    multipart_limits const& limits = {});

/** Puts parts together to a body.
    @param boundary A valid boundary that occurs in no part: see random_boundary().
    @throws std::invalid_argument if the boundary is not valid.
*/
std::string compose_multipart(std::span<multipart_part const> parts, std::string_view boundary);

/// Whether a text may be a boundary: 1 to 70 characters of those that RFC 2046 5.1.1 allows.
bool is_boundary(std::string_view s) noexcept;

/// Gives 64 random bits a call; an empty one stands for the system's random device.
using boundary_source = std::function<std::uint64_t()>;

/** A boundary of 128 random bits that occurs in none of the texts.
    @param texts What will be between the delimiters.
    @param source Where the bits come from; when they occur in a text, a number is appended.
*/
std::string random_boundary(std::span<std::string_view const> texts,
                            boundary_source const& source = {});

namespace detail {

bool is_multipart_type(std::string_view content_type) noexcept;

/// The boundary that a Content-Type names; nothing when it names none that is valid.
std::optional<std::string> boundary_of(std::string_view content_type);

/// Reads a part's header, and leaves the part's body in `content`.
error_code read_part_header(std::string_view& content, fields& to, multipart_limits const& limits);

}  // namespace detail

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/multipart.ipp>
#endif
