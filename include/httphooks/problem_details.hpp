// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Failures as problem details, which clients can read: RFC 9457.
*/

#include <httphooks/config.hpp>
#include <httphooks/failure.hpp>

#include <string>

namespace httphooks {

/// What problem details say.
struct problem_options {
    /** What the status is appended to for `type`, as "https://example.com/problems/"; empty: the
        type is `about:blank`. */
    std::string type_base{};
    /// Whether `instance` is the path of the request.
    bool instance = false;
};

/** For registry_options::on_failure: each failure is a reply of `application/problem+json`.

    `{"type":"about:blank","title":"Not Found","status":404}`, and `detail` when there is something
    that the client may be told: see failure::detail(). No text of any other exception is in it.

    @par Source
    RFC 9457
    @par Example
    examples/errors.cpp
*/
failure_handler problem_details(problem_options options = {});

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/problem_details.ipp>
#endif
