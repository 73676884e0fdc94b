// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The name of the function that a page wants called: where it comes from, and what it may be.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/detail/reply.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

/// The query of a request's target, without the question mark.
std::string_view query_of(request const& r);

/// The first value of a key in a form or query, decoded.
std::optional<std::string> form_value(std::string_view form, std::string_view key);

/** The callback that a request names.
    @param most its characters, at most
    @param refusal set to the answer when there is none, or it is not a name */
std::string callback_of(request const& r, std::size_t most, std::optional<response>& refusal);

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/callback_name.ipp>
#endif
