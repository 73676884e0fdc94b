// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Hooks that are read from a JSON file, and the log of their runs.
*/

#include <httphooks.hpp>
#include <httphooks/route_pattern.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conformance {

namespace asio = boost::asio;
namespace hh = httphooks;
using json = nlohmann::ordered_json;

/// What the hooks did: an entry a run, in the order in which they started.
class hook_log {
public:
    /// Adds an entry, from any thread.
    void add(json entry) {
        std::lock_guard const lock(mutex_);
        entries_.push_back(std::move(entry));
    }

    /// The entries so far, as a JSON array; forgets them.
    std::string take() {
        std::lock_guard const lock(mutex_);
        json const entries = std::exchange(entries_, json::array());
        return entries.dump(-1, ' ', false, json::error_handler_t::replace);
    }

private:
    std::mutex mutex_;
    json entries_ = json::array();
};

/// What an entry of the script has a hook do.
enum class action { respond, pass, end, replace, reply_headers, echo, nothing, throw_, error, log };

/// An entry of the script.
struct scripted_hook {
    std::string name;
    /// The type as it is written: one of the seven, "default-responder", "no-match", "on-failure"
    /// or "request-id".
    std::string type;
    hh::verb method = hh::any_verb;
    std::string pattern;
    action what = action::nothing;
    unsigned status = 200;
    json headers = json::object();
    std::optional<std::string> content;
    std::chrono::milliseconds delay{0};
    bool fallback = false;
    bool needs_body = true;
    /// The parameters of the pattern.
    std::vector<std::string> parameters;
};

/** Reads a script.
    @throws std::runtime_error that names the entry and says what is wrong */
std::vector<scripted_hook> read_script(std::string const& file);

/// Makes the replies to failures that a script asks for; null when it asks for none.
hh::failure_handler failure_handler_of(std::vector<scripted_hook> const& script);
/// What a script says of the registry as a whole.
hh::registry_options options_of(std::vector<scripted_hook> const& script);

/// Registers the hooks of a script; their runs are logged.
void register_script(hh::registry& hooks, std::vector<scripted_hook> const& script,
                     std::shared_ptr<hook_log> log);

// ---------------------------------------------------------------------------------------------

inline action action_from_string(std::string_view name) {
    constexpr std::pair<std::string_view, action> actions[] = {
        {"respond", action::respond}, {"pass", action::pass},
        {"end", action::end},         {"replace", action::replace},
        {"echo", action::echo},       {"reply-headers", action::reply_headers},
        {"nothing", action::nothing}, {"throw", action::throw_},
        {"error", action::error},     {"log", action::log}};
    for (auto const& [text, a] : actions)
        if (text == name) return a;
    throw std::runtime_error("unknown \"do\": " + std::string(name));
}

/// Whether hooks of the type can do it.
inline bool suits(std::string_view type, action what) {
    bool const pre = type == "pre-responder";
    bool const post = type == "post-responder";
    bool const chain = pre || post;
    bool const listener = type.ends_with("-listener");
    switch (what) {
        case action::end:
            return pre;
        case action::replace:
            return chain;
        case action::respond:
        case action::pass:
        case action::reply_headers:
        case action::echo:
            return !listener;
        case action::nothing:
        case action::throw_:
        case action::error:
            return true;
        case action::log:
            return listener;
    }
    return false;
}

/// A whole number that is not negative, and no larger than the type's largest.
inline unsigned number_of(std::string const& key, json const& value) {
    if (!value.is_number_unsigned() ||
        value.get<std::uint64_t>() > std::numeric_limits<unsigned>::max())
        throw std::runtime_error("\"" + key + "\" is not a number that is not negative");
    return value.get<unsigned>();
}

