// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A responder that shows the hooks of its registry: a table for people, JSON for programs.
*/

#include <httphooks/config.hpp>
#include <httphooks/context.hpp>
#include <httphooks/describe.hpp>
#include <httphooks/detail/registry/registry_core.hpp>
#include <httphooks/detail/system/loopback_client.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>
#include <httphooks/registry.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace httphooks {

/// What hooks_page() is told.
struct hooks_page_options {
    /** Whether only clients on this machine see it, others get 404. A request that a proxy passed
        on, or whose Host is no name of this machine's loopback interface, counts as another's. */
    bool loopback_only = true;
    /// The prefixes of the mounts; see describe_options.
    std::vector<std::string> mounts{};
    /// Of those that these hooks guard.
    std::vector<std::string> guarded_mounts{};
    /// The heading of the page.
    std::string title = "Hooks";
};

/** A table of hooks as JSON.

    An array of objects in run order, mounts last: `order`, `id`, `type`, `stage`, `role`, `method`
    ("*": every method), `pattern`, `parameters`, `name`, `summary`, `mandatory`, `fallback`,
    `timeLimitMs` and `bodyLimit` (null: the default), `where` {`file`, without its folders,
    `line`}, `warnings`, and `overlaps`, each with the other's `order`, an `example` of a target,
    and whether both answer it `together`.
*/
nlohmann::json to_json(std::vector<hook_description> const& table);

/** A responder that shows the hooks of a registry.

    HTML without scripts; JSON, as to_json() writes it, for requests whose Accept names
    application/json and not text/html. Where loopback is not guard enough, guard it as any other
    responder. The registry is not kept alive.

    @param hooks the registry that it shows, most often the one that it is registered with; any may
        be
    @par Thread safety
    Several threads may call it at once.
    @par Example
    examples/demo/site.hpp
*/
template <class State>
auto hooks_page(basic_registry<State> const& hooks, hooks_page_options options = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Whether a client asked for JSON rather than for a page.
bool wants_json(request const& r);

response make_hooks_page(registry_core const& shown, hooks_page_options const& o, bool as_json);

}  // namespace detail

template <class State>
auto hooks_page(basic_registry<State> const& hooks, hooks_page_options options) {
    std::weak_ptr<detail::registry_core const> const core = hooks.core();
    return
        [core, o = std::move(options)]<class Other>(basic_context<hook_type::responder, Other>& c) {
            auto const shown = core.lock();
            if (!shown || (o.loopback_only && !detail::is_loopback_client(c.request(), c.origin())))
                return make_response(status::not_found, "Not Found", "text/html");
            return detail::make_hooks_page(*shown, o, detail::wants_json(c.request()));
        };
}

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/hooks_page.ipp>
#endif
