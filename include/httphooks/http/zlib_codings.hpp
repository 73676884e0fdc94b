// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The codings gzip and deflate of HTTP, by zlib; programs link it, or httphooks::zlib.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/content_coding.hpp>

#include <memory>

namespace httphooks::http {

/** The coding "gzip": `compress({.codings = {gzip()}})`.

    An encoder has some 260 KiB of memory, a decoder 40 KiB. Several members one behind the other
    are read as one body.
    @param level 1, fast, to 9, small
    @throws std::invalid_argument there is no such level
    @par Source
    RFC 9110 8.4.1.3, RFC 1952; zlib 1.2 */
std::shared_ptr<content_coding const> gzip(int level = 6);

/** The coding "deflate", which is the format of zlib. Clients that take it take gzip, too.
    @param level 1, fast, to 9, small
    @throws std::invalid_argument there is no such level
    @par Source
    RFC 9110 8.4.1.2, RFC 1950 */
std::shared_ptr<content_coding const> deflate(int level = 6);

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/zlib_codings.ipp>
#endif
