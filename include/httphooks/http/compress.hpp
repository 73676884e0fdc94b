// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Compressed replies: for a whole server, or for the hooks that are to have them.
*/

#include <httphooks/config.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/http/content_coding.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

template <hook_type Type, class State>
class basic_context;
class stream_body;

namespace http {

/// Which replies are compressed, and how.
struct compress_options {
    /// What they may be compressed by: gzip(), deflate(), brotli(). Of those that a client wants
    /// most, the first one is used.
    std::vector<std::shared_ptr<content_coding const>> codings{};
    /// Bytes of a body, below which it is left as it is.
    std::size_t threshold = 1024;
    /// The media types of bodies that are compressed: one of them, all of a kind, as "text" with
    /// "/*" behind it, or all that end in a suffix, as "+json". Empty text: of replies that have no
    /// Content-Type.
    std::vector<std::string> types{"text/*",
                                   "+json",
                                   "+xml",
                                   "application/javascript",
                                   "application/json",
                                   "application/vnd.ms-fontobject",
                                   "application/wasm",
                                   "application/x-ndjson",
                                   "application/xml",
                                   "font/otf",
                                   "font/ttf",
                                   "image/bmp",
                                   "image/svg+xml",
                                   "image/x-icon"};
    /// Bytes of a file that is compressed on its way, for which it is read whole; larger ones are
    /// sent as they are. See static_files_options::precompressed.
    std::uint64_t file_limit = 1024 * 1024;
    /// Asked about each reply that would be compressed; null: all of them are. Called by several
    /// threads at once.
    std::function<bool(request const&, response const&)> filter{};
};

/** Compresses replies where the client takes it: `options o; o.compress = compress({.codings =
    {gzip()}});` those of a server, or `hooks.post_responder(any_verb, "/reports/:id",
    compress({.codings = {gzip()}}))` those of some hooks.

    A reply is left as it is if it has a Content-Encoding or Content-Range, a digest of its content,
    `Cache-Control: no-transform`, or no content, or would not become smaller. One that is, or for
    another client would be, compressed has `Vary: Accept-Encoding`; a compressed one has a weak
    ETag, so that it can be told from the other and still be compared, and no Accept-Ranges. HEAD is
    answered as GET. A client that refuses bodies that are not compressed, by `identity;q=0`, gets
    what is short and of other types compressed, too; one that refuses all gets it as it is.

    A stream is compressed as it goes, and each write of it can be read when it has come; it has an
    encoder of its own for as long as it lasts, some 260 KiB by gzip(): have `filter` leave out
    those that thousands of clients listen to.

    As a server's option it is for every reply of the hooks, also 404 and those that guards make,
    and response-listeners see it compressed. As a post-responder it is for replies of HTTP with one
    response; register it as the last one. Compressing takes its time on the thread of the
    connection: 16 KiB of JSON some 150 us.

    Whoever can put texts into a reply and sees how long it becomes can guess secrets that are in
    it, too (BREACH): have `filter` leave such replies out.

    @par Thread safety
    Several threads may use it at once.
    @par Source
    RFC 9110 8.4, 12.5.3, 8.8.1, 12.5.5; defaults of npm's compression 1.7
    @par Example
    examples/compression.cpp */
class compress {
public:
    /// @throws std::invalid_argument there is no coding, or two of one name, or a null one
    explicit compress(compress_options o);

    /// Compresses a reply, or leaves it alone. A file that cannot be read is left alone.
    void apply(request const& asked, response& reply) const;

    /// Compresses the response, if there is one.
    template <class State>
    void operator()(basic_context<hook_type::post_responder, State>& c) const {
        if (c.responses().size() != 1 || c.origin().handshake()) return;
        bool varies = false;
        if (auto made = compressed(c.request(), c.responses().front(), varies))
            c.replace_response(std::move(*made));
        else if (varies)
            c.reply_headers().insert(field::vary, "Accept-Encoding");
    }

    /// What it was made with.
    compress_options const& options() const noexcept;

private:
    struct settings;
    struct plan;

    inline plan judge(request const& asked, response const& reply) const;
    inline bool encode(plan const& p, std::string_view body, std::string& out) const;
    static inline void compress_stream(content_coding const& coding, stream_body& body,
                                       fields& header);
    /// A compressed copy; nothing: the reply stays, but for its Vary, if `varies` says so.
    std::optional<response> compressed(request const& asked, response const& reply,
                                       bool& varies) const;

    std::shared_ptr<settings const> settings_;
};

}  // namespace http
}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/compress.ipp>
#endif
