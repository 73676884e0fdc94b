// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/registry.hpp>

#include <httphooks/hooks_page.hpp>
#include <httphooks/http/cors.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/http/static_files.hpp>
#include <httphooks/loopback_only.hpp>
#include <httphooks/metrics.hpp>
#include <httphooks/multi_response.hpp>
#include <httphooks/openapi.hpp>
#include <httphooks/socketio/dispatch.hpp>
#include <httphooks/socketio/server.hpp>
#include <httphooks/sockjs/dispatch.hpp>
#include <httphooks/testing.hpp>
#include <httphooks/websocket/dispatch.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/ostream.hpp>
#include <boost/beast/http/dynamic_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/vector_body.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/sanitizers.hpp"

using namespace httphooks;
using namespace httphooks::test;
using namespace std::chrono_literals;

namespace {

struct own_type {
    int number;
    friend response into_response(own_type value) { return text("own ", value.number); }
};

/// A fixture with a hook that completes in place and one that completes later.
struct dispatch_fixture : fixture {
    dispatch_fixture() {
        hooks.get("/now", [](auto&) { return "now"; });
        hooks.get("/later", [](auto&) -> asio::awaitable<std::string> {
            co_await turns(3);
            co_return "later";
        });
        hooks.get("/never", [](auto&) -> asio::awaitable<void> { co_await forever(); });
    }
};

/// Threads that run a context until they are joined.
class runners {
public:
    runners(asio::io_context& context, int count) : work_(asio::make_work_guard(context)) {
        for (int i = 0; i < count; ++i) threads_.emplace_back([&context] { context.run(); });
    }
    runners(runners const&) = delete;
    runners& operator=(runners const&) = delete;
    ~runners() { join(); }
    void join() {
        work_.reset();
        for (auto& t : threads_)
            if (t.joinable()) t.join();
    }

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

std::source_location here(std::source_location where = std::source_location::current()) {
    return where;
}

}  // namespace

TEST_CASE("hooks have ids that are never used again, and are listed as they were registered") {
    fixture t;
    auto const where = here();
    hook_id const a =
        t.hooks.get("/a/:id", [](auto&) { return "a"; }, {.name = "first", .summary = "the first"});
    hook_id const b = t.hooks.pre_listener(any_verb, "/*", [](auto&) {});
    CHECK(a != b);
    CHECK(a != hook_id());
    auto infos = t.hooks.hooks();
    REQUIRE(infos.size() == 2);
    CHECK(infos[0].id == a);
    CHECK(infos[0].type == hook_type::responder);
    CHECK(infos[0].method == verb::get);
    CHECK(infos[0].pattern == "/a/:id");
    CHECK(infos[0].options.name == "first");
    CHECK(infos[0].options.summary == "the first");
    CHECK(std::string(infos[0].where.file_name()) == where.file_name());
    CHECK(infos[0].where.line() > where.line());
    CHECK(infos[0].where.line() <= where.line() + 2);
    CHECK(infos[1].method == any_verb);
    t.hooks.remove(b);
    CHECK(t.hooks.hooks().size() == 1);
    CHECK(t.hooks.pre_listener(any_verb, "/*", [](auto&) {}).value() > b.value());
}

TEST_CASE("a responder can be registered for every method") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "get"; });
    t.hooks.put("/*", [](auto&) { return "put"; });
    t.hooks.post("/*", [](auto&) { return "post"; });
    t.hooks.patch("/*", [](auto&) { return "patch"; });
    t.hooks.delete_("/*", [](auto&) { return "delete"; });
    t.hooks.options("/*", [](auto&) { return "options"; });
    t.hooks.responder(verb::propfind, "/*", [](auto&) { return "propfind"; });
    CHECK(t.send(verb::get, "/").body() == "get");
    CHECK(t.send(verb::put, "/").body() == "put");
    CHECK(t.send(verb::post, "/").body() == "post");
    CHECK(t.send(verb::patch, "/").body() == "patch");
    CHECK(t.send(verb::delete_, "/").body() == "delete");
    CHECK(t.send(verb::options, "/").body() == "options");
    CHECK(t.send(verb::propfind, "/").body() == "propfind");
    CHECK(t.send(verb::mkcol, "/").result() == status::method_not_allowed);
}

TEST_CASE("a hook that was removed runs no more") {
    fixture t;
    hook_id const a = t.hooks.get("/a", [](auto&) { return "a"; });
    hook_id const guard = t.hooks.pre_responder(any_verb, "/*", [](auto&) { return status::gone; });
    CHECK(t.get("/a").result() == status::gone);
    t.hooks.remove(guard);
    CHECK(t.get("/a").body() == "a");
    t.hooks.remove(a);
    CHECK(t.get("/a").result() == status::not_found);
}

