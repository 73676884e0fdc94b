// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The notes of the demo: hooks of all seven types for `/notes/:id`.
*/

#include <httphooks.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace demo {

namespace asio = boost::asio;
namespace hh = httphooks;

/// Waits, as a hook does that asks a database.
inline asio::awaitable<void> wait(std::chrono::milliseconds time) {
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

/// Lets requests pass that have the token. It is for demonstration: everybody knows it.
inline void require_token(hh::pre_responder_context& c) {
    if (c.request()[hh::field::authorization] == "Bearer demo") return c.pass();
    c.reply_headers().set("WWW-Authenticate", "Bearer");
    c.set_response(hh::status::unauthorized, R"({"error":"no token"})", "application/json");
}

/// Notes that people leave for each other. One thread.
class notes {
public:
    /// What is told of each note that is written, as JSON.
    std::function<void(std::string const&)> on_written;

    /// Registers the hooks.
    void add_to(hh::registry& hooks);
    /// Takes a note that another server has told of, as on_written() gives it.
    void take(std::string const& written);

private:
    struct note {
        std::string text;
        std::string by;
        std::string via;
        std::uint64_t version = 0;
    };

    nlohmann::json to_json(std::string const& id) const;
    hh::response read(hh::responder_context& c) const;
    hh::response write(hh::responder_context& c);
    static void sign(hh::post_responder_context& c);

    std::map<std::string, note, std::less<>> notes_{
        {"1", {"Hooks run in seven types and five stages.", "the server", "http", 1}}};
    std::uint64_t requests_ = 0;
    std::size_t bytes_ = 0;
};

inline void notes::add_to(hh::registry& hooks) {
    constexpr std::string_view pattern = "/notes/:id";
    using namespace std::chrono_literals;

    hooks.request_listener(
        hh::any_verb, pattern, [](auto&) { return wait(40ms); },
        {.name = "access log", .summary = "Writes a slow log; nobody waits for it."});

    hooks.pre_responder(hh::any_verb, pattern, require_token,
                        {.name = "token", .summary = "Refuses requests without the token."});
    hooks.pre_responder(
        hh::any_verb, pattern,
        [this](auto& c) {
            hh::fields more;
            more.set("X-Request-Number", std::to_string(++requests_));
            c.replace_request(std::move(more));
        },
        {.name = "number", .summary = "Adds a header that the hooks behind it see."});

    hooks.pre_listener(hh::any_verb, pattern, [](auto const&) {},
                       {.name = "audit", .summary = "Sees the request as the responders will."});

    hooks.get(pattern, [this](auto& c) { return read(c); },
              {.name = "read", .summary = "Gives a note.", .annotations = {.tags = {"notes"}}});
    hooks.get("/notes/:id?history=1",
              [](auto& c) -> asio::awaitable<hh::response> {
                  std::string const number(c.request()["X-Request-Number"]);
                  auto waiting = wait(20ms);
                  co_await std::move(waiting);
                  co_return hh::json({{"history", "asked for by request " + number}});
              },
              {.name = "history",
               .summary = "Gives the history of a note, beside the note.",
               .annotations = {.tags = {"notes"}}});
    hooks.put(pattern, [this](auto& c) { return write(c); },
              {.name = "write",
               .body_limit = 4096,
               .summary = "Writes a note.",
               .annotations = {.tags = {"notes"}, .request = {"application/json"}}});

    hooks.post_listener(hh::any_verb, pattern,
                        [this](auto const& c) {
                            for (hh::response const& r : c.responses()) bytes_ += r.body().size();
                        },
                        {.name = "meter", .summary = "Counts the bytes of the responses."});
    hooks.post_responder(hh::any_verb, pattern, sign,
                         {.name = "checksum", .summary = "Adds a checksum to single responses."});

    hooks.response_listener(hh::verb::put, pattern,
                            [this](auto const& c) {
                                if (on_written && c.response().result() == hh::status::ok)
                                    on_written(c.response().body());
                            },
                            {.name = "publish", .summary = "Pushes a written note to everybody."});
    hooks.response_listener(hh::any_verb, pattern, [](auto&) { return wait(120ms); },
                            {.name = "archive", .summary = "Is slow, and runs past the reply."});

    hooks.get("/tasks/slow",
              [](auto&) -> asio::awaitable<hh::response> {
                  auto waiting = wait(600ms);
                  co_await std::move(waiting);
                  co_return hh::text("slow: 600 ms\n");
              },
              {.name = "slow", .summary = "Answers later, and delays nobody."});
    hooks.get("/tasks/fast", [](auto&) { return "fast: at once\n"; },
              {.name = "fast", .summary = "Answers at once."});
}

inline nlohmann::json notes::to_json(std::string const& id) const {
    note const& n = notes_.find(id)->second;
    return {{"note", id}, {"text", n.text}, {"by", n.by}, {"via", n.via}, {"version", n.version}};
}

inline void notes::take(std::string const& written) {
    auto const told = nlohmann::json::parse(written);
    note& n = notes_[told.at("note").get<std::string>()];
    n = {told.at("text"), told.at("by"), told.at("via"), told.at("version")};
}

inline hh::response notes::read(hh::responder_context& c) const {
    std::string const id(c.param("id"));
    if (!notes_.contains(id)) return hh::json({{"error", "no such note"}}, hh::status::not_found);
    return hh::json(to_json(id));
}

inline hh::response notes::write(hh::responder_context& c) {
    std::string const id(c.param("id"));
    auto const body = nlohmann::json::parse(c.request().body(), nullptr, false);
    if (!body.is_object() || !body.contains("text") || !body["text"].is_string())
        return hh::json({{"error", "a note is {\"text\": \"...\"}"}}, hh::status::bad_request);
    if (id.size() > 40 || (notes_.size() >= 100 && !notes_.contains(id)))
        return hh::json({{"error", "no room"}}, hh::status::insufficient_storage);
    note& n = notes_[id];
    n.text = body["text"].get<std::string>();
    n.by = body.contains("by") && body["by"].is_string() ? body["by"].get<std::string>() : "";
    n.via = hh::to_string(c.origin().transport());
    ++n.version;
    return hh::json(to_json(id));
}

inline void notes::sign(hh::post_responder_context& c) {
    if (c.responses().size() != 1) return;
    hh::response r = c.responses().front();
    std::uint32_t sum = 2166136261u;  // FNV-1a
    for (char const byte : r.body()) sum = (sum ^ static_cast<unsigned char>(byte)) * 16777619u;
    char text[9];
    std::snprintf(text, sizeof text, "%08x", sum);
    r.set("X-Checksum", text);
    c.replace_response(std::move(r));
}

}  // namespace demo
