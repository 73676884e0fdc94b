// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Compressed bodies of requests: for a whole server, or for the hooks that take them.
*/

#include <httphooks/config.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/http/content_coding.hpp>
#include <httphooks/http_error.hpp>
#include <httphooks/message.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace httphooks {

template <hook_type Type, class State>
class basic_context;

namespace http {

/// Which compressed bodies are taken.
struct decompress_options {
    /// What they may be compressed by: gzip(), deflate(), brotli().
    std::vector<std::shared_ptr<content_coding const>> codings{};
    /// Bytes that a body may have when it is decompressed; beyond it 413. As a server's option the
    /// limit of the body, as it is without compression, counts too.
    std::uint64_t limit = 1024 * 1024;
    /// How many times as large it may become; beyond it 413. 0: any.
    std::uint32_t ratio = 100;
};

/** Decompresses bodies of requests: `options o; o.decompress = decompress({.codings = {gzip()}});`
    those of a server, or `hooks.pre_responder(verb::post, "/reports", decompress({.codings =
    {gzip()}}))` those of some hooks.

    Hooks see the body decompressed, its length in Content-Length, and no Content-Encoding; as a
    pre-responder it leaves `Content-Encoding: identity`. A body in a coding that is not taken, or
    in several, is answered with 415 and an Accept-Encoding that names those that are; a malformed
    one with 400; one that is, or becomes, too large with 413, before it is in memory. Without
    decompress hooks see bodies as they came; mounts always do, and so do responders that read a
    body as a stream: content_coding::decoder() is for them.

    @par Thread safety
    Several threads may use it at once.
    @par Source
    RFC 9110 8.4, 12.5.3, 15.5.16
    @par Example
    examples/compression.cpp */
class decompress {
public:
    /// @throws std::invalid_argument there is no coding, or a null one
    explicit decompress(decompress_options o);

    /** Decompresses a body, unless it is not compressed.
        @param header the request's fields
        @param most how many bytes it may have
        @param out the body, when there is one
        @return status::ok: it is in `out`; status::continue_: it is not compressed; else what the
            request is refused with */
    status apply(fields const& header, std::string const& body, std::uint64_t most,
                 std::string& out) const;
    /// Decompresses a request in place, if it is compressed. @return status::ok, or as above
    status apply(request& r, std::uint64_t most) const;

    /// The value of Accept-Encoding: the names of the codings.
    std::string const& accepted() const noexcept { return accepted_; }

    /// Decompresses one request.
    template <class State>
    void operator()(basic_context<hook_type::pre_responder, State>& c) const {
        std::string content;
        status const s = apply(c.request(), c.request().body(), options_.limit, content);
        if (s == status::continue_) return c.pass();
        if (s == status::unsupported_media_type)
            c.reply_headers().set(field::accept_encoding, accepted_);
        if (s != status::ok) throw http_error(s);
        fields changed;
        changed.set(field::content_encoding, "identity");
        c.replace_request(std::move(changed), std::move(content));
    }

private:
    decompress_options options_;
    std::string accepted_{};
};

}  // namespace http
}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/decompress.ipp>
#endif
