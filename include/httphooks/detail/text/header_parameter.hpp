// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The parts of a header field's value: `type/subtype; name=token; name="quoted"`.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/http_text.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// The media type of a Content-Type, without its parameters.
inline std::string_view media_type(std::string_view content_type) noexcept {
    return trim_ows(content_type.substr(0, content_type.find(';')));
}

/** The value of a parameter, without its quotes.

    A backslash before a quote or a backslash is dropped, any other stays: user agents send file
    names with plain backslashes.
    @param value The field's value, such as `form-data; name="x"`.
    @param name The parameter's name, in any case.
    @return Nothing if the parameter is absent, occurs twice, or the parameters are malformed.
    @par Source
    RFC 9110 5.6.6, RFC 7578 4.2
*/
std::optional<std::string> header_parameter(std::string_view value, std::string_view name);

/** The value of an extended parameter, `name*=charset'language'escapes`, as UTF-8.

    @param name with its star
    @return Nothing where header_parameter gives nothing; also if the charset is neither UTF-8 nor
    ISO-8859-1, an escape is malformed, or the text is not of that charset or holds what a header
    field cannot.
    @par Source
    RFC 8187 3.2
*/
std::optional<std::string> extended_parameter(std::string_view value, std::string_view name);

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/text/impl/header_parameter.ipp>
#endif
