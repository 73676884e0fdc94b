// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/hooks_page.hpp>

#include <httphooks/describe.hpp>
#include <httphooks/detail/registry/registry_core.hpp>
#include <httphooks/detail/text/html_table.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/responders.hpp>
#include <httphooks/trace.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

namespace detail {

inline std::string_view file_name_of(hook_info const& hook) noexcept {
    std::string_view const path = hook.where.file_name();
    return path.substr(path.find_last_of("/\\") + 1);
}

inline std::string_view method_name_of(hook_info const& hook) noexcept {
    if (hook.method == any_verb) return "*";
    auto const name = beast::http::to_string(hook.method);
    return {name.data(), name.size()};
}

inline std::string_view to_string(hook_role role) noexcept {
    switch (role) {
        case hook_role::matched:
            break;
        case hook_role::default_responder:
            return "default-responder";
        case hook_role::no_match:
            return "no-match";
        case hook_role::mount:
            return "mount";
    }
    return "matched";
}

inline std::string meaning_of(hook_warning w, hook_description const& d) {
    switch (w) {
        case hook_warning::unguarded:
            break;
        case hook_warning::never_runs:
            return "no request reaches it";
        case hook_warning::overlap: {
            std::string text;
            for (hook_overlap const& o : d.overlaps)
                text += (text.empty() ? "" : "; ") + ("#" + std::to_string(o.order)) + " answers " +
                        o.example + (o.together ? " too" : " or this one does");
            return text;
        }
        case hook_warning::unguarded_base:
            return "nothing guards what it is below of";
        case hook_warning::foreign_syntax:
            return "a parameter is written :name, all else is text";
        case hook_warning::several_streams:
            return "two responders would read one body as a stream: 500";
    }
    return "no pre-responder guards it";
}

/// Whether it runs only where no other responder serves the path.
inline bool is_fallback(hook_description const& d) noexcept {
    return d.role == hook_role::matched && d.hook.type == hook_type::responder &&
           d.hook.options.fallback;
}

/// When a pre-responder runs, where that is not as usual.
inline std::string_view time_text(hook_description const& d) noexcept {
    switch (d.runs) {
        case guard_time::with_body:
            break;
        case guard_time::before_body:
            return " (before the body)";
        case guard_time::either:
            return " (before some bodies)";
    }
    return {};
}

/// What a hook is, as people read it.
inline std::string kind_of(hook_description const& d) {
    if (d.role != hook_role::matched) return std::string(to_string(d.role));
    std::string text(httphooks::to_string(d.hook.type));
    if (is_fallback(d)) text += " (fallback)";
    if (d.hook.options.body == body::stream) text += " (stream)";
    return text.append(time_text(d));
}

/// The limits of a hook as people read them.
inline std::string limits_of(hook_options const& o) {
    std::string text;
    if (o.time_limit)
        text += o.time_limit->count() == 0 ? "no time limit"
                                           : std::to_string(o.time_limit->count()) + " ms";
    if (o.body_limit) {
        if (!text.empty()) text += ", ";
        text += std::to_string(*o.body_limit) + " bytes";
    }
    return text;
}

inline std::string hooks_html(std::vector<hook_description> const& table, std::string_view title,
                              responders which) {
    html_table page(title);
    std::size_t warned = 0;
    std::size_t mounts = 0;
    for (hook_description const& d : table) {
        warned += d.warnings.empty() ? 0 : 1;
        mounts += d.role == hook_role::mount ? 1 : 0;
    }
    page.paragraph(
        std::to_string(table.size() - mounts) + " hooks" +
        (mounts ? " and " + std::to_string(mounts) + " mounts, " : ", ") + std::to_string(warned) +
        " with a warning; in the order in which they run. Of the responders that match, " +
        (which == responders::best ? "the most specific one runs." : "every one runs."));
    page.header(
        {"#", "Stage", "Type", "Method", "Pattern", "Name", "Limits", "Registered at", "Warnings"});
    for (hook_description const& d : table) {
        page.begin_row(!d.warnings.empty());
        page.cell(std::to_string(d.order));
        bool const mount = d.role == hook_role::mount;
        page.cell(mount ? std::string_view() : httphooks::to_string(stage_of(d.hook.type)));
        page.cell(kind_of(d));
        page.code(method_name_of(d.hook));
        bool const by_path = d.role == hook_role::matched || mount;
        page.code(by_path ? std::string_view(d.hook.pattern) : "");
        page.cell(d.hook.options.name, d.hook.options.summary);
        page.cell(limits_of(d.hook.options));
        page.code(mount ? ""
                        : std::string(file_name_of(d.hook)) + ":" +
                              std::to_string(d.hook.where.line()));
        std::string warnings;
        std::string meanings;
        for (hook_warning w : d.warnings) {
            if (!warnings.empty()) {
                warnings += ", ";
                meanings += ", ";
            }
            warnings += httphooks::to_string(w);
            meanings += meaning_of(w, d);
        }
        page.cell(warnings, meanings);
        page.end_row();
    }
    return page.take();
}

HTTPHOOKS_DECL bool wants_json(request const& r) {
    bool json = false;
    for (auto const& accepted : r) {
        if (accepted.name() != field::accept) continue;
        std::string_view const value(accepted.value().data(), accepted.value().size());
        if (value.find("text/html") != std::string_view::npos) return false;
        json = json || value.find("application/json") != std::string_view::npos;
    }
    return json;
}

HTTPHOOKS_DECL response make_hooks_page(registry_core const& shown, hooks_page_options const& o,
                                        bool as_json) {
    describe_options mounts;
    mounts.mounts = o.mounts;
    mounts.guarded_mounts = o.guarded_mounts;
    auto const table = shown.describe(mounts);
    response page =
        as_json
            ? json(to_json(table))
            : make_response(status::ok,
                            hooks_html(table, o.title, shown.shared_services()->options.responders),
                            "text/html; charset=utf-8");
    page.set("Content-Security-Policy",
             "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
             "form-action 'none'; frame-ancestors 'none'");
    page.set("X-Content-Type-Options", "nosniff");
    page.set("Cache-Control", "no-store");
    page.set("Vary", "Accept");
    return page;
}

}  // namespace detail

