// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How specific a pattern is, as a text to compare.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/routes/compiled_pattern.hpp>

#include <string>

namespace httphooks::detail {

/** The place of a pattern among those that match the same target.

    @return of two patterns the more specific one has the smaller text; equal: neither is
    @par Source
    httphooks::responders
*/
std::string specificity_of(compiled_pattern const& pattern);

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/routes/impl/specificity.ipp>
#endif