TEST_CASE("removing a hook that is not there is an error that names it, and removes nothing") {
    fixture t;
    hook_id const a = t.hooks.get("/a", [](auto&) { return "a"; });
    hook_id const b = t.hooks.get("/b", [](auto&) { return "b"; });
    auto const message = [&](auto const& what) -> std::string {
        try {
            t.hooks.remove(what);
        } catch (system_error const& e) {
            CHECK(e.code() == error::unknown_hook);
            return e.what();
        }
        return "";
    };
    CHECK(message(hook_id(12345)).find("12345") != std::string::npos);
    std::vector<hook_id> const several{a, hook_id(777), b};
    CHECK(message(several).find("777") != std::string::npos);
    CHECK(t.hooks.hooks().size() == 2);
    CHECK(t.get("/a").body() == "a");
    CHECK_THROWS_AS(t.hooks.remove({a, a}), system_error);
    CHECK(t.hooks.hooks().size() == 2);
    t.hooks.remove({a, b});
    CHECK(t.hooks.hooks().empty());
    CHECK(message(a).find(std::to_string(a.value())) != std::string::npos);
}

TEST_CASE("clear removes all hooks") {
    fixture t;
    for (int i = 0; i < 10; ++i) t.hooks.get("/a", [](auto&) { return "a"; });
    t.hooks.clear();
    CHECK(t.hooks.hooks().empty());
    CHECK(t.get("/a").result() == status::not_found);
    t.hooks.get("/a", [](auto&) { return "again"; });
    CHECK(t.get("/a").body() == "again");
}

TEST_CASE("hooks can be made first and added together, and more than once") {
    fixture t;
    hook const a = hook::of_type<hook_type::responder>(verb::get, "/*", [](auto&) { return "a"; });
    hook const b = hook::of_type<hook_type::responder>(verb::get, "/*", [](auto&) { return "b"; });
    auto const ids = t.hooks.add({a, b, a});
    CHECK(std::set<hook_id>(ids.begin(), ids.end()).size() == 3);
    auto const parts = parse_multi_response(t.get("/"));
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 3);
    CHECK((*parts)[0].body() == "a");
    CHECK((*parts)[1].body() == "b");
    CHECK((*parts)[2].body() == "a");
    t.hooks.remove(std::vector<hook_id>{ids[0], ids[1]});
    CHECK(t.get("/").body() == "a");
    t.hooks.add(b);
    CHECK(t.hooks.hooks().size() == 2);
}

TEST_CASE("a pattern that cannot be compiled throws where it is registered") {
    fixture t;
    CHECK_THROWS_AS(t.hooks.get("/a/:", [](auto&) { return "a"; }), std::invalid_argument);
    CHECK(t.hooks.hooks().empty());
}

TEST_CASE("copies of a registry are one registry") {
    fixture t;
    registry const copy = t.hooks;
    t.hooks.get("/a", [](auto&) { return "a"; });
    CHECK(copy.hooks().size() == 1);
}

TEST_CASE("a captured object goes with its hook") {
    fixture t;
    auto captured = std::make_shared<int>(1);
    std::weak_ptr<int> const watch = captured;
    auto const loop = t.hooks.make_loop();
    hook_id const id =
        t.hooks.get("/a", [c = std::move(captured)](auto&) { return std::to_string(*c); });
    CHECK(t.get("/a").body() == "1");
    t.hooks.remove(id);
    CHECK(watch.expired());
}

TEST_CASE("a registration may happen in a hook, and concerns the requests after it") {
    fixture t;
    t.hooks.pre_responder(any_verb, "/*", [&](auto& c) {
        c.pass();
        if (t.hooks.hooks().size() < 5) t.hooks.get("/a", [](auto&) { return "added"; });
    });
    CHECK(t.get("/a").result() == status::not_found);
    CHECK(t.get("/a").body() == "added");
    CHECK(t.get("/a").result() == status::accepted);
}

