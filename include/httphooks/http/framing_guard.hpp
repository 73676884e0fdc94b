// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Decides whether a request's framing is beyond doubt, before anything looks at the request.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace httphooks::http {

/// How large the parts of a request may be; each limit is the last size that is accepted.
struct framing_limits {
    /// Bytes of the request line, without its CRLF; beyond it 414. As in node.
    std::size_t request_line = 16 * 1024;
    /// Bytes of the header fields with all their CRLF, and of the trailer fields; beyond it 431.
    std::size_t header = 16 * 1024;
    /// Fields of the header and of the trailer together; beyond it 431.
    std::size_t fields = 100;
    /// Bytes of the chunk extensions of one body; beyond it 400.
    std::size_t chunk_extensions = 1024;
    /// Chunks of one body, without the last, empty one; beyond it 400. A body that is not kept in
    /// memory may have more, if they have 1 KiB on average.
    std::size_t chunks = 65'536;
};

/** Judges the framing of one request after another.

    Two servers that read the same bytes as different requests let an attacker smuggle one past the
    first of them. So what RFC 9112 leaves open, or tells a server to repair, is refused here: both
    lengths, more than one length, codings other than chunked, folded lines, bare LF, none or
    several Host fields, fields in the trailer that would change the request. Whoever refuses must
    answer with the status given and close the connection.

    The order of calls: skip() and scan() with growing input until the header is whole; then, while
    a parser walks it, on_field() for each field and on_header(); then on_chunk() and on_trailer().
    The verdict does not depend on how the bytes were split. Not thread-safe; no I/O; no memory.

    @par Source
    RFC 9112 2.2, 3.2, 5.2, 6.1 to 6.3, 7.1; RFC 9110 6.5.1, 10.1.1
*/
class framing_guard {
public:
    /// What scan() returns when it has refused the input.
    static constexpr std::size_t refused = static_cast<std::size_t>(-1);

    /// A guard that waits for the first byte of a request.
    explicit framing_guard(framing_limits const& limits = {}) noexcept : limits_(limits) {}

    /// Forgets the request; the next byte is the first of another.
    void reset() noexcept;

    /** Looks for an empty line in front of a request, of which one is allowed.
        @param received the first bytes of a request
        @return how many bytes of them are such a line and are to be left out; 0: none */
    std::size_t skip(std::string_view received) noexcept;

    /// Whether anything of a request has come, if only an empty line in front of it.
    bool begun() const noexcept { return seen_.skipped || seen_.scanned > 0; }

    /** Looks for the end of the header.
        @param received every byte of the request so far, but for what skip() has told to leave out;
            what was scanned before must be the same
        @return the header's length with its empty line; 0: more is needed; or `refused` */
    std::size_t scan(std::string_view received) noexcept;

    /// Judges a header field. @return false when it is refused
    bool on_field(field id, std::string_view value) noexcept;

    /// Judges the header as a whole, after its last field. @return false when it is refused
    bool on_header(verb method, std::string_view target, unsigned version) noexcept;

    /** Judges a chunk's line.
        @param size bytes of the chunk; 0: the last one, which does not count
        @param size_digits how many digits its size has, leading zeros included
        @param extension what stands between size and CRLF
        @param kept whether the body is kept in memory
        @return false: refused */
    bool on_chunk(std::uint64_t size, std::size_t size_digits, std::string_view extension,
                  bool kept) noexcept;

    /// Judges a field of the trailer; one that is accepted is still to be dropped. @return as above
    bool on_trailer(field id, std::string_view name, std::string_view value) noexcept;

    /** Judges input that a parser wants more of, in the middle of a chunked body.
        @param pending the bytes that wait: a chunk's line, or the last one and trailer fields
        @param in_trailer whether they begin with a trailer field, the last chunk's line being taken
        @return false when no end of them within the limits is possible */
    bool on_pending(std::string_view pending, bool in_trailer) noexcept;

    /// The status to answer with, when the request was refused; else status::unknown.
    status refusal() const noexcept { return seen_.refusal; }

    /// True when the client waits for 100 before it sends the body.
    bool expects_continue() const noexcept { return seen_.expects_continue; }

    /** True for a request target that may go anywhere: origin-form, absolute-form, or `*` with
        OPTIONS, of printable ASCII without those characters that a URL never has plain. */
    static bool valid_target(verb method, std::string_view target) noexcept;

    /// True for `host[:port]` of characters that a host may have; RFC 9110 7.2.
    static bool valid_host(std::string_view host) noexcept;

private:
    /// Digits of a chunk's size; 64 bits have 16, some senders pad with zeros.
    static constexpr std::size_t most_size_digits = 32;

    bool refuse(status s) noexcept {
        if (seen_.refusal == status::unknown) seen_.refusal = s;
        return false;
    }
    inline bool folded(std::string_view name, std::string_view value) const noexcept;
    inline bool judge_coding(std::string_view value) noexcept;
    inline bool host_agrees(std::string_view target) const noexcept;

    /// What there was of the request.
    struct request_state {
        std::size_t scanned = 0;
        std::size_t line = 0;
        std::size_t fields_begin = 0;
        std::size_t field_count = 0;
        std::size_t trailer_bytes = 0;
        std::size_t extension_bytes = 0;
        std::size_t chunk_count = 0;
        std::uint64_t chunk_bytes = 0;
        std::string_view host{};
        std::string_view coding{};
        status refusal = status::unknown;
        std::uint8_t hosts = 0;
        std::uint8_t lengths = 0;
        std::uint8_t codings = 0;
        bool expects_continue = false;
        bool skipped = false;
    };

    framing_limits limits_;
    request_state seen_{};
};

// ---------------------------------------------------------------------------------------------

namespace detail {

using httphooks::detail::ascii_iequals;
using httphooks::detail::ascii_istarts_with;
using httphooks::detail::trim_ows;

/// A set of bytes.
struct byte_set {
    std::array<bool, 256> has{};

    constexpr byte_set(std::string_view bytes, bool alphanumeric) noexcept {
        for (char c : bytes) has[static_cast<unsigned char>(c)] = true;
        if (alphanumeric)
            for (int c = 0; c < 128; ++c)
                if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
                    has[static_cast<std::size_t>(c)] = true;
    }
    constexpr bool operator()(char c) const noexcept { return has[static_cast<unsigned char>(c)]; }
    constexpr bool all(std::string_view s) const noexcept {
        for (char c : s)
            if (!(*this)(c)) return false;
        return true;
    }
};

inline constexpr byte_set name_bytes{"-._~!$&'()*+;=%", true};
inline constexpr byte_set literal_bytes{"-._~!$&'()*+;=%:", true};
inline constexpr byte_set target_bytes{"-._~!$&'()*+,;=%[]:/?@", true};
inline constexpr byte_set digit_bytes{"0123456789", false};

/// The raw path of a target: without scheme, authority, query and fragment.
std::string_view target_path(std::string_view target) noexcept;

}  // namespace detail

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/framing_guard.ipp>
#endif