inline scripted_hook read_entry(json const& entry) {
    if (!entry.is_object()) throw std::runtime_error("not an object");
    scripted_hook h;
    std::string verb = "*";
    std::string what;
    for (auto const& [key, value] : entry.items()) {
        if (key == "name")
            h.name = value.get<std::string>();
        else if (key == "type")
            h.type = value.get<std::string>();
        else if (key == "verb")
            verb = value.get<std::string>();
        else if (key == "pattern")
            h.pattern = value.get<std::string>();
        else if (key == "do")
            what = value.get<std::string>();
        else if (key == "status")
            h.status = number_of(key, value);
        else if (key == "headers")
            h.headers = value;
        else if (key == "content")
            h.content = value.get<std::string>();
        else if (key == "fallback")
            h.fallback = value.get<bool>();
        else if (key == "needs_body")
            h.needs_body = value.get<bool>();
        else if (key == "delay_ms")
            h.delay = std::chrono::milliseconds(number_of(key, value));
        else
            throw std::runtime_error("unknown member \"" + key + "\"");
    }
    bool const handler = h.type == "on-failure";
    bool const fallback = handler || h.type == "default-responder" || h.type == "no-match";
    if (h.type == "request-id") return h;
    if (!fallback && !hh::hook_type_from_string(h.type))
        throw std::runtime_error("unknown \"type\": \"" + h.type + "\"");
    if (!fallback) {
        if (h.pattern.empty()) throw std::runtime_error("no \"pattern\"");
        h.parameters = hh::route_pattern(h.pattern).names();
    }
    if (h.fallback && h.type != "responder")
        throw std::runtime_error("\"fallback\" is for responders");
    if (!h.needs_body && h.type != "pre-responder")
        throw std::runtime_error("\"needs_body\" is for pre-responders");
    if (verb != "*") {
        h.method = boost::beast::http::string_to_verb(verb);
        if (h.method == hh::verb::unknown) throw std::runtime_error("unknown \"verb\": " + verb);
    }
    h.what = handler && what.empty() ? action::respond : action_from_string(what);
    if (handler && h.what != action::respond)
        throw std::runtime_error("an on-failure only responds");
    if (!suits(h.type, h.what)) throw std::runtime_error("a " + h.type + " cannot " + what);
    if (h.status < 100 || h.status > 999) throw std::runtime_error("\"status\" is not 100 to 999");
    if (!h.headers.is_object()) throw std::runtime_error("\"headers\" is not an object");
    for (auto const& [name, value] : h.headers.items()) {
        bool good = value.is_string() || value.is_array();
        if (value.is_array())
            for (json const& v : value) good = good && v.is_string();
        if (!good) throw std::runtime_error("header \"" + name + "\" is not a string");
    }
    return h;
}

inline std::vector<scripted_hook> read_script(std::string const& file) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error("cannot read " + file);
    json script;
    try {
        script = json::parse(in);
    } catch (json::parse_error const& e) {
        throw std::runtime_error(file + ": " + e.what());
    }
    if (!script.is_array()) throw std::runtime_error(file + ": not a JSON array");
    std::vector<scripted_hook> hooks;
    for (json const& entry : script) {
        try {
            hooks.push_back(read_entry(entry));
        } catch (std::exception const& e) {
            std::string const name =
                entry.is_object() && entry.contains("name") && entry["name"].is_string()
                    ? " (\"" + entry["name"].get<std::string>() + "\")"
                    : "";
            throw std::runtime_error(file + ": entry " + std::to_string(hooks.size()) + name +
                                     ": " + e.what());
        }
    }
    return hooks;
}

inline std::string lower(std::string_view text) {
    std::string s(text);
    for (char& c : s)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return s;
}

/// The values of the hook's parameters; null: matched, but empty.
template <class Context>
json params_of(scripted_hook const& h, Context const& c) {
    json params = json::object();
    for (std::string const& name : h.parameters) {
        std::string_view const value = c.param(name);
        params[name] = value.empty() ? json() : json(value);
    }
    return params;
}