TEST_CASE("a callback may return a text, JSON, a status, a response, or a type of its own") {
    fixture t;
    t.hooks.get("/string", [](auto&) { return std::string("s"); });
    t.hooks.get("/view", [](auto&) { return std::string_view("v"); });
    t.hooks.get("/json", [](auto&) { return nlohmann::json{{"a", 1}}; });
    t.hooks.get("/status", [](auto&) { return status::im_used; });
    t.hooks.get("/response", [](auto&) { return make_response(status::created, "r", "text/x"); });
    t.hooks.get("/own", [](auto&) { return own_type{7}; });
    t.hooks.get("/own/later", [](auto&) -> asio::awaitable<own_type> { co_return own_type{8}; });
    t.hooks.get("/set", [](auto& c) { c.set_response(own_type{9}); });
    t.hooks.get("/beast", [](auto&) {
        beast::http::response<beast::http::string_body> r(status::ok, 11);
        r.body() = "beast";
        return r;
    });
    CHECK(t.get("/string").body() == "s");
    CHECK(t.get("/view").body() == "v");
    CHECK(t.get("/json").body() == R"({"a":1})");
    CHECK(t.get("/json")[field::content_type] == "application/json");
    CHECK(t.get("/status").result() == status::im_used);
    CHECK(t.get("/response")[field::content_type] == "text/x");
    CHECK(t.get("/own").body() == "own 7");
    CHECK(t.get("/own/later").body() == "own 8");
    CHECK(t.get("/set").body() == "own 9");
    CHECK(t.get("/beast").body() == "beast");
}

TEST_CASE("a reply of 205 has no body, and its length says so") {
    fixture t;
    t.hooks.get("/", [](auto&) { return make_response(status::reset_content, "body"); });
    response const r = t.get("/");
    CHECK(r.result() == status::reset_content);
    CHECK(r.body().empty());
    CHECK(r[field::content_length] == "0");
}

TEST_CASE("a response comes back ready to be written") {
    registry_options options;
    options.clock = [] { return std::time_t{784111777}; };
    options.server_name = "unit test";
    fixture t(options);
    t.hooks.get("/*", [](auto&) { return "body"; });
    t.hooks.get("/204", [](auto&) { return status::no_content; });
    SECTION("HTTP/1.1") {
        response const r = t.get("/");
        CHECK(r.version() == 11);
        CHECK(r.keep_alive());
        CHECK(r.count(field::connection) == 0);
        CHECK(r[field::content_length] == "4");
        CHECK(r[field::date] == "Sun, 06 Nov 1994 08:49:37 GMT");
        CHECK(r[field::server] == "unit test");
    }
    SECTION("a client that closes") {
        request req = make_request(verb::get, "/");
        req.set(field::connection, "close");
        response const r = t.send(std::move(req));
        CHECK_FALSE(r.keep_alive());
        CHECK(r[field::connection] == "close");
    }
    SECTION("HTTP/1.0") {
        request req = make_request(verb::get, "/");
        req.version(10);
        response r = t.send(req);
        CHECK(r.version() == 10);
        CHECK_FALSE(r.keep_alive());
        req.keep_alive(true);
        r = t.send(req);
        CHECK(r.keep_alive());
        CHECK(r[field::connection] == "keep-alive");
    }
    SECTION("HEAD") {
        response const r = t.send(verb::head, "/");
        CHECK(r.body().empty());
        CHECK(r[field::content_length] == "4");
    }
}

TEST_CASE("a request of any body and any fields of Beast's is taken") {
    fixture t;
    t.hooks.post("/*", [](auto& c) { return text(c.request()["X-A"], c.request().body()); });
    auto const send = [&](auto req) {
        req.method(verb::post);
        req.target("/");
        req.version(11);
        req.set("X-A", "a");
        return testing::inject(t.hooks, std::move(req)).body();
    };
    namespace http = beast::http;
    http::request<http::string_body> string;
    string.body() = "string";
    CHECK(send(std::move(string)) == "astring");
    http::request<http::empty_body> empty;
    CHECK(send(std::move(empty)) == "a");
    http::request<http::vector_body<char>> vector;
    vector.body() = {'v', 'e', 'c'};
    CHECK(send(std::move(vector)) == "avec");
    http::request<http::dynamic_body> dynamic;
    beast::ostream(dynamic.body()) << "dynamic";
    CHECK(send(std::move(dynamic)) == "adynamic");
    request own;
    own.body() = "own";
    CHECK(send(std::move(own)) == "aown");
}

TEST_CASE("a callback is called through its executor, never inside async_dispatch") {
    dispatch_fixture t;
    for (char const* target : {"/now", "/later"}) {
        bool returned = false;
        int calls = 0;
        auto const dispatch = [&] {
            returned = false;
            t.hooks.async_dispatch(make_request(verb::get, target), [&](error_code ec, response r) {
                CHECK(returned);
                CHECK_FALSE(ec);
                CHECK("/" + r.body() == target);
                ++calls;
            });
            returned = true;
        };
        SECTION(std::string(target) + ": from outside") {
            dispatch();
        }
        SECTION(std::string(target) + ": from inside") {
            asio::post(t.context, dispatch);
        }
        SECTION(std::string(target) + ": from inside a strand") {
            auto const strand = asio::make_strand(t.context);
            asio::post(strand, dispatch);
        }
        t.context.restart();
        t.context.run();
        if (returned) CHECK(calls == 1);
    }
}

