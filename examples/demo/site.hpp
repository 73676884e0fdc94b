// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The demo's server: one port for the page, the hooks, and three kinds of sockets.
*/

#include "note_exchange.hpp"
#include "notes.hpp"
#include "pipeline_feed.hpp"

#include <httphooks.hpp>
#include <httphooks/event_source_hub.hpp>
#include <httphooks/hooks_page.hpp>
#include <httphooks/http/static_files.hpp>
#include <httphooks/loopback_only.hpp>
#include <httphooks/metrics.hpp>
#include <httphooks/openapi.hpp>
#include <httphooks/socketio/dispatch.hpp>
#include <httphooks/socketio/server.hpp>
#include <httphooks/sockjs/dispatch.hpp>
#include <httphooks/sockjs/server.hpp>
#include <httphooks/websocket/dispatch.hpp>
#include <httphooks/websocket/server.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace demo {

/// What the demo is told when it is started.
struct settings {
    /// The folder of the page.
    std::string page;
    /// The folder of the browser clients, sockjs.min.js and socket.io.min.js.
    std::string clients;
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    /// The URL of the Redis over which several servers share their notes; empty: there is but one.
    std::string redis{};
};

/// The server from its start until it is drained. One thread.
class site : public std::enable_shared_from_this<site> {
public:
    site(asio::any_io_executor const& executor, settings const& s, notes& book);
    ~site();

    std::uint16_t port() const { return web_.port(); }
    /// Opens the port. @throws hh::system_error it cannot
    void listen() { web_.listen(); }
    /// Serves until the server is drained.
    asio::awaitable<void> run();
    /// Answers what has begun, and ends.
    void drain() {
        events_.close();  // they would not end by themselves
        web_.async_drain(std::chrono::seconds(5), asio::detached);
    }

private:
    void add_pages(settings const& s);
    void add_buttons();
    void add_sockets(settings const& s, notes& book);
    void tell_everybody(std::string const& note);

    nlohmann::json shown_hooks() const;
    std::size_t sessions() const;
    nlohmann::json state() const;
    void tell_state() const { trace_.emit("state", state()); }
    asio::awaitable<void> watch_sessions();
    static asio::awaitable<void> count_down(std::shared_ptr<site> self);

    hh::registry hooks_;
    hh::metrics numbers_;
    hh::sockjs::server sockjs_;
    hh::websocket::server websockets_;
    hh::socketio::server socketio_;
    hh::socketio::nsp trace_;
    hh::event_source_hub events_{};
    hh::http::server web_;
    std::shared_ptr<pipeline_feed> feed_;
    std::optional<note_exchange> others_;
    std::optional<hh::hook_id> extra_;
    std::function<void(std::string const&)>& on_written_;
    bool draining_ = false;
    bool ended_ = false;
};

// ---------------------------------------------------------------------------------------------

inline site::site(asio::any_io_executor const& executor, settings const& s, notes& book)
    : hooks_(executor),
      numbers_(hooks_),
      sockjs_(executor, {.prefix = "/sockjs", .sockjs_url = "/clients/sockjs.min.js"}),
      websockets_(executor, {.path = "/ws"}),
      socketio_(executor),
      trace_(socketio_.of("/trace")),
      web_(executor, hooks_, {.address = s.address, .port = s.port}),
      feed_(std::make_shared<pipeline_feed>(
          executor,
          [to = trace_](nlohmann::json events) { to.emit("events", std::move(events)); })),
      on_written_(book.on_written) {
    book.add_to(hooks_);
    add_buttons();
    add_pages(s);
    add_sockets(s, book);
    hooks_.trace(feed_);
}

inline site::~site() {
    on_written_ = nullptr;
    hooks_.untrace(feed_);
}

inline void site::add_pages(settings const& s) {
    hooks_.get("/", [file = s.page + "/index.html"](auto& c) { hh::http::send_file(c, file); },
               {.name = "page"});
    hooks_.get("/page/:path", hh::http::static_files(s.page), {.name = "page's files"});
    hooks_.get("/clients/:path", hh::http::static_files(s.clients), {.name = "browser clients"});
    hooks_.get("/hello/:name", [](auto& c) { return hh::text("Hello, ", c.param("name"), "!\n"); },
               {.name = "hello", .summary = "Says hello."});

    hooks_.get("/events", [this](auto& c) { return events_.subscribe(c.request()); },
               {.name = "events", .summary = "Tells of notes, to an EventSource."});

    std::vector<std::string> const mounts{"/sockjs", "/ws", "/socket.io"};
    hooks_.get("/__hooks", hh::hooks_page(hooks_, {.mounts = mounts, .title = "Hooks of the demo"}),
               {.name = "hooks"});
    hooks_.get(
        "/ws/info", [](auto&) { return "never sent"; },
        {.name = "shadowed", .summary = "Here to be warned of: the mount /ws is before it."});
    hooks_.get("/openapi.json",
               [this](auto&) {
                   hh::openapi_info const info{.title = "httphooks demo"};
                   return hh::openapi(hooks_, info);
               },
               {.name = "openapi"});
    hooks_.pre_responder(hh::any_verb, "/metrics", hh::loopback_only{},
                         {.name = "this machine only"});
    hooks_.get("/metrics", numbers_.responder(), {.name = "metrics"});
    numbers_.watch("http", web_);
    numbers_.watch("sockjs", sockjs_);
    numbers_.watch("websocket", websockets_);
    numbers_.watch("socket.io", socketio_);
    numbers_.gauge("demo_sessions", "Open sockets of all kinds.",
                   [this] { return static_cast<double>(sessions()); });
}