/// The request as the hook sees it.
template <class Context>
json seen(scripted_hook const& h, Context const& c) {
    json headers = json::object();
    for (auto const& f : c.request()) {
        json& value = headers[lower(f.name_string())];
        if (value.is_null())
            value = std::string(f.value());
        else
            value = value.get<std::string>() + ", " + std::string(f.value());
    }
    json query = json::object();
    hh::url target;
    if (!target.parse(c.request().target(), true))
        for (auto const& pair : hh::query_view(target.query())) {
            json& value = query[hh::form_decode(pair.key)];
            std::string text = hh::form_decode(pair.value);
            if (value.is_null())
                value = std::move(text);
            else if (value.is_string())
                value = json::array({value, std::move(text)});
            else
                value.push_back(std::move(text));
        }
    return {{"name", h.name},
            {"method", std::string(c.request().method_string())},
            {"path", c.path()},
            {"query", std::move(query)},
            {"params", params_of(h, c)},
            {"headers", std::move(headers)},
            {"content", c.request().body()},
            {"transport", hh::to_string(c.origin().transport())}};
}

template <class Context>
void log_run(hook_log& log, scripted_hook const& h, Context const& c) {
    json responses = json::array();
    if constexpr (requires { c.responses(); })
        for (hh::response const& r : c.responses()) responses.push_back(r.result_int());
    json status;
    if constexpr (requires { c.response(); }) status = c.response().result_int();
    log.add({{"name", h.name},
             {"type", h.type},
             {"path", c.path()},
             {"params", params_of(h, c)},
             {"content", c.request().body()},
             {"responses", std::move(responses)},
             {"status", std::move(status)}});
}

/// The content with values in place of `${name}`.
template <class Value>
std::string filled(scripted_hook const& h, Value value_of) {
    std::string const text = h.content.value_or("");
    std::string out;
    std::size_t done = 0;
    for (std::size_t at; (at = text.find("${", done)) != text.npos;) {
        std::size_t const end = text.find('}', at);
        if (end == text.npos) break;
        out.append(text, done, at - done);
        out += value_of(std::string_view(text).substr(at + 2, end - at - 2));
        done = end + 1;
    }
    return out.append(text, done);
}

/// The content with the values of the parameters in place of `${name}`.
template <class Context>
std::string content_of(scripted_hook const& h, Context const& c) {
    return filled(h, [&c](std::string_view name) { return c.param(name); });
}

inline void insert_headers(scripted_hook const& h, hh::fields& to) {
    for (auto const& [name, value] : h.headers.items()) {
        if (value.is_string())
            to.insert(name, value.get<std::string>());
        else
            for (json const& v : value) to.insert(name, v.get<std::string>());
    }
}

template <class Context>
hh::response response_of(scripted_hook const& h, Context const& c) {
    hh::response r;
    r.version(11);
    r.result(h.status);
    insert_headers(h, r);
    r.body() = content_of(h, c);
    return r;
}

inline hh::failure_handler failure_handler_of(std::vector<scripted_hook> const& script) {
    for (scripted_hook const& h : script)
        if (h.type == "on-failure")
            return [h](hh::failure const& f) {
                hh::response r;
                r.version(11);
                r.result(h.status);
                insert_headers(h, r);
                r.body() = filled(h, [&f](std::string_view name) {
                    return name == "status" ? std::to_string(static_cast<unsigned>(f.status))
                                            : std::string();
                });
                return r;
            };
    return nullptr;
}

template <class Context>
hh::response echo_of(scripted_hook const& h, Context const& c) {
    return hh::make_response(hh::status::ok,
                             seen(h, c).dump(-1, ' ', false, json::error_handler_t::replace),
                             "application/json");
}