TEST_CASE("a callback is called on its associated executor, and hooks run there") {
    dispatch_fixture t;
    auto const strand = asio::make_strand(t.context);
    bool hook_inside = false;
    t.hooks.request_listener(any_verb, "/*", [&](auto& c) {
        hook_inside = strand.running_in_this_thread();
        CHECK(c.get_executor() == strand);
    });
    for (char const* target : {"/now", "/later"}) {
        bool called = false;
        hook_inside = false;
        t.hooks.async_dispatch(make_request(verb::get, target),
                               asio::bind_executor(strand, [&](error_code, response) {
                                   called = strand.running_in_this_thread();
                               }));
        CHECK_FALSE(hook_inside);
        t.context.restart();
        t.context.run();
        CHECK(hook_inside);
        CHECK(called);
    }
}

TEST_CASE("an executor that cannot say where it runs still gets no call inside async_dispatch") {
    asio::thread_pool pool(1);
    registry hooks(pool.get_executor());
    hooks.get("/*", [](auto&) { return "r"; });
    std::promise<bool> outside;
    asio::post(pool, [&] {
        auto returned = std::make_shared<bool>(false);
        hooks.async_dispatch(
            make_request(verb::get, "/"),
            [&outside, returned](error_code, response) { outside.set_value(*returned); });
        *returned = true;
    });
    CHECK(outside.get_future().get());
    pool.join();
}

TEST_CASE("a dispatch from a foreign thread runs the hooks on the registry's executor") {
    dispatch_fixture t;
    std::thread::id hook_thread;
    t.hooks.request_listener(any_verb, "/*",
                             [&](auto&) { hook_thread = std::this_thread::get_id(); });
    runners threads(t.context, 1);
    for (char const* target : {"/now", "/later"}) {
        std::promise<std::thread::id> handler_thread;
        t.hooks.async_dispatch(make_request(verb::get, target), [&](error_code, response) {
            handler_thread.set_value(std::this_thread::get_id());
        });
        auto const id = handler_thread.get_future().get();
        CHECK(id != std::this_thread::get_id());
        CHECK(id == hook_thread);
    }
}

TEST_CASE("the hooks of a registry without an executor run where their requests come from") {
    registry hooks;
    std::thread::id where;
    hooks.get("/now", [&](auto&) {
        where = std::this_thread::get_id();
        return "now";
    });
    hooks.get("/later", [&](auto&) -> asio::awaitable<std::string> {
        co_await turns(3);
        where = std::this_thread::get_id();
        co_return "later";
    });
    for (std::string const path : {"/now", "/later"}) {
        CHECK(testing::inject(hooks, make_request(verb::get, path)).body() == path.substr(1));
        CHECK(where == std::this_thread::get_id());
        // a token without an executor: on a thread of the system's
        auto reply = hooks.async_dispatch(make_request(verb::get, path), asio::use_future);
        REQUIRE(reply.wait_for(10s) == std::future_status::ready);
        CHECK(reply.get().body() == path.substr(1));
    }
    registry with_options(registry_options{.server_name = "a"});
    with_options.get("/*", [](auto&) { return "b"; });
    CHECK(testing::inject(with_options, make_request(verb::get, "/"))["Server"] == "a");
}

TEST_CASE("a future, a deferred operation and a tuple are tokens as well") {
    dispatch_fixture t;
    runners threads(t.context, 1);
    for (char const* target : {"/now", "/later"}) {
        auto future = t.hooks.async_dispatch(make_request(verb::get, target), asio::use_future);
        CHECK("/" + future.get().body() == target);

        auto operation = t.hooks.async_dispatch(make_request(verb::get, target), asio::deferred);
        CHECK("/" + std::move(operation)(asio::use_future).get().body() == target);

        auto tuple = asio::co_spawn(
            t.context,
            [](registry hooks, std::string path) -> asio::awaitable<std::string> {
                auto dispatched = hooks.async_dispatch(make_request(verb::get, path),
                                                       asio::as_tuple(asio::use_awaitable));
                auto [ec, r] = co_await std::move(dispatched);
                co_return ec ? ec.message() : r.body();
            }(t.hooks, target),
            asio::use_future);
        CHECK("/" + tuple.get() == target);
    }
}

