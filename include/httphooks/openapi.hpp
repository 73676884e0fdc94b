// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The responders of a registry as an OpenAPI document.
*/

#include <httphooks/config.hpp>
#include <httphooks/describe.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/registry.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace httphooks {

/// What an OpenAPI document says about the whole.
struct openapi_info {
    /// The name of what it describes.
    std::string title = "API";
    /// The version of what it describes, not that of OpenAPI.
    std::string version = "1.0.0";
    /// Markdown; empty: none.
    std::string description{};
    /// The base URLs, as "https://api.example/v1"; empty: where the document is.
    std::vector<std::string> servers{};
};

/** An OpenAPI document of the responders.

    Each responder is an operation of its path, or several for any_verb. A parameter `:id` becomes
    `{id}`, a splat `*rest` `{rest}` with `x-splat`, one without a name `{wildcard}`; what a pattern
    asks of the query becomes query parameters. Patterns that differ in the names of their
    parameters only are one path, with the names of the first; several responders of one verb and
    path are one operation, whose reply is multipart/mixed if they answer together. Methods that
    OpenAPI does not know, the default responder and fragments are left out. A fallback is marked
    with `x-fallback`. Names, summaries and annotations are those of hook_options.

    @param table what basic_registry::describe() gives
    @throws std::invalid_argument a schema that is no JSON; it names the hook
    @par Source
    OpenAPI Specification 3.1.0
*/
nlohmann::json openapi(std::vector<hook_description> const& table, openapi_info const& info = {});

/// The same of a registry.
template <class State>
nlohmann::json openapi(basic_registry<State> const& hooks, openapi_info const& info = {}) {
    return openapi(hooks.describe(), info);
}

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/openapi.ipp>
#endif
