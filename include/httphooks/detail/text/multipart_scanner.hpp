// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Takes a multipart body apart while it comes.
*/

#include <httphooks/config.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/multipart.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::detail {

/** A multipart body, piece by piece; no I/O.

    Put in a piece, then take what is in it with next() until it wants more. What it keeps itself is
    a part's header, and what may be the beginning of a delimiter.
    @par Source
    RFC 2046 5.1; as parse_multipart() reads a body, without parts of parts
*/
class multipart_scanner {
public:
    /// What comes next.
    enum class event : std::uint8_t {
        /// Nothing, before more is put in.
        wants_more,
        /// A part, whose header() was read.
        part,
        /// Some bytes of the part: content().
        content,
        /// The end of the part.
        part_end,
        /// The end of the body; what comes behind it is ignored.
        end,
        /// Nothing any more: the body is malformed, or exceeds a limit.
        failed,
    };

    /// @param boundary one that is_boundary() takes
    multipart_scanner(std::string_view boundary, multipart_limits const& limits);
    multipart_scanner(multipart_scanner const&) = delete;
    multipart_scanner& operator=(multipart_scanner const&) = delete;

    /// Takes more, which stays as it is until the next event::wants_more.
    void put(std::string_view bytes);
    /// Nothing more comes.
    void finish();

    event next();

    /// The header of the part.
    fields const& header() const noexcept { return header_; }
    /// A view of what was put in, or of what was kept.
    std::string_view content() const noexcept { return content_; }

private:
    enum class state : std::uint8_t { preamble, header, body, between, closed, failed };

    /// What there is at a place where a delimiter may be.
    enum class found : std::uint8_t { nothing, delimiter, closing, unsure };

    inline found look(std::string_view text, std::size_t& length) const noexcept;
    inline std::size_t doubtful(std::string_view text) const noexcept;
    inline event read_header();
    inline event read_body();
    inline event want_more();
    inline event fail() noexcept;
    std::string_view rest() const noexcept { return input_.substr(at_); }

    multipart_limits limits_;
    /// With the line break in front of it.
    std::string delimiter_;
    /// What was kept, with what was put in behind it.
    std::string kept_{"\r\n"};
    std::string_view input_{};
    std::size_t at_ = 0;
    std::string header_text_{};
    fields header_{};
    std::string_view content_{};
    std::size_t parts_ = 0;
    /// Bytes in front of the content that are no part of it: the line break that a delimiter may
    /// begin with.
    std::size_t line_break_ = 0;
    state state_ = state::preamble;
    bool finished_ = false;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/text/impl/multipart_scanner.ipp>
#endif