TEST_CASE("a coroutine is a token, with origin and without, by default and by name") {
    dispatch_fixture t;
    t.hooks.get("/origin", [](auto& c) { return to_string(c.origin().transport()); });
    auto const client = [](registry hooks, journal& log) -> asio::awaitable<void> {
        auto now = hooks.async_dispatch(make_request(verb::get, "/now"));
        log.add((co_await std::move(now)).body());
        auto later = hooks.async_dispatch(make_request(verb::get, "/later"), asio::use_awaitable);
        log.add((co_await std::move(later)).body());
        origin from(transport::websocket);
        auto with = hooks.async_dispatch(make_request(verb::get, "/origin"), from);
        log.add((co_await std::move(with)).body());
        beast::http::request<beast::http::string_body> req(verb::get, "/origin", 11);
        auto beasts = hooks.async_dispatch(req, from, asio::use_awaitable);
        log.add((co_await std::move(beasts)).body());
    };
    asio::co_spawn(t.context, client(t.hooks, t.log), asio::detached);
    t.context.run();
    CHECK(t.log.text() == "now later websocket websocket");
}

TEST_CASE("a coroutine on a concrete executor is a token") {
    using executor = asio::io_context::executor_type;
    constexpr asio::use_awaitable_t<executor> token;
    dispatch_fixture t;
    auto const client = [&](registry hooks) -> asio::awaitable<void, executor> {
        for (char const* target : {"/now", "/later"}) {
            auto dispatched = hooks.async_dispatch(make_request(verb::get, target), token);
            response const r = co_await std::move(dispatched);
            t.log.add(r.body());
        }
    };
    asio::co_spawn(t.context.get_executor(), client(t.hooks), asio::detached);
    t.context.run();
    CHECK(t.log.text() == "now later");
}

TEST_CASE("a coroutine dispatches a million times in place without using up the stack") {
    int const rounds = support::sanitized ? 20'000 : 1'000'000;
    dispatch_fixture t;
    int done = 0;
    auto const client = [&](registry hooks) -> asio::awaitable<void> {
        for (; done < rounds; ++done) {
            request req(verb::get, "/now", 11);
            auto dispatched = hooks.async_dispatch(std::move(req));
            response r = co_await std::move(dispatched);
            recycle(std::move(r));
        }
    };
    asio::co_spawn(t.context, client(t.hooks), asio::detached);
    CHECK(t.context.run() < 10);
    CHECK(done == rounds);
}

TEST_CASE("a handler dispatches again and again without using up the stack") {
    dispatch_fixture t;
    struct again {
        registry& hooks;
        int& left;
        void operator()(error_code, response) const {
            if (--left > 0)
                hooks.async_dispatch(make_request(verb::get, left % 2 ? "/now" : "/later"), *this);
        }
    };
    int left = 20'000;
    again{t.hooks, left}({}, {});
    t.context.run();
    CHECK(left == 0);
}

TEST_CASE("a handler that can only be moved is taken") {
    dispatch_fixture t;
    int sum = 0;
    for (char const* target : {"/now", "/later"})
        t.hooks.async_dispatch(
            make_request(verb::get, target),
            [&sum, p = std::make_unique<int>(21)](error_code, response) { sum += *p; });
    t.context.run();
    CHECK(sum == 42);
}

namespace {

template <class T>
struct counting_allocator {
    using value_type = T;
    int* count;

    explicit counting_allocator(int* c) : count(c) {}
    template <class U>
    counting_allocator(counting_allocator<U> const& other) : count(other.count) {}
    T* allocate(std::size_t n) {
        ++*count;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) { std::allocator<T>().deallocate(p, n); }
    template <class U>
    bool operator==(counting_allocator<U> const& other) const {
        return count == other.count;
    }
};

}  // namespace

TEST_CASE("a handler's allocator is used for what is posted to its executor") {
    dispatch_fixture t;
    int count = 0;
    bool called = false;
    asio::post(t.context, [&] {
        t.hooks.async_dispatch(make_request(verb::get, "/now"),
                               asio::bind_allocator(counting_allocator<void>(&count),
                                                    asio::bind_executor(t.context.get_executor(),
                                                                        [&](error_code, response) {
                                                                            called = true;
                                                                        })));
    });
    t.context.run();
    CHECK(called);
    CHECK(count > 0);
}