/// Does what the entry says; everything but to report an error.
template <class Context>
void act(scripted_hook const& h, Context& c) {
    if (h.what == action::throw_) throw std::runtime_error("thrown by the script");
    if constexpr (requires { c.reply_headers(); }) {
        if (h.what == action::respond) c.set_response(response_of(h, c));
        if (h.what == action::reply_headers) insert_headers(h, c.reply_headers());
    }
    if constexpr (requires { c.pass(); })
        if (h.what == action::pass || h.what == action::reply_headers) c.pass();
    if constexpr (Context::type == hh::hook_type::pre_responder) {
        if (h.what == action::end) c.end(response_of(h, c));
        if (h.what == action::echo) c.pass();
        if (h.what == action::replace) {
            hh::fields headers;
            insert_headers(h, headers);
            std::optional<std::string> content;
            if (h.content) content = content_of(h, c);
            c.replace_request(std::move(headers), std::move(content));
        }
    }
    if constexpr (Context::type == hh::hook_type::responder)
        if (h.what == action::echo) c.set_response(echo_of(h, c));
    if constexpr (Context::type == hh::hook_type::post_responder) {
        if (h.what == action::echo) c.replace_response(echo_of(h, c));
        if (h.what == action::replace) c.replace_response(response_of(h, c));
    }
}

/// Hands a callback for hooks of the type to `use`: of the form that the entry wants.
template <hh::hook_type Type, class Use>
void with_callback(scripted_hook const& entry, std::shared_ptr<hook_log> const& log, Use use) {
    using context = hh::basic_context<Type>;
    auto const h = std::make_shared<scripted_hook const>(entry);
    if (h->what == action::error) {
        use([h, log](context& c, auto done) {
            log_run(*log, *h, c);
            hh::error_code const failure = make_error_code(boost::system::errc::io_error);
            if (h->delay.count() == 0) return done(failure);
            auto const timer = std::make_shared<asio::steady_timer>(c.get_executor(), h->delay);
            timer->async_wait([timer, done, failure](hh::error_code) { done(failure); });
        });
    } else if (h->delay.count() > 0) {
        use([h, log](context& c) -> asio::awaitable<void> {
            log_run(*log, *h, c);
            asio::steady_timer timer(c.get_executor(), h->delay);
            co_await timer.async_wait(asio::use_awaitable);
            act(*h, c);
        });
    } else {
        use([h, log](context& c) {
            log_run(*log, *h, c);
            act(*h, c);
        });
    }
}

template <hh::hook_type Type>
void register_hook(hh::registry& hooks, scripted_hook const& h,
                   std::shared_ptr<hook_log> const& log) {
    with_callback<Type>(h, log, [&](auto callback) {
        hh::hook_options const o{
            .name = h.name, .needs_body = h.needs_body, .fallback = h.fallback};
        hooks.add(hh::hook::of_type<Type>(h.method, h.pattern, std::move(callback), o));
    });
}

inline hh::registry_options options_of(std::vector<scripted_hook> const& script) {
    hh::registry_options o;
    o.on_failure = failure_handler_of(script);
    for (scripted_hook const& h : script)
        if (h.type == "request-id") o.request_id.emplace();
    return o;
}

inline void register_script(hh::registry& hooks, std::vector<scripted_hook> const& script,
                            std::shared_ptr<hook_log> log) {
    using enum hh::hook_type;
    for (scripted_hook const& h : script) {
        if (h.type == "on-failure" || h.type == "request-id") continue;
        if (h.type == "default-responder") {
            with_callback<responder>(
                h, log, [&](auto callback) { hooks.default_responder(std::move(callback)); });
            continue;
        }
        if (h.type == "no-match") {
            with_callback<responder>(h, log,
                                     [&](auto callback) { hooks.no_match(std::move(callback)); });
            continue;
        }
        switch (*hh::hook_type_from_string(h.type)) {
            case request_listener:
                register_hook<request_listener>(hooks, h, log);
                break;
            case pre_responder:
                register_hook<pre_responder>(hooks, h, log);
                break;
            case pre_listener:
                register_hook<pre_listener>(hooks, h, log);
                break;
            case responder:
                register_hook<responder>(hooks, h, log);
                break;
            case post_listener:
                register_hook<post_listener>(hooks, h, log);
                break;
            case post_responder:
                register_hook<post_responder>(hooks, h, log);
                break;
            case response_listener:
                register_hook<response_listener>(hooks, h, log);
                break;
        }
    }
}

}  // namespace conformance