HTTPHOOKS_DECL nlohmann::json to_json(std::vector<hook_description> const& table) {
    nlohmann::json rows = nlohmann::json::array();
    for (hook_description const& d : table) {
        hook_options const& o = d.hook.options;
        nlohmann::json warnings = nlohmann::json::array();
        for (hook_warning w : d.warnings) warnings.push_back(to_string(w));
        nlohmann::json overlaps = nlohmann::json::array();
        for (hook_overlap const& other : d.overlaps)
            overlaps.push_back(
                {{"order", other.order}, {"example", other.example}, {"together", other.together}});
        nlohmann::json where{{"file", detail::file_name_of(d.hook)}, {"line", d.hook.where.line()}};
        nlohmann::json row{{"order", d.order},
                           {"id", d.hook.id.value()},
                           {"type", to_string(d.hook.type)},
                           {"stage", to_string(stage_of(d.hook.type))},
                           {"role", detail::to_string(d.role)},
                           {"method", detail::method_name_of(d.hook)},
                           {"pattern", d.hook.pattern},
                           {"parameters", d.parameters},
                           {"name", o.name},
                           {"summary", o.summary},
                           {"mandatory", d.hook.mandatory()},
                           {"fallback", detail::is_fallback(d)},
                           {"stream", o.body == body::stream},
                           {"runs", nullptr},
                           {"timeLimitMs", nullptr},
                           {"bodyLimit", nullptr},
                           {"where", std::move(where)},
                           {"warnings", std::move(warnings)},
                           {"overlaps", std::move(overlaps)}};
        if (d.hook.type == hook_type::pre_responder) row["runs"] = to_string(d.runs);
        if (o.time_limit) row["timeLimitMs"] = o.time_limit->count();
        if (o.body_limit) row["bodyLimit"] = *o.body_limit;
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace httphooks