TEST_CASE("a cancelled dispatch completes with operation_aborted, and its hooks are cancelled") {
    dispatch_fixture t;
    t.hooks.response_listener(any_verb, "/*", [&](auto&) { t.log.add("response-listener"); });
    asio::cancellation_signal signal;
    error_code result;
    int calls = 0;
    t.hooks.async_dispatch(
        make_request(verb::get, "/never"),
        asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, response r) {
            result = ec;
            ++calls;
            CHECK(r.body().empty());
        }));
    t.context.poll();
    SECTION("once") {
        signal.emit(asio::cancellation_type::total);
    }
    SECTION("twice") {
        signal.emit(asio::cancellation_type::terminal);
        signal.emit(asio::cancellation_type::terminal);
    }
    t.context.restart();
    t.context.run_for(5s);
    CHECK(t.context.stopped());
    CHECK(calls == 1);
    CHECK(result == asio::error::operation_aborted);
    CHECK(t.hooks.stats().exchanges == 0);
    CHECK(t.log.text() == "");
    CHECK(t.errors.text() == "");
}

TEST_CASE("a cancellation after the end of a dispatch does nothing") {
    dispatch_fixture t;
    asio::cancellation_signal signal;
    int calls = 0;
    t.hooks.async_dispatch(
        make_request(verb::get, "/later"),
        asio::bind_cancellation_slot(signal.slot(), [&](error_code, response) { ++calls; }));
    t.context.run();
    signal.emit(asio::cancellation_type::terminal);
    t.context.restart();
    t.context.run();
    CHECK(calls == 1);
}

TEST_CASE("a coroutine that is cancelled cancels its dispatch") {
    dispatch_fixture t;
    using namespace asio::experimental::awaitable_operators;
    auto const client = [&](registry hooks) -> asio::awaitable<void> {
        auto dispatched = hooks.async_dispatch(make_request(verb::get, "/never"));
        auto limit = pause(5ms);
        auto either = std::move(dispatched) || std::move(limit);
        auto const first = co_await std::move(either);
        t.log.add(std::to_string(first.index()));
    };
    asio::co_spawn(t.context, client(t.hooks), asio::detached);
    t.context.run_for(5s);
    CHECK(t.context.stopped());
    CHECK(t.log.text() == "1");
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("the registry may end while its requests run") {
    asio::io_context context;
    journal log;
    {
        registry hooks(context.get_executor());
        hooks.get("/*", [&](auto&) -> asio::awaitable<std::string> {
            co_await turns(5);
            co_return "r";
        });
        hooks.response_listener(any_verb, "/*", [&](auto&) -> asio::awaitable<void> {
            co_await turns(5);
            log.add("listener");
        });
        hooks.async_dispatch(make_request(verb::get, "/"),
                             [&](error_code, response r) { log.add(r.body()); });
        asio::co_spawn(
            context,
            [](registry r, journal& l) -> asio::awaitable<void> {
                auto dispatched = [](registry last) {
                    return last.async_dispatch(make_request(verb::get, "/"));
                }(std::move(r));
                response const reply = co_await std::move(dispatched);
                l.add(reply.body());
            }(hooks, log),
            asio::detached);
    }
    context.run();
    CHECK(log.text() == "r r listener listener");
}

TEST_CASE("eight threads dispatch on one context without a strand") {
    asio::io_context context;
    std::atomic<int> logic_errors{0};
    registry_options options;
    options.error_handler = [&](hook_error const& e) {
        if (e.what() == "not all responses") ++logic_errors;
    };
    registry hooks(context.get_executor(), options);
    hooks.request_listener(any_verb, "/*",
                           [](auto&) -> asio::awaitable<void> { co_await turns(); });
    hooks.pre_responder(any_verb, "/*", [](auto& c) -> asio::awaitable<void> {
        co_await turns();
        c.pass();
    });
    for (int i = 0; i < 3; ++i)
        hooks.get("/:n", [](auto& c, hook_done done) {
            asio::post(c.get_executor(), [&c, done] {
                c.set_response(text(c.param("n")));
                done();
            });
        });
    hooks.get("/:n",
              [](auto&) -> asio::awaitable<std::string> {
                  co_await pause(1ms);
                  co_return "x";
              },
              {.time_limit = 1ms});
    hooks.post_listener(any_verb, "/*", [](auto& c) -> asio::awaitable<void> {
        co_await turns();
        if (c.responses().size() != 4) throw std::logic_error("not all responses");
    });
    hooks.response_listener(any_verb, "/*",
                            [](auto&) -> asio::awaitable<void> { co_await turns(2); });
    int const count = 500;
    std::atomic<int> good{0};
    std::atomic<int> handled{0};
    runners threads(context, 8);
    for (int i = 0; i < count; ++i)
        hooks.async_dispatch(
            make_request(verb::get, "/" + std::to_string(i)), [&, i](error_code ec, response r) {
                ++handled;
                auto const parts = parse_multi_response(r);
                if (!ec && parts && parts->size() == 4 && (*parts)[2].body() == std::to_string(i))
                    ++good;
            });
    threads.join();
    CHECK(handled == count);
    CHECK(good == count);
    CHECK(logic_errors == 0);
    CHECK(hooks.stats().exchanges == 0);
    CHECK(hooks.stats().listeners == 0);
}

TEST_CASE("what is cancelled before its executor has begun with it does not begin") {
    asio::io_context context;
    registry hooks(context.get_executor());
    bool called = false;
    hooks.get("/", [&](auto&) {
        called = true;
        return "r";
    });
    asio::cancellation_signal signal;
    std::optional<error_code> ended;
    hooks.async_dispatch(
        make_request(verb::get, "/"),
        asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, response) { ended = ec; }));
    signal.emit(asio::cancellation_type::terminal);
    CHECK(!ended);
    context.run();
    CHECK(ended == asio::error::operation_aborted);
    CHECK(!called);
    CHECK(hooks.stats().exchanges == 0);
}