inline void site::add_buttons() {
    hooks_.pre_responder(hh::any_verb, "/demo/:button", require_token, {.name = "token"});
    hooks_.get("/demo/state", [this](auto&) { return state(); }, {.name = "state"});
    hooks_.put("/demo/hook",
               [this](auto&) {
                   if (!extra_)
                       extra_ = hooks_.post_responder(
                           hh::any_verb, "/notes/:id",
                           [](auto& c) { c.reply_headers().set("X-Extra", "added at run time"); },
                           {.name = "extra", .summary = "Was added while the server ran."});
                   tell_state();
                   return state();
               },
               {.name = "add a hook"});
    hooks_.delete_("/demo/hook",
                   [this](auto&) {
                       if (extra_) hooks_.remove(*std::exchange(extra_, std::nullopt));
                       tell_state();
                       return state();
                   },
                   {.name = "remove it"});
    hooks_.post("/demo/drain",
                [this](auto&) {
                    if (!std::exchange(draining_, true))
                        asio::co_spawn(web_.get_executor(), count_down(shared_from_this()),
                                       asio::detached);
                    return state();
                },
                {.name = "drain"});
}

inline void site::add_sockets(settings const& s, notes& book) {
    hh::sockjs::dispatch(sockjs_, hooks_);
    hh::websocket::dispatch(websockets_, hooks_);
    hh::socketio::dispatch(socketio_.of("/"), hooks_);
    trace_.on_connection(
        [this](hh::socketio::socket const& client) { client.emit("state", state()); });
    web_.mount(sockjs_);
    web_.mount(websockets_);
    web_.mount(socketio_);

    if (s.redis.empty()) {
        book.on_written = [this](std::string const& note) { tell_everybody(note); };
        return;
    }
    others_.emplace(web_.get_executor(), s.redis, [this, &book](std::string const& note) {
        book.take(note);
        tell_everybody(note);
    });
    book.on_written = [this](std::string const& note) { others_->publish(note); };
}

inline void site::tell_everybody(std::string const& note) {
    sockjs_.broadcast(note);
    for (auto const& c : websockets_.connections()) c.send(note);
    socketio_.emit("note", nlohmann::json::parse(note));
    events_.publish("", note);
}

inline nlohmann::json site::shown_hooks() const {
    nlohmann::json shown = nlohmann::json::array();
    for (auto& hook : hh::to_json(hooks_.describe()))
        if (pipeline_feed::is_shown(hook["pattern"].get_ref<std::string const&>()))
            shown.push_back(std::move(hook));
    return shown;
}

inline std::size_t site::sessions() const {
    return sockjs_.size() + websockets_.connections().size() + socketio_.of("/").sockets().size() +
           events_.subscribers();
}

inline nlohmann::json site::state() const {
    return {{"hooks", shown_hooks()},
            {"sessions", sessions()},
            {"extra", extra_.has_value()},
            {"draining", draining_},
            {"spoofed", hooks_.stats().spoofed_control_headers}};
}

inline asio::awaitable<void> site::watch_sessions() {
    std::size_t told = 0;
    while (!ended_) {
        if (std::size_t const now = sessions(); std::exchange(told, now) != now) tell_state();
        auto waiting = wait(std::chrono::milliseconds(100));
        co_await std::move(waiting);
    }
}

// Sessions are closed one by one, so that it can be seen; drain() would close them at once.
inline asio::awaitable<void> site::count_down(std::shared_ptr<site> self) {
    std::vector<std::function<void()>> ends;
    for (auto c : self->sockjs_.connections()) ends.emplace_back([c]() mutable { c.close(); });
    for (auto const& c : self->websockets_.connections())
        ends.emplace_back([c] { c.close(hh::websocket::close_code::going_away); });
    for (auto const& s : self->socketio_.of("/").sockets())
        ends.emplace_back([s] { s.disconnect(true); });
    ends.emplace_back([self] { self->events_.close(); });
    self->tell_state();
    for (auto const& end : ends) {
        auto waiting = wait(std::chrono::milliseconds(250));
        co_await std::move(waiting);
        end();
    }
    // A SockJS client between two polls keeps its session for 5 s.
    auto const latest = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (self->sessions() != 0 && std::chrono::steady_clock::now() < latest) {
        auto waiting = wait(std::chrono::milliseconds(50));
        co_await std::move(waiting);
    }
    self->tell_state();
    auto waiting = wait(std::chrono::milliseconds(500));
    co_await std::move(waiting);
    self->drain();
}

inline asio::awaitable<void> site::run() {
    asio::co_spawn(web_.get_executor(), watch_sessions(), asio::detached);
    auto serving = web_.async_run(asio::use_awaitable);
    co_await std::move(serving);
    ended_ = true;
    auto waiting = wait(std::chrono::milliseconds(200));  // for watch_sessions()
    co_await std::move(waiting);
}

}  // namespace demo
