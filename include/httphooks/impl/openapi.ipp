// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/openapi.hpp>

#include <httphooks/describe.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/message.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/route_pattern.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace httphooks {

namespace detail {

/// A pattern's path as OpenAPI writes it, and the parameters in it.
struct path_template {
    std::string text;
    /// The text with nameless parameters, by which equal paths are found.
    std::string shape;
    struct parameter {
        std::string name;
        bool splat;
    };
    std::vector<parameter> parameters;
};

inline path_template make_path_template(route_pattern const& pattern) {
    compiled_pattern const& p = pattern.compiled();
    path_template made{"/", "/", {}};
    if (!p.has_path) {
        made.text = made.shape = "/{wildcard}";
        made.parameters.push_back({"wildcard", true});
        return made;
    }
    auto const unused = [&](std::string name) {
        std::string free = name;
        auto const used = [&](path_template::parameter const& q) { return q.name == free; };
        for (std::size_t n = 2; std::ranges::any_of(made.parameters, used); ++n)
            free = name + std::to_string(n);
        return free;
    };
    for (path_token const& token : p.path.tokens()) {
        if (token.kind == path_token::kind_type::literal) {
            made.text += token.text;
            made.shape += token.text;
            continue;
        }
        bool const named = token.capture != path_token::none;
        std::string const name = unused(named ? p.captures[token.capture].name : "wildcard");
        made.text += '{' + name + '}';
        made.shape += "{}";
        made.parameters.push_back({name, token.kind == path_token::kind_type::splat});
    }
    return made;
}

inline nlohmann::json body_to_openapi(body_annotation const& body, hook_info const& hook) {
    nlohmann::json media = nlohmann::json::object();
    if (!body.schema.empty()) {
        media["schema"] = nlohmann::json::parse(body.schema, nullptr, false);
        if (media["schema"].is_discarded())
            throw std::invalid_argument("openapi: the schema of " + hook.pattern + " (" +
                                        hook.where.file_name() + ':' +
                                        std::to_string(hook.where.line()) + ") is no JSON");
    }
    return {{body.content_type, media}};
}

inline nlohmann::json responses_to_openapi(hook_info const& hook) {
    nlohmann::json responses = nlohmann::json::object();
    auto annotated = hook.options.annotations.responses;
    if (annotated.empty()) annotated.emplace_back();
    for (response_annotation const& r : annotated) {
        std::string text = r.description;
        if (text.empty())
            text = std::string(beast::http::obsolete_reason(static_cast<status>(r.status)));
        nlohmann::json one{{"description", text}};
        if (!r.body.content_type.empty()) one["content"] = body_to_openapi(r.body, hook);
        responses[std::to_string(r.status)] = std::move(one);
    }
    return responses;
}

inline void add_query_parameters(nlohmann::json& to, route_pattern const& pattern) {
    compiled_pattern const& p = pattern.compiled();
    for (query_rule const& rule : p.query) {
        nlohmann::json schema{{"type", "string"}};
        nlohmann::json allowed = nlohmann::json::array();
        bool any = false;
        for (query_rule::wanted const& wanted : rule.values) {
            any = any || wanted.capture != path_token::none;
            allowed.push_back(wanted.value);
        }
        if (!any) schema["enum"] = allowed;
        if (rule.values.size() > 1) schema = {{"type", "array"}, {"items", schema}};
        to.push_back({{"name", rule.key}, {"in", "query"}, {"required", true}, {"schema", schema}});
    }
}

inline nlohmann::json operation_of(hook_info const& hook, route_pattern const& pattern,
                                   path_template const& path) {
    hook_annotations const& notes = hook.options.annotations;
    nlohmann::json op = nlohmann::json::object();
    if (!hook.options.summary.empty()) op["summary"] = hook.options.summary;
    if (!notes.description.empty()) op["description"] = notes.description;
    if (!notes.tags.empty()) op["tags"] = notes.tags;
    nlohmann::json parameters = nlohmann::json::array();
    for (path_template::parameter const& p : path.parameters) {
        nlohmann::json one{
            {"name", p.name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}};
        if (p.splat) one["x-splat"] = true;
        parameters.push_back(std::move(one));
    }
    add_query_parameters(parameters, pattern);
    if (!parameters.empty()) op["parameters"] = std::move(parameters);
    if (!notes.request.content_type.empty())
        op["requestBody"] = {{"content", body_to_openapi(notes.request, hook)}};
    op["responses"] = responses_to_openapi(hook);
    if (hook.options.fallback) op["x-fallback"] = true;
    return op;
}

/// Adds what a second responder of the same verb and path says; whether both answer a request.
inline void merge_operation(nlohmann::json& op, nlohmann::json const& other, bool together) {
    if (together)
        op["responses"] = {{"202",
                            {{"description", "The responses of all responders."},
                             {"content", {{"multipart/mixed", nlohmann::json::object()}}}}}};
    else
        for (auto const& [code, r] : other["responses"].items())
            if (!op["responses"].contains(code)) op["responses"][code] = r;
    if (!other.contains("x-fallback")) op.erase("x-fallback");
    for (char const* const part : {"summary", "description", "requestBody"})
        if (!op.contains(part) && other.contains(part)) op[part] = other[part];
    if (other.contains("tags"))
        for (auto const& tag : other["tags"])
            if (!op.contains("tags") || std::ranges::find(op["tags"], tag) == op["tags"].end())
                op["tags"].push_back(tag);
}

/// A name for an operation that no other has.
inline std::string operation_id(std::string const& wanted, std::vector<std::string>& used) {
    std::string id;
    for (char const c : wanted) {
        bool const plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
        if (plain || (!id.empty() && id.back() != '_')) id += plain ? c : '_';
    }
    while (!id.empty() && id.back() == '_') id.pop_back();
    std::string free = id;
    for (std::size_t n = 2; std::ranges::find(used, free) != used.end(); ++n)
        free = id + '_' + std::to_string(n);
    used.push_back(free);
    return free;
}

}  // namespace detail