TEST_CASE("what waits for its executor goes with the context") {
    auto context = std::make_unique<asio::io_context>();
    registry hooks(context->get_executor());
    hooks.get("/", [](auto&) { return "r"; });
    bool called = false;
    hooks.async_dispatch(
        make_request(verb::get, "/"),
        [&, kept = std::make_shared<int>()](error_code, response) { called = true; });
    context.reset();
    CHECK(!called);
    CHECK(hooks.stats().exchanges == 0);
}

TEST_CASE("a cancellation and the reply may come on two threads at once: one completion") {
    asio::io_context context;
    registry_options options;
    options.error_handler = [](hook_error const&) {};
    registry hooks(context.get_executor(), options);
    hooks.get("/*", [](auto& c) -> asio::awaitable<std::string> {
        co_await turns(static_cast<int>(c.request().body().size()));
        co_return "r";
    });
    std::atomic<int> calls{0};
    std::atomic<int> wrong{0};
    int const count = 300;
    std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
    {
        runners threads(context, 4);
        for (int i = 0; i < count; ++i) {
            auto& signal = *signals.emplace_back(std::make_unique<asio::cancellation_signal>());
            request req =
                make_request(verb::get, "/", std::string(static_cast<std::size_t>(i % 6), 'x'));
            hooks.async_dispatch(
                std::move(req),
                asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, response r) {
                    ++calls;
                    if (ec ? ec != asio::error::operation_aborted : r.body() != "r") ++wrong;
                }));
        }
        for (auto const& signal : signals)
            asio::post(context, [&signal] { signal->emit(asio::cancellation_type::terminal); });
    }
    CHECK(calls == count);
    CHECK(wrong == 0);
    CHECK(hooks.stats().exchanges == 0);
}

TEST_CASE("a completion on another thread and the time limit may come at once: one reply") {
    asio::io_context context;
    asio::thread_pool pool(2);
    registry_options options;
    options.error_handler = [](hook_error const&) {};
    registry hooks(context.get_executor(), options);
    hooks.get("/*",
              [&pool](auto& c, hook_done done) {
                  auto const when = std::chrono::steady_clock::now() + 1ms;
                  asio::post(pool, [&c, done, when] {
                      while (std::chrono::steady_clock::now() < when) std::this_thread::yield();
                      c.set_response(text("r"));
                      done();
                  });
              },
              {.time_limit = 1ms});
    std::atomic<int> good{0};
    std::atomic<int> late{0};
    int const count = 200;
    {
        runners threads(context, 2);
        for (int i = 0; i < count; ++i)
            hooks.async_dispatch(make_request(verb::get, "/"), [&](error_code ec, response r) {
                if (!ec && r.result() == status::ok && r.body() == "r") ++good;
                if (!ec && r.result() == status::gateway_timeout) ++late;
            });
    }
    pool.join();
    CHECK(good + late == count);
    CHECK(hooks.stats().timeouts == static_cast<std::uint64_t>(late));
    CHECK(hooks.stats().late_calls >= static_cast<std::uint64_t>(late));
    CHECK(hooks.stats().late_calls <= 2 * static_cast<std::uint64_t>(late));
}

