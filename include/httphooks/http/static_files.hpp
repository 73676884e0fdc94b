// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Files as replies: those below a directory, by a responder, or a single one.
*/

#include <httphooks/config.hpp>
#include <httphooks/context.hpp>
#include <httphooks/http/detail/open_beneath.hpp>
#include <httphooks/message.hpp>
#include <httphooks/route_pattern.hpp>
#include <httphooks/url.hpp>

#include <sys/stat.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::http {

/// How long clients may keep some of the files.
struct cache_rule {
    /// Which ones: a route_pattern of paths below the directory, as "/assets/*" or "*.html".
    std::string pattern = "*";
    /// The value of Cache-Control; empty: no such field.
    std::string cache_control = "public, max-age=31536000, immutable";
    /** Whether the rule is only for names with a hash of the content, as "app.3f2a9c1b.js": between
        dots, hyphens and underscores at least eight hexadecimal digits, letters and numerals among
        them. */
    bool hashed = false;
};

/// How files are served.
struct static_files_options {
    /// The pattern's parameter that holds the path below the directory. A hook whose pattern has no
    /// such parameter takes the whole path.
    std::string parameter = "path";
    /// The file that stands for its directory; empty: directories are not found.
    std::string index = "index.html";
    /// The value of Cache-Control; empty: no such field.
    std::string cache_control = "public, max-age=0";
    /// Whether names that begin with a dot are served.
    bool dot_files = false;
    /// Media types by extension, without its dot, before those that are known.
    std::map<std::string, std::string, std::less<>> content_types{};
    /// Bytes of a reply with several ranges, which is put together in memory; beyond it the whole
    /// file is sent.
    std::size_t multipart_limit = 1024 * 1024;
    /** The file that answers navigations to paths where there is no file, as "index.html" of a
        single-page application; empty: they are not found.

        A navigation has `Sec-Fetch-Mode: navigate`, or, where that field is missing, an Accept that
        names text/html. A path whose extension is known, as that of a script or a picture, is never
        answered so. */
    std::string fallback_file = {};
    /// In place of `cache_control` for files that they are for; the first one counts.
    std::vector<cache_rule> cache_rules{};
    /** Whether a compressed file beside a file is sent in its place where the client takes it:
        "app.js.br" or "app.js.gz" for "app.js". One that is older than the file is not. Which one
        is asked of the client's Accept-Encoding; of two that it wants alike the first. */
    bool precompressed = false;
};

/** A responder that serves the files below a directory:
    `hooks.get("/files/:path", static_files("www"))`, or with a splat parameter for a whole tree.
    Where there is no such parameter, as in `hooks.default_responder(static_files("www"))`, the
    request's path is the path below the directory.

    Regular files only, with ETag, Last-Modified, preconditions and ranges. What is outside of the
    directory, also by symbolic links, names that begin with a dot, and paths with an escaped slash
    or backslash are not found. A directory with an index file is answered with it, or, when the
    path does not end in a slash, with a redirection to the path that does.

    The directory is opened once: what takes its name later is not served. Files are opened and
    looked at on the exchange's thread; their content is read by whoever writes the reply.

    @par Thread safety
    Several threads may call it at once.
    @par Source
    RFC 9110 13 to 15; defaults of npm's send 0.18. Unlike that, several ranges are answered as
    multipart/byteranges, and HEAD ignores ranges (RFC 9110 14.2).
*/
class static_files {
public:
    /** @param root the directory
        @throws system_error it cannot be opened, or is no directory
        @throws std::invalid_argument the pattern of a cache rule cannot be compiled, or has a query
            or a fragment; the fallback file's path is not one below the directory
    */
    explicit static_files(std::string const& root, static_files_options options = {});

    /// Answers one request.
    template <class State>
    void operator()(basic_context<hook_type::responder, State>& c) const {
        std::string const& parameter = shared_->options.parameter;
        auto reply = c.has_param(parameter)
                         ? serve(c.request(), c.path(), c.param(parameter))
                         : serve(c.request(), c.path(), percent_decode(below_root(c.path())));
        c.set_response(std::move(reply));
    }

private:
    struct shared {
        detail::unique_descriptor root;
        static_files_options options;
        /// Of the cache rules.
        std::vector<route_pattern> patterns;
    };
    struct opened {
        detail::unique_descriptor file{};
        struct stat facts {};
    };

    static std::string_view below_root(std::string_view path) noexcept {
        return path.substr(path.starts_with('/') ? 1 : 0);
    }
    response serve(request const& r, std::string_view path, std::string_view name) const;
    /// Opens what a name stands for; no file when it is not found.
    inline opened open(std::string const& name) const;
    response reply(request const& r, opened from, std::string_view name) const;
    /// The compressed file that is sent in place of one, if there is one, and its coding.
    inline std::string_view find_compressed(request const& r, opened& from,
                                            std::string_view name) const;
    /// The reply where there is no file of the name.
    inline response reply_without_file(request const& r, std::string_view name) const;
    inline std::string_view content_type_of(std::string_view extension) const;
    inline std::string_view cache_control_of(std::string_view name) const;

    std::shared_ptr<shared const> shared_;
};

/** Answers with one file, whose path the program knows: never pass what a client sent.

    @param path of a regular file; symbolic links are followed
    @param content_type empty: by the file's extension
    @param cache_control the value of Cache-Control; empty: no such field
    @throws system_error the file cannot be opened for another reason than that it is not there;
        when it is not there, or no regular file, the response is a 404
*/
template <class State>
void send_file(basic_context<hook_type::responder, State>& c, std::string const& path,
               std::string_view content_type = {},
               std::string_view cache_control = "public, max-age=0");

// ---------------------------------------------------------------------------------------------

namespace detail {

response reply_with_path(request const& r, std::string const& path, std::string_view content_type,
                         std::string_view cache_control);

}  // namespace detail

template <class State>
void send_file(basic_context<hook_type::responder, State>& c, std::string const& path,
               std::string_view content_type, std::string_view cache_control) {
    auto reply = detail::reply_with_path(c.request(), path, content_type, cache_control);
    c.set_response(std::move(reply));
}

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/static_files.ipp>
#endif