HTTPHOOKS_DECL nlohmann::json openapi(std::vector<hook_description> const& table,
                                      openapi_info const& info) {
    static constexpr std::array methods{verb::get,     verb::put,  verb::post,  verb::delete_,
                                        verb::options, verb::head, verb::patch, verb::trace};
    nlohmann::json document{{"openapi", "3.1.0"},
                            {"info", {{"title", info.title}, {"version", info.version}}},
                            {"paths", nlohmann::json::object()}};
    if (!info.description.empty()) document["info"]["description"] = info.description;
    for (std::string const& url : info.servers) document["servers"].push_back({{"url", url}});
    std::vector<detail::path_template> paths;
    std::vector<std::string> ids;
    // the places of an operation's responders in the table
    std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> members;
    for (hook_description const& h : table) {
        if (h.hook.type != hook_type::responder || h.role != hook_role::matched) continue;
        route_pattern const pattern(h.hook.pattern);
        detail::path_template made = detail::make_path_template(pattern);
        auto known = std::ranges::find(paths, made.shape, &detail::path_template::shape);
        if (known == paths.end()) known = paths.insert(known, std::move(made));
        for (verb const method : methods) {
            if (h.hook.method != any_verb && h.hook.method != method) continue;
            std::string key(beast::http::to_string(method));
            std::ranges::transform(key, key.begin(), [](unsigned char c) {
                return static_cast<char>(std::tolower(c));
            });
            nlohmann::json op = detail::operation_of(h.hook, pattern, *known);
            nlohmann::json& path = document["paths"][known->text];
            auto& others = members[{known->text, key}];
            bool const together = std::ranges::any_of(h.overlaps, [&](hook_overlap const& o) {
                return o.together && std::ranges::find(others, o.order) != others.end();
            });
            others.push_back(h.order);
            if (path.contains(key)) {
                detail::merge_operation(path[key], op, together);
                continue;
            }
            std::string const& name = h.hook.options.name;
            op["operationId"] =
                detail::operation_id(name.empty() || h.hook.method == any_verb
                                         ? key + ' ' + (name.empty() ? known->text : name)
                                         : name,
                                     ids);
            path[key] = std::move(op);
        }
    }
    return document;
}

}  // namespace httphooks