TEST_CASE("hooks are added and removed while eight threads dispatch; each request sees one set") {
    asio::io_context context;
    registry hooks(context.get_executor());
    hooks.get("/*", [](auto&) { return "fixed"; });
    hook const first =
        hook::of_type<hook_type::responder>(verb::get, "/pair", [](auto&) { return "one"; });
    hook const second =
        hook::of_type<hook_type::responder>(verb::get, "/pair", [](auto&) { return "two"; });
    std::atomic<bool> stop{false};
    std::atomic<int> torn{0};
    std::atomic<int> pairs{0};
    std::atomic<int> plain{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            auto const loop = hooks.make_loop();
            asio::io_context own(1);
            while (!stop.load(std::memory_order_relaxed)) {
                response reply;
                if (i % 2) {
                    exchange_ptr const ex = loop->make_exchange(own.get_executor(), nullptr);
                    ex->incoming() = make_request(verb::get, "/pair");
                    if (!ex->start()) ++torn;
                    reply = detail::finished_reply(*ex, detail::small_file);
                    ex->handed_over();
                } else {
                    reply = testing::inject(hooks, make_request(verb::get, "/pair"));
                }
                if (reply.body() == "fixed" || reply.result() == status::not_found) {
                    ++plain;
                } else {
                    auto const parts = parse_multi_response(reply);
                    if (parts && parts->size() % 2 == 1)
                        ++pairs;
                    else
                        ++torn;
                }
            }
        });
    for (int round = 0; round < 300 || (round < 100'000 && (!pairs || !plain)); ++round) {
        auto const ids = hooks.add({first, second});
        std::this_thread::yield();
        if (round % 10 == 9) {
            hooks.clear();
            hooks.get("/*", [](auto&) { return "fixed"; });
        } else {
            hooks.remove(ids);
        }
    }
    stop = true;
    for (auto& thread : threads) thread.join();
    CHECK(torn == 0);
    CHECK(pairs > 0);
    CHECK(plain > 0);
    CHECK(hooks.stats().exchanges == 0);
}

TEST_CASE("loops that come one after another count in the same place, and no count is lost") {
    fixture t;
    auto const first = t.hooks.services()->new_counters();
    detail::counters const* const place = t.hooks.services()->new_counters().get();
    auto again = t.hooks.services()->new_counters();
    CHECK(again.get() == place);
    CHECK(again != first);
    detail::counters::add(again->timeouts);
    again.reset();
    auto const other = t.hooks.services()->new_counters();
    detail::counters::add(other->timeouts);
    detail::counters::add(first->timeouts);
    CHECK(t.hooks.stats().timeouts == 3);
}

TEST_CASE("whatever makes a hook, or takes a registry, does so for one with a state") {
    struct visit {
        std::string user = "nobody";
    };
    basic_fixture<visit> t;
    basic_registry<visit>& hooks = t.hooks;
    metrics numbers(hooks);
    hooks.pre_responder(any_verb, "/*", http::cors({.origins = {"*"}}));
    hooks.pre_responder(any_verb, "/metrics", loopback_only());
    hooks.get("/metrics", numbers.responder());
    hooks.get("/hooks", hooks_page(hooks, {.loopback_only = false}));
    hooks.get("/file", [](auto& c) { http::send_file(c, "/dev/null"); });
    hooks.get("/user", [](auto& c) { return text(c.state().user); });
    hooks.default_responder(http::static_files("/dev"));

    CHECK(t.get("/metrics").result() == status::not_found);  // nobody knows where it comes from
    CHECK(t.get("/hooks").body().find("/metrics") != std::string::npos);
    CHECK(t.get("/file").result() == status::not_found);  // no regular file
    CHECK(t.get("/null").result() == status::not_found);
    response const r = t.get("/user");
    CHECK(r.body() == "nobody");
    CHECK(r[field::access_control_allow_origin] == "*");
    CHECK(numbers.text().find(R"(pattern="/user")") != std::string::npos);
    CHECK(openapi(hooks)["paths"].contains("/user"));
    CHECK(hooks.describe().size() == 7);
    CHECK_FALSE(hooks.observer().stopped());

    auto const executor = t.context.get_executor();
    http::server const web(executor, hooks);
    http::server const threads(http::options{.threads = 2}, hooks);
    websocket::dispatch(websocket::server(executor, {.path = "/ws"}), hooks);
    sockjs::dispatch(sockjs::server(executor, {.prefix = "/sockjs"}), hooks);
    socketio::server const io(executor);
    socketio::dispatch(io.of("/"), hooks);

    // and for one of another registry
    registry plain(executor);
    plain.get("/hooks", hooks_page(hooks, {.loopback_only = false}));
    plain.get("/metrics", numbers.responder());
    CHECK(testing::inject(plain, make_request(verb::get, "/hooks")).body().find("/user") !=
          std::string::npos);
    CHECK(testing::inject(plain, make_request(verb::get, "/metrics")).body().find("/user") !=
          std::string::npos);
}
