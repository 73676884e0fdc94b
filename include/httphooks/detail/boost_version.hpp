// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What differs between the versions of Boost that the library takes, with the version and the
    reason.

    Boost 1.90 also took `field::cookie2` and `field::content_md5` away; what is said of these fields
    goes by their names.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <boost/beast/core/string_type.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>

#include <cstddef>

namespace httphooks::detail {

/** Bytes that a parser must be given at least of the body of a chunked message.

    Up to Boost 1.86 it waits for all of the trailer, and asserts that it sees the last chunk with
    the empty line again; from 1.87 on it takes what it gets.
*/
inline constexpr std::size_t least_chunked_input = BOOST_VERSION >= 108700 ? 1 : 5;

#if BOOST_VERSION >= 109000

template <bool isRequest>
using boost_parser = beast::http::basic_parser<isRequest>;

#else

/** Beast's parser, with the function that trailers come through from Boost 1.90 on.

    Before, they come through `on_field_impl`, where `is_header_done()` tells them from the fields
    of the header: a parser passes them on from there.
*/
template <bool isRequest>
class boost_parser : public beast::http::basic_parser<isRequest> {
    virtual void on_trailer_field_impl(beast::http::field id, beast::string_view name,
                                       beast::string_view value, error_code& ec) = 0;
};

#endif

}  // namespace httphooks::detail
