// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What kind of content a file has, by its name.
*/

#include <httphooks/detail/text/http_text.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace httphooks::http::detail {

/** What follows the last dot of a file's name; empty when there is none.

    @param path the dot must be in its last segment, and not its first character
*/
constexpr std::string_view extension_of(std::string_view path) noexcept {
    std::string_view const name = path.substr(path.rfind('/') + 1);
    std::size_t const dot = name.rfind('.');
    return dot == name.npos || dot == 0 ? std::string_view() : name.substr(dot + 1);
}

/** The media type for an extension; application/octet-stream for an unknown one.

    @par Source
    The IANA registry of media types, RFC 9239 (JavaScript)
*/
inline std::string_view content_type_of(std::string_view extension) noexcept {
    using entry = std::pair<std::string_view, std::string_view>;
    static constexpr std::array<entry, 47> types{{
        {"7z", "application/x-7z-compressed"},
        {"aac", "audio/aac"},
        {"avif", "image/avif"},
        {"bmp", "image/bmp"},
        {"bz2", "application/x-bzip2"},
        {"css", "text/css; charset=utf-8"},
        {"csv", "text/csv; charset=utf-8"},
        {"epub", "application/epub+zip"},
        {"flac", "audio/flac"},
        {"gif", "image/gif"},
        {"gz", "application/gzip"},
        {"htm", "text/html; charset=utf-8"},
        {"html", "text/html; charset=utf-8"},
        {"ico", "image/x-icon"},
        {"ics", "text/calendar; charset=utf-8"},
        {"jpeg", "image/jpeg"},
        {"jpg", "image/jpeg"},
        {"js", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"jsonld", "application/ld+json"},
        {"map", "application/json"},
        {"md", "text/markdown; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"mp3", "audio/mpeg"},
        {"mp4", "video/mp4"},
        {"oga", "audio/ogg"},
        {"ogg", "audio/ogg"},
        {"ogv", "video/ogg"},
        {"opus", "audio/ogg"},
        {"otf", "font/otf"},
        {"pdf", "application/pdf"},
        {"png", "image/png"},
        {"svg", "image/svg+xml"},
        {"tar", "application/x-tar"},
        {"tif", "image/tiff"},
        {"tiff", "image/tiff"},
        {"ttf", "font/ttf"},
        {"txt", "text/plain; charset=utf-8"},
        {"wasm", "application/wasm"},
        {"wav", "audio/wav"},
        {"webm", "video/webm"},
        {"webmanifest", "application/manifest+json"},
        {"webp", "image/webp"},
        {"woff", "font/woff"},
        {"woff2", "font/woff2"},
        {"xml", "application/xml"},
        {"zip", "application/zip"},
    }};
    static_assert(std::ranges::is_sorted(types, {}, &entry::first));
    for (auto const& [name, type] : types)
        if (httphooks::detail::ascii_iequals(name, extension)) return type;
    return "application/octet-stream";
}

}  // namespace httphooks::http::detail
