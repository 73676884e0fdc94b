// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The coding br of HTTP, by libbrotli; programs link it, or httphooks::brotli.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/content_coding.hpp>

#include <memory>

namespace httphooks::http {

/** The coding "br": `compress({.codings = {brotli(), gzip()}})`.

    Texts become some tenth to fifth smaller than by gzip in the same time. Encoder and decoder keep
    1 MiB of memory each for the next body.
    @param quality 0, fast, to 11, small and some hundred times slower: for files that are
        compressed once
    @throws std::invalid_argument there is no such quality
    @par Source
    RFC 7932; libbrotli 1.0 */
std::shared_ptr<content_coding const> brotli(int quality = 4);

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/brotli_coding.ipp>
#endif
