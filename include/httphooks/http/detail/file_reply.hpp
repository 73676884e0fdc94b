// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The reply to a request for a file: whole, in part, or not at all because the client has it.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/http/detail/open_beneath.hpp>
#include <httphooks/message.hpp>

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace httphooks::http::detail {

/// What a client may compare a file with.
struct file_version {
    std::uint64_t size;
    /// When it was changed last, not later than now.
    std::time_t modified;
    /// A strong validator, with its quotes.
    std::string etag;

    /// @param coding of a file that is compressed; empty: it is not
    file_version(struct stat const& file, std::time_t now, std::string_view coding = {});
};

/// Whether a file was changed before another one.
bool changed_before(struct stat const& a, struct stat const& b) noexcept;

/// How a file is sent.
struct file_presentation {
    std::string_view content_type;
    /// Empty: no such field.
    std::string_view cache_control;
    /// Bytes of several ranges that are put together in memory; beyond it the whole file is sent.
    std::size_t multipart_limit;
    /// How the file is compressed; empty: not, or it is for its own sake. Several ranges of one
    /// that is are answered with the whole file.
    std::string_view content_encoding{};
    /// Whether another file may be sent to clients with another Accept-Encoding.
    bool varies = false;
};

/// What the preconditions of a request make of it.
enum class precondition { passed, not_modified, failed };

/** Judges If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, for GET and HEAD.

    @par Source
    RFC 9110 13.2.2
*/
precondition judge_preconditions(request const& r, file_version const& file);

/// Whether the client's If-Range, if there is one, lets it have a part (RFC 9110 13.1.5).
bool range_applies(request const& r, file_version const& file, std::time_t now);

/** The reply to GET or HEAD.

    @param file a regular file, open for reading
    @par Source
    RFC 9110 13 (preconditions), 14 (ranges), 15.3.7 (206), 15.4.5 (304), 15.5.17 (416)
*/
response reply_with_file(request const& r, unique_descriptor file, struct stat const& facts,
                         file_presentation const& how,
                         std::time_t now = httphooks::detail::coarse_time());

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/file_reply.ipp>
#endif
