// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/runs/pipeline.hpp>

#include <httphooks/multi_response.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;
using namespace std::chrono_literals;

namespace {

enum class form { value, returns_nothing, coroutine, coroutine_value, callback, callback_later };

constexpr form forms[] = {form::value,           form::returns_nothing, form::coroutine,
                          form::coroutine_value, form::callback,        form::callback_later};

template <hook_type Type>
void decide(basic_context<Type>& c, std::string const& name) {
    if constexpr (Type == hook_type::responder)
        c.set_response(text(name));
    else if constexpr (is_responder(Type))
        c.pass();
}

/// What a hook returns that neither ends the chain nor replaces anything.
template <hook_type Type>
response what_passes(std::string const& name) {
    return Type == hook_type::responder ? text(name) : into_response(status::ok);
}

/// A hook of any type and form that logs its name.
template <hook_type Type>
hook hook_of(form f, journal& log, std::string const& name) {
    using context = basic_context<Type>;
    constexpr bool returns = is_responder(Type);
    switch (f) {
        case form::value:
            if constexpr (returns)
                return hook::of_type<Type>(any_verb, "/*", [&log, name](context&) {
                    log.add(name);
                    return what_passes<Type>(name);
                });
            [[fallthrough]];
        case form::returns_nothing:
            return hook::of_type<Type>(any_verb, "/*", [&log, name](context& c) {
                log.add(name);
                decide(c, name);
            });
        case form::coroutine_value:
            if constexpr (returns)
                return hook::of_type<Type>(any_verb, "/*",
                                           [&log, name](context&) -> asio::awaitable<response> {
                                               log.add(name);
                                               co_await turns();
                                               co_return what_passes<Type>(name);
                                           });
            [[fallthrough]];
        case form::coroutine:
            return hook::of_type<Type>(any_verb, "/*",
                                       [&log, name](context& c) -> asio::awaitable<void> {
                                           log.add(name);
                                           co_await turns();
                                           decide(c, name);
                                       });
        case form::callback:
            return hook::of_type<Type>(any_verb, "/*", [&log, name](context& c, auto done) {
                log.add(name);
                decide(c, name);
                done();
            });
        case form::callback_later:
            return hook::of_type<Type>(any_verb, "/*", [&log, name](context& c, hook_done done) {
                log.add(name);
                asio::post(c.get_executor(), [&c, done, name] {
                    decide(c, name);
                    done();
                });
            });
    }
    throw std::logic_error("no such form");
}

hook hook_of(hook_type type, form f, journal& log, std::string const& name) {
    switch (type) {
        case hook_type::request_listener:
            return hook_of<hook_type::request_listener>(f, log, name);
        case hook_type::pre_responder:
            return hook_of<hook_type::pre_responder>(f, log, name);
        case hook_type::pre_listener:
            return hook_of<hook_type::pre_listener>(f, log, name);
        case hook_type::responder:
            return hook_of<hook_type::responder>(f, log, name);
        case hook_type::post_listener:
            return hook_of<hook_type::post_listener>(f, log, name);
        case hook_type::post_responder:
            return hook_of<hook_type::post_responder>(f, log, name);
        case hook_type::response_listener:
            return hook_of<hook_type::response_listener>(f, log, name);
    }
    throw std::logic_error("no such type");
}

std::string wire(response const& r) {
    return std::to_string(r.result_int()) + "\r\n" + std::string(r.wire()) + "\r\n" + r.body();
}

}  // namespace

TEST_CASE("the seven types run in their order, in whatever order and form they are registered") {
    for (form f : forms) {
        fixture t;
        for (std::size_t i = hook_types.size(); i-- > 0;)
            t.hooks.add(hook_of(hook_types[i], f, t.log, std::to_string(i)));
        response const r = t.get("/a");
        CHECK(t.log.text() == "0 1 2 3 4 5 6");
        CHECK(r.result() == status::ok);
        CHECK(r.body() == "3");
        CHECK(r[field::content_type] == "text/plain; charset=utf-8");
        CHECK(t.errors.text() == "");
    }
}

TEST_CASE("a hook of any type works in any form beside hooks of any other form") {
    for (hook_type type : hook_types)
        for (form one : forms)
            for (form two : forms) {
                fixture t;
                t.hooks.add(hook_of(type, one, t.log, "a"));
                t.hooks.add(hook_of(type, two, t.log, "b"));
                if (type != hook_type::responder) t.hooks.get("/*", [](auto&) { return "r"; });
                response const r = t.get("/x");
                CHECK(t.log.text() == "a b");
                CHECK(t.errors.text() == "");
                if (type == hook_type::responder) {
                    auto const parts = parse_multi_response(r);
                    REQUIRE(parts.has_value());
                    REQUIRE(parts->size() == 2);
                    CHECK((*parts)[0].body() == "a");
                    CHECK((*parts)[1].body() == "b");
                } else {
                    CHECK(r.body() == "r");
                }
            }
}

TEST_CASE("nobody waits for what a listener awaits") {
    for (hook_type type : hook_types) {
        if (is_responder(type)) continue;
        fixture t;
        auto slow = [&t]<hook_type Type>(std::integral_constant<hook_type, Type>) {
            return hook::of_type<Type>(any_verb, "/*",
                                       [&t](basic_context<Type>& c) -> asio::awaitable<void> {
                                           t.log.add("started");
                                           co_await turns(20);
                                           t.log.add("ended:" + std::string(c.param("name")));
                                       });
        };
        switch (type) {
            case hook_type::request_listener:
                t.hooks.add(slow(std::integral_constant<hook_type, hook_type::request_listener>()));
                break;
            case hook_type::pre_listener:
                t.hooks.add(slow(std::integral_constant<hook_type, hook_type::pre_listener>()));
                break;
            case hook_type::post_listener:
                t.hooks.add(slow(std::integral_constant<hook_type, hook_type::post_listener>()));
                break;
            default:
                t.hooks.add(
                    slow(std::integral_constant<hook_type, hook_type::response_listener>()));
        }
        t.hooks.get("/:name", [&t](auto&) {
            t.log.add("responder");
            return "r";
        });
        std::string reply;
        t.hooks.async_dispatch(make_request(verb::get, "/x"), [&](error_code, response r) {
            t.log.add("reply");
            reply = r.body();
        });
        t.context.run();
        auto const entries = t.log.entries();
        CHECK(entries.back().starts_with("ended"));
        CHECK(std::set<std::string>(entries.begin(), entries.end()).contains("reply"));
        CHECK(reply == "r");
        CHECK(t.hooks.stats().listeners == 0);
    }
}

TEST_CASE("a listener's snapshots stay what they were, for as long as it runs") {
    fixture t;
    std::vector<std::string> seen;
    t.hooks.request_listener(any_verb, "/:name", [&](auto& c) -> asio::awaitable<void> {
        auto const name = c.param("name");
        co_await turns(30);
        seen.push_back("request " + std::string(c.request()["X-A"]) + c.request().body() +
                       std::string(name) + std::string(c.query("q")));
    });
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        fields changed;
        changed.set("X-A", "changed");
        c.replace_request(std::move(changed), "new body");
    });
    t.hooks.pre_listener(any_verb, "/*", [&](auto& c) -> asio::awaitable<void> {
        co_await turns(30);
        seen.push_back("pre " + std::string(c.request()["X-A"]) + c.request().body());
    });
    t.hooks.get("/*", [](auto& c) { return c.request().body(); });
    t.hooks.post_listener(any_verb, "/*", [&](auto& c) -> asio::awaitable<void> {
        auto const before = c.responses();
        co_await turns(30);
        REQUIRE(c.responses().size() == 1);
        CHECK(before.data() == c.responses().data());
        seen.push_back("post " + c.responses()[0].body());
    });
    t.hooks.post_responder(any_verb, "/*", [](auto& c) {
        response r = c.responses().front();
        r.body() += " replaced";
        c.replace_response(std::move(r));
    });
    t.hooks.response_listener(any_verb, "/*", [&](auto& c) -> asio::awaitable<void> {
        co_await turns(30);
        seen.push_back("response " + c.response().body());
    });
    request req = make_request(verb::get, "/na%20me?q=a+b");
    req.set("X-A", "original");
    req.body() = "body";
    response const r = t.send(std::move(req));
    CHECK(r.body() == "new body replaced");
    REQUIRE(seen.size() == 4);
    CHECK(seen[0] == "request originalbodyna mea b");
    CHECK(seen[1] == "pre changednew body");
    CHECK(seen[2] == "post new body");
    CHECK(seen[3] == "response new body replaced");
}

TEST_CASE("the errors of listeners go to the error handler and nowhere else") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "r"; });
    std::string const secret = "secret text";
    t.hooks.request_listener(any_verb, "/*",
                             [&](auto&) -> void { throw std::runtime_error(secret); });
    t.hooks.pre_listener(any_verb, "/*", [&](auto&) -> asio::awaitable<void> {
        co_await turns();
        throw std::runtime_error(secret);
    });
    t.hooks.post_listener(any_verb, "/*", [](auto&, auto done) {
        done(make_error_code(boost::system::errc::io_error));
    });
    t.hooks.response_listener(any_verb, "/*", [](auto&, auto) {});
    t.hooks.response_listener(any_verb, "/*", [](auto&) -> void { throw 7; });
    response const r = t.get("/");
    CHECK(r.result() == status::ok);
    CHECK(r.body() == "r");
    auto const errors = t.errors.entries();
    REQUIRE(errors.size() == 5);
    CHECK(errors[0] == "request-listener: secret text");
    CHECK(std::set<std::string>(errors.begin(), errors.end()) ==
          std::set<std::string>{"request-listener: secret text", "pre-listener: secret text",
                                "post-listener: Input/output error",
                                "response-listener: a hook dropped its done without calling it",
                                "response-listener: a hook threw an unknown exception"});
}

TEST_CASE("a pre-responder that passes, in whatever way, lets the responders run") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "r"; });
    SECTION("by pass()") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c) { c.pass(); });
    }
    SECTION("by a 2xx") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c) { c.set_response(status::created); });
    }
    SECTION("by returning a 2xx without content") {
        t.hooks.pre_responder(any_verb, "/*", [](auto&) { return status::created; });
    }
    SECTION("by replacing the request") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c) { c.replace_request(fields()); });
    }
    CHECK(t.get("/").body() == "r");
    CHECK(t.errors.text() == "");
}

TEST_CASE("a pre-responder that ends the chain decides the reply; pre-listeners still run") {
    fixture t;
    t.hooks.request_listener(any_verb, "/*", [&](auto&) { t.log.add("request-listener"); });
    t.hooks.pre_listener(any_verb, "/*", [&](auto&) { t.log.add("pre-listener"); });
    t.hooks.post_listener(any_verb, "/*", [&](auto&) { t.log.add("post-listener"); });
    t.hooks.get("/*", [&](auto&) {
        t.log.add("responder");
        return "r";
    });
    t.hooks.response_listener(any_verb, "/*", [&](auto& c) {
        t.log.add("response-listener:" + std::to_string(c.response().result_int()));
    });
    SECTION("by a status that is no 2xx") {
        t.hooks.pre_responder(any_verb, "/*",
                              [](auto& c) { c.set_response(status::unauthorized, "no"); });
        t.hooks.pre_responder(any_verb, "/*", [&](auto&) { t.log.add("second"); });
        t.hooks.post_responder(any_verb, "/*", [&](auto&) { t.log.add("post-responder"); });
        response const r = t.get("/");
        CHECK(r.result() == status::unauthorized);
        CHECK(r.body() == "no");
        CHECK(t.log.text() == "request-listener pre-listener response-listener:401");
    }
    SECTION("by returning a status") {
        t.hooks.pre_responder(any_verb, "/*", [](auto&) { return status::forbidden; });
        CHECK(t.get("/").result() == status::forbidden);
        CHECK(t.log.text() == "request-listener pre-listener response-listener:403");
    }
    SECTION("by returning content") {
        t.hooks.pre_responder(any_verb, "/*", [](auto&) { return "maintenance"; });
        response const r = t.get("/");
        CHECK(r.result() == status::ok);
        CHECK(r.body() == "maintenance");
        CHECK(t.log.text() == "request-listener pre-listener response-listener:200");
    }
    SECTION("by returning content, later") {
        t.hooks.pre_responder(any_verb, "/*", [](auto&) -> asio::awaitable<nlohmann::json> {
            co_await turns();
            co_return nlohmann::json{{"a", 1}};
        });
        CHECK(t.get("/").body() == R"({"a":1})");
        CHECK(t.log.text() == "request-listener pre-listener response-listener:200");
    }
    SECTION("by returning fields") {
        t.hooks.pre_responder(any_verb, "/*", [](auto&) {
            response r = make_response(status::no_content);
            r.set("X-A", "1");
            return r;
        });
        CHECK(t.get("/")["X-A"] == "1");
        CHECK(t.log.text() == "request-listener pre-listener response-listener:204");
    }
    SECTION("by end(), with any status") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
            c.end(make_response(status::no_content));
            c.pass();
        });
        CHECK(t.get("/").result() == status::no_content);
        CHECK(t.log.text() == "request-listener pre-listener response-listener:204");
    }
}

TEST_CASE("response-listeners see the responses that the reply was made of") {
    for (bool const later : {false, true}) {
        fixture t;
        auto const listen = [&t](auto& c) {
            std::string seen = std::to_string(c.response().result_int()) + ":";
            for (response const& r : c.responses()) seen += r.body() + ",";
            t.log.add(seen);
        };
        if (later)
            t.hooks.response_listener(any_verb, "/*", [=](auto& c) -> asio::awaitable<void> {
                co_await turns(3);
                listen(c);
            });
        else
            t.hooks.response_listener(any_verb, "/*", listen);
        t.hooks.get("/one", [](auto&) { return "1"; });
        for (auto const* body : {"1", "2", "3"})
            t.hooks.get("/three", [body](auto&) { return body; });
        t.hooks.get("/replaced", [](auto&) { return "1"; });
        t.hooks.get("/replaced", [](auto&) { return "2"; });
        t.hooks.post_listener(any_verb, "/three",
                              [](auto&) -> asio::awaitable<void> { co_await turns(); });
        t.hooks.post_responder(any_verb, "/replaced", [](auto& c) {
            c.replace_response(text(c.responses().size(), " replaced"));
        });
        t.hooks.get("/nothing", [](auto&) {});
        t.hooks.pre_responder(any_verb, "/ended", [](auto& c) { c.end(text("ended")); });
        for (auto const* target : {"/one", "/three", "/replaced", "/nothing", "/ended", "/none"})
            t.get(target);
        CHECK(t.log.text() == "200:1, 202:1,2,3, 200:2 replaced, 200: 200:ended, 404:Not Found,");
        CHECK(t.errors.text() == "responder: no responder set a response, so the reply is empty");
    }
}

TEST_CASE("a pre-responder replaces headers and content, never method and target") {
    fixture t;
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        fields f;
        f.insert("X-Over", "new 1");
        f.insert("X-Over", "new 2");
        f.insert("X-Added", "added");
        f.insert("x-over", "new 3");
        f.insert("Content-Length", "999");
        f.insert("Transfer-Encoding", "chunked");
        f.insert("X-Httphooks-Request-Type", "remote-hook");
        c.replace_request(std::move(f), "content");
    });
    t.hooks.post("/*", [](auto& c) {
        request const& r = c.request();
        CHECK(r.method() == verb::post);
        CHECK(r.target() == "/a?b=c");
        CHECK(r["X-Kept"] == "kept");
        CHECK(r.count("X-Over") == 3);
        CHECK(r["X-Over"] == "new 1");
        CHECK(r["X-Added"] == "added");
        CHECK(r[field::content_length] == "7");
        CHECK(r.count(field::transfer_encoding) == 0);
        CHECK(r.count("X-Httphooks-Request-Type") == 0);
        return r.body();
    });
    request req = make_request(verb::post, "/a?b=c", "old");
    req.insert("X-Over", "old 1");
    req.insert("x-over", "old 2");
    req.insert("X-Over", "old 3");
    req.insert("X-Kept", "kept");
    req.content_length(3);
    CHECK(t.send(std::move(req)).body() == "content");

    t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        fields f;
        f.set("X-Added", "by the second");
        c.replace_request(std::move(f));
    });
    t.hooks.put("/*", [](auto& c) { return text(c.request()["X-Added"], c.request().body()); });
    CHECK(t.send(verb::put, "/").body() == "by the secondcontent");
}

TEST_CASE("a pre-responder that fails, in whatever way, ends the chain with 500") {
    fixture t;
    t.hooks.get("/*", [&](auto&) {
        t.log.add("responder");
        return "r";
    });
    std::string error;
    SECTION("it does not decide") {
        t.hooks.pre_responder(any_verb, "/*", [](auto&) {});
        error = "a pre-responder finished without a decision";
    }
    SECTION("it does not decide, in a coroutine") {
        t.hooks.pre_responder(any_verb, "/*", [](auto&) -> asio::awaitable<void> { co_return; });
        error = "a pre-responder finished without a decision";
    }
    SECTION("it throws") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
            c.pass();
            throw std::runtime_error("secret");
        });
        error = "secret";
    }
    SECTION("its coroutine throws") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c) -> asio::awaitable<void> {
            c.pass();
            co_await turns();
            throw std::runtime_error("secret");
        });
        error = "secret";
    }
    SECTION("its coroutine throws at once") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c) -> asio::awaitable<void> {
            c.pass();
            throw std::runtime_error("secret");
            co_return;
        });
        error = "secret";
    }
    SECTION("it reports an error") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c, auto done) {
            c.pass();
            done(make_error_code(error::invalid_envelope));
        });
        error = "invalid envelope";
    }
    SECTION("it throws before it is done") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c, auto) {
            c.pass();
            throw std::runtime_error("secret");
        });
        error = "secret";
    }
    SECTION("its done is told of what was thrown elsewhere") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c, auto done) {
            c.pass();
            done.fail(std::make_exception_ptr(std::runtime_error("secret")));
            done();
        });
        error = "secret";
    }
    SECTION("it drops its done") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c, auto) { c.pass(); });
        error = "a hook dropped its done without calling it";
    }
    SECTION("it drops its done later") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c, auto done) {
            c.pass();
            asio::post(c.get_executor(), [done] { (void)done; });
        });
        error = "a hook dropped its done without calling it";
    }
    SECTION("its replacement of the request is not valid") {
        t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
            fields f;
            f.set("X-A", "a\r\nX-Injected: b");
            c.replace_request(std::move(f));
        });
        error = "invalid header field value";
    }
    SECTION("its response is not valid") {
        t.hooks.pre_responder(any_verb, "/*",
                              [](auto& c) { c.end(response(status::continue_, 11)); });
        error = "status is not in 200 to 599";
    }
    response const r = t.get("/");
    CHECK(r.result() == status::internal_server_error);
    CHECK(r[field::content_type] == "application/json");
    CHECK(r.body() == R"({"error":"Internal server error"})");
    CHECK(t.log.size() == 0);
    REQUIRE(t.errors.size() == 1);
    CHECK(t.errors.text().starts_with("pre-responder: " + error));
}

TEST_CASE("a hook that exceeds its time limit gives 504, once; its late calls are counted") {
    fixture t;
    hook_options const short_limit{.time_limit = 5ms};
    std::vector<hook_done> kept;
    SECTION("a pre-responder") {
        t.hooks.pre_responder(
            any_verb, "/*",
            [&](auto& c, hook_done done) {
                c.pass();
                kept.push_back(done);
            },
            short_limit);
        t.hooks.get("/*", [](auto&) { return "r"; });
    }
    SECTION("a responder") {
        t.hooks.get(
            "/*", [&](auto&, hook_done done) { kept.push_back(done); }, short_limit);
    }
    SECTION("a post-responder") {
        t.hooks.get("/*", [](auto&) { return "r"; });
        t.hooks.post_responder(
            any_verb, "/*", [&](auto&, hook_done done) { kept.push_back(done); }, short_limit);
    }
    response const r = t.get("/");
    CHECK(r.result() == status::gateway_timeout);
    CHECK(r[field::content_type] == "application/json");
    CHECK(r.body() == R"({"error":"Gateway timeout"})");
    CHECK(t.hooks.stats().timeouts == 1);
    CHECK(t.hooks.stats().late_calls == 0);
    CHECK(t.hooks.stats().exchanges == 0);
    CHECK(t.errors.text().ends_with("a hook exceeded its time limit"));
    REQUIRE(kept.size() == 1);
    kept[0]();
    kept[0](make_error_code(error::invalid_target));
    CHECK(t.hooks.stats().late_calls == 2);
    CHECK(t.errors.size() == 1);
}

TEST_CASE("the registry's time limit holds for hooks that have none; 0 is no limit") {
    CHECK(registry_options().time_limit == std::chrono::seconds(30));
    registry_options options;
    options.time_limit = 5ms;
    fixture t(options);
    t.hooks.get("/default", [](auto&) -> asio::awaitable<void> { co_await forever(); });
    t.hooks.get("/none",
                [](auto&) -> asio::awaitable<std::string> {
                    co_await pause(20ms);
                    co_return "r";
                },
                {.time_limit = 0ms});
    t.hooks.get("/own",
                [](auto&) -> asio::awaitable<std::string> {
                    co_await pause(20ms);
                    co_return "r";
                },
                {.time_limit = 10s});
    CHECK(t.get("/default").result() == status::gateway_timeout);
    CHECK(t.get("/none").body() == "r");
    CHECK(t.get("/own").body() == "r");
}

TEST_CASE("a coroutine is cancelled when its time is over") {
    fixture t;
    t.hooks.get("/*",
                [&](auto& c) -> asio::awaitable<std::string> {
                    c.reply_headers().set("X-Kept", "yes");
                    try {
                        co_await forever();
                    } catch (system_error const& e) {
                        t.log.add(e.code().message());
                        c.set_response(status::ok, "too late");
                    }
                    co_return "too late";
                },
                {.time_limit = 5ms});
    t.hooks.request_listener(any_verb, "/*",
                             [](auto&) -> asio::awaitable<void> { co_await forever(); },
                             {.time_limit = 5ms});
    response const r = t.get("/");
    CHECK(r.result() == status::gateway_timeout);
    CHECK(r["X-Kept"] == "yes");
    CHECK(t.log.text() == "Operation canceled");
    CHECK(t.hooks.stats().timeouts == 2);
    CHECK(t.hooks.stats().listeners == 0);
    CHECK(t.errors.size() == 2);
}

TEST_CASE("a callback hook cancels its own operation by the context's cancellation slot") {
    fixture t;
    t.hooks.get("/*",
                [&](auto& c, hook_done done) {
                    auto timer = std::make_shared<asio::steady_timer>(c.get_executor(), 24h);
                    timer->async_wait(asio::bind_cancellation_slot(
                        c.cancellation_slot(), [timer, done, &t](error_code ec) {
                            t.log.add(ec.message());
                            done(ec);
                        }));
                },
                {.time_limit = 5ms});
    CHECK(t.get("/").result() == status::gateway_timeout);
    CHECK(t.log.text() == "Operation canceled");
    CHECK(t.hooks.stats().late_calls == 1);
}

TEST_CASE("responders overlap, and their replies come in the order of registration") {
    fixture t;
    for (int i = 0; i < 3; ++i)
        t.hooks.get("/*", [&t, i](auto&) -> asio::awaitable<std::string> {
            t.log.add("start" + std::to_string(i));
            co_await turns(9 - 3 * i);
            t.log.add("end" + std::to_string(i));
            co_return std::to_string(i);
        });
    t.hooks.get("/*", [](auto&) { return "in place"; });
    response const r = t.get("/");
    CHECK(t.log.text() == "start0 start1 start2 end2 end1 end0");
    CHECK(r.result() == status::accepted);
    auto const parts = parse_multi_response(r);
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 4);
    for (int i = 0; i < 3; ++i)
        CHECK((*parts)[static_cast<std::size_t>(i)].body() == std::to_string(i));
    CHECK((*parts)[3].body() == "in place");
}

TEST_CASE("pre- and post-responders run one after another") {
    fixture t;
    for (int i = 0; i < 3; ++i) {
        t.hooks.pre_responder(any_verb, "/*", [&t, i](auto& c) -> asio::awaitable<void> {
            t.log.add("start" + std::to_string(i));
            co_await turns(3 - i);
            t.log.add("end" + std::to_string(i));
            c.pass();
        });
        t.hooks.post_responder(any_verb, "/*", [&t, i](auto& c) -> asio::awaitable<void> {
            t.log.add("poststart" + std::to_string(i));
            co_await turns(3 - i);
            t.log.add("postend" + std::to_string(i));
            response r = c.responses().front();
            r.body() += std::to_string(i);
            c.replace_response(std::move(r));
        });
    }
    t.hooks.get("/*", [](auto&) { return "r"; });
    CHECK(t.get("/").body() == "r012");
    CHECK(t.log.text() ==
          "start0 end0 start1 end1 start2 end2 "
          "poststart0 postend0 poststart1 postend1 poststart2 postend2");
}

TEST_CASE("a responder that fails contributes a 500 at its place, without a word of the reason") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "first"; });
    t.hooks.get("/*", [](auto&) -> response { throw std::runtime_error("secret"); });
    t.hooks.get("/*", [](auto& c, auto done) {
        c.set_response(status::ok, "dropped with the error");
        done(make_error_code(error::invalid_base64));
    });
    t.hooks.get("/*", [](auto&) -> asio::awaitable<void> { co_await forever(); },
                {.time_limit = 5ms});
    t.hooks.get("/*", [](auto&) {});
    t.hooks.get("/*", [](auto&) { return "last"; });
    response const r = t.get("/");
    CHECK(r.result() == status::accepted);
    CHECK(r.body().find("secret") == std::string::npos);
    CHECK(r.body().find("base64") == std::string::npos);
    auto const parts = parse_multi_response(r);
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 5);
    unsigned const codes[] = {200, 500, 500, 504, 200};
    for (std::size_t i = 0; i < 5; ++i) CHECK((*parts)[i].result_int() == codes[i]);
    CHECK((*parts)[1].body() == R"({"error":"Internal server error"})");
    CHECK((*parts)[4].body() == "last");
    CHECK(t.errors.size() == 3);
}

TEST_CASE("responders that set nothing give an empty 200 of application/json") {
    fixture t;
    t.hooks.get("/*", [](auto&) {});
    t.hooks.get("/*", [](auto&) -> asio::awaitable<void> { co_await turns(); });
    response const r = t.get("/");
    CHECK(r.result() == status::ok);
    CHECK(r[field::content_type] == "application/json");
    CHECK(r.body().empty());
    CHECK(r[field::content_length] == "0");
}

TEST_CASE("of an empty reply the error handler is told once for each responder that ran") {
    std::string const told = "responder: no responder set a response, so the reply is empty";
    fixture t({.empty_is_no_content = true});
    t.hooks.get("/a", [](auto&) {});
    t.hooks.get("/*", [](auto& c) {
        if (c.path() != "/a") c.set_response("set");
    });
    t.hooks.default_responder([](auto&) {});
    CHECK(t.get("/a").result() == status::no_content);
    CHECK(t.get("/a").body().empty());
    CHECK(t.get("/b").body() == "set");
    CHECK(t.errors.entries() == std::vector<std::string>{told, told});
    t.errors.clear();
    CHECK(t.send(verb::put, "/a").result() == status::no_content);
    CHECK(t.send(verb::put, "/a").count(field::content_length) == 0);
    CHECK(t.errors.entries() == std::vector<std::string>{told});
    t.errors.clear();
    t.hooks.default_responder(nullptr);
    t.hooks.no_match([](auto&) {});
    CHECK(t.send(verb::delete_, "/a").result() == status::method_not_allowed);
    t.hooks.clear();
    CHECK(t.get("/").result() == status::no_content);
    CHECK(t.errors.entries() == std::vector<std::string>{told});
}

TEST_CASE("fields that the library makes are left out, and the error handler is told once a hook") {
    fixture t;
    t.hooks.get("/length", [](auto&) {
        response r = text("abc");
        r.set(field::content_length, "3");  // what it would be anyway
        return r;
    });
    t.hooks.get("/*", [](auto& c) -> asio::awaitable<response> {
        co_await turns();
        response r = text(c.path());
        if (c.path() != "/length") r.set(field::connection, "close");
        co_return r;
    });
    t.hooks.pre_responder(any_verb, "/headers", [](auto& c) {
        c.reply_headers().set("X-A", "1");
        c.reply_headers().set(field::transfer_encoding, "chunked");
        c.reply_headers().set(field::date, "today");
        c.pass();
    });
    CHECK(t.get("/length").result() == status::accepted);
    CHECK(t.errors.text() == "");
    for (int i = 0; i < 2; ++i) {
        response const r = t.get("/headers");
        CHECK(r["X-A"] == "1");
        CHECK(r.count(field::connection) == 0);
        CHECK(r.count(field::transfer_encoding) == 0);
        CHECK(r[field::date] != "today");
    }
    std::string const text = "a header field that the library makes is not taken from a hook: ";
    CHECK(t.errors.entries() ==
          std::vector<std::string>{"pre-responder: " + text + "Transfer-Encoding",
                                   "responder: " + text + "Connection"});
}

TEST_CASE("several responses collapse into a 202 with a boundary of the injected source") {
    registry_options options;
    options.boundary = [] { return 0x0123456789abcdefULL; };
    options.clock = [] { return std::time_t{0}; };
    fixture t(options);
    t.hooks.get("/*", [](auto&) { return "a"; });
    t.hooks.get("/*", [](auto&) { return nlohmann::json{{"b", 1}}; });
    response const r = t.get("/");
    CHECK(r.result() == status::accepted);
    CHECK(r[field::content_type].starts_with("multipart/mixed; boundary="));
    CHECK(wire(r) == wire(t.get("/")));
    auto const parts = parse_multi_response(r);
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 2);
    CHECK((*parts)[1][field::content_type] == "application/json");
    CHECK((*parts)[1].body() == R"({"b":1})");
}

TEST_CASE("a post-responder that passes leaves the replies as they are") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "r"; });
    SECTION("by pass()") {
        t.hooks.post_responder(any_verb, "/*", [](auto& c) { c.pass(); });
    }
    SECTION("by a 2xx") {
        t.hooks.post_responder(any_verb, "/*", [](auto& c) { c.set_response(status::ok, "x"); });
    }
    SECTION("without deciding") {
        t.hooks.post_responder(any_verb, "/*", [](auto&) {});
    }
    SECTION("without deciding, later") {
        t.hooks.post_responder(any_verb, "/*",
                               [](auto&) -> asio::awaitable<void> { co_await turns(); });
    }
    t.hooks.post_responder(any_verb, "/*", [&](auto& c) { t.log.add(c.responses()[0].body()); });
    CHECK(t.get("/").body() == "r");
    CHECK(t.log.text() == "r");
}

TEST_CASE("a post-responder replaces status, headers, content and the whole queue") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "a"; });
    t.hooks.get("/*", [](auto&) { return "b"; });
    t.hooks.post_responder(any_verb, "/*", [](auto& c) {
        CHECK(c.responses().size() == 2);
        response r = make_response(status::created, "both", "text/x");
        r.set("X-Own", "own");
        c.replace_response(std::move(r));
    });
    t.hooks.post_responder(any_verb, "/*", [&](auto& c) -> asio::awaitable<void> {
        CHECK(c.responses().size() == 1);
        t.log.add("second");
        co_return;
    });
    response const r = t.get("/");
    CHECK(r.result() == status::created);
    CHECK(r.body() == "both");
    CHECK(r[field::content_type] == "text/x");
    CHECK(r["X-Own"] == "own");
    CHECK(t.log.text() == "second");
}

TEST_CASE("what a post-responder returns replaces the responses") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "a"; });
    t.hooks.post_responder(any_verb, "/*", [](auto&) { return status::ok; });
    SECTION("content with a 2xx, and the chain goes on") {
        t.hooks.post_responder(any_verb, "/*", [](auto&) { return "b"; });
        t.hooks.post_responder(any_verb, "/*",
                               [&](auto& c) { t.log.add(c.responses()[0].body()); });
        CHECK(t.get("/").body() == "b");
        CHECK(t.log.text() == "b");
    }
    SECTION("any other status, and the chain ends") {
        t.hooks.post_responder(any_verb, "/*", [](auto&) { return status::gone; });
        t.hooks.post_responder(any_verb, "/*", [&](auto&) { t.log.add("not run"); });
        CHECK(t.get("/").result() == status::gone);
        CHECK(t.log.size() == 0);
    }
}

TEST_CASE("of content that a 2xx drops the error handler is told once a hook") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "r"; });
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) { c.set_response("dropped"); });
    t.hooks.post_responder(any_verb, "/*", [](auto& c) { c.set_response(text("dropped")); });
    for (int i = 0; i < 3; ++i) CHECK(t.get("/").body() == "r");
    CHECK(t.errors.entries() ==
          std::vector<std::string>{
              "pre-responder: a 2xx that is set means pass(), and its content is dropped",
              "post-responder: a 2xx that is set means pass(), and its content is dropped"});
}

TEST_CASE("an error handler that is told of dropped content may use the hook's context") {
    pre_responder_context* seen = nullptr;
    asio::io_context context;
    registry hooks(context.get_executor(),
                   {.error_handler = [&](hook_error const&) { seen->pass(); }});
    hooks.get("/*", [](auto&) { return "r"; });
    hooks.pre_responder(any_verb, "/*", [&](auto& c, auto done) {
        seen = &c;
        c.set_response("dropped");
        done();
    });
    CHECK(testing::inject(hooks, make_request(verb::get, "/")).body() == "r");
    CHECK(seen);
}

TEST_CASE("a post-responder ends the chain by any other status") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "a"; });
    t.hooks.post_responder(any_verb, "/*",
                           [](auto& c) { c.set_response(status::not_modified, "x"); });
    t.hooks.post_responder(any_verb, "/*", [&](auto&) { t.log.add("not run"); });
    response const r = t.get("/");
    CHECK(r.result() == status::not_modified);
    CHECK(r.body().empty());
    CHECK(r.count(field::content_length) == 0);
    CHECK(t.log.size() == 0);
}

TEST_CASE("a post-responder that fails, in whatever way, ends the chain with 500") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "a"; });
    SECTION("it throws") {
        t.hooks.post_responder(any_verb, "/*",
                               [](auto&) -> void { throw std::runtime_error("secret"); });
    }
    SECTION("it reports an error") {
        t.hooks.post_responder(any_verb, "/*",
                               [](auto&, auto done) { done(make_error_code(error::null_byte)); });
    }
    SECTION("it drops its done") {
        t.hooks.post_responder(any_verb, "/*", [](auto&, auto) {});
    }
    SECTION("its replacement is not valid") {
        t.hooks.post_responder(any_verb, "/*", [](auto& c) {
            response r(status::ok, 11);
            r.result(700u);
            c.replace_response(std::move(r));
        });
    }
    SECTION("its replacement's reason is not valid") {
        t.hooks.post_responder(any_verb, "/*", [](auto& c) {
            response r(status::ok, 11);
            r.reason("a\r\nX-Injected: b");
            c.replace_response(std::move(r));
        });
    }
    t.hooks.post_responder(any_verb, "/*", [&](auto&) { t.log.add("not run"); });
    response const r = t.get("/");
    CHECK(r.result() == status::internal_server_error);
    CHECK(r.body() == R"({"error":"Internal server error"})");
    CHECK(t.log.size() == 0);
    CHECK(t.errors.size() == 1);
}

TEST_CASE("an asynchronous post-responder that is out of time keeps what it sees") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return std::string(100, 'x'); });
    t.hooks.post_responder(
        any_verb, "/*",
        [&](auto& c) -> asio::awaitable<void> {
            auto const before = c.responses();
            co_await asio::this_coro::throw_if_cancelled(false);
            try {
                co_await forever();
            } catch (system_error const&) {
            }
            co_await turns(20);
            REQUIRE(before.size() == 1);
            t.log.add(before[0].body() == std::string(100, 'x') ? "same" : "changed");
            t.log.add(c.responses().data() == before.data() ? "same" : "changed");
        },
        {.time_limit = 2ms});
    CHECK(t.get("/").result() == status::gateway_timeout);
    CHECK(t.log.text() == "same same");
}

TEST_CASE("reply_headers are in the reply, whatever it becomes") {
    fixture t;
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        c.reply_headers().set("X-Pre", "1");
        c.reply_headers().insert(field::set_cookie, "a=1");
        c.reply_headers().insert(field::set_cookie, "b=2");
        c.reply_headers().insert(field::content_length, "12345");
        c.reply_headers().insert(field::connection, "upgrade");
        c.pass();
    });
    auto const check = [](response const& r) {
        CHECK(r["X-Pre"] == "1");
        CHECK(r.count(field::set_cookie) >= 2);
        CHECK(r[field::content_length] != "12345");
        CHECK(r[field::connection] != "upgrade");
    };
    t.hooks.get("/ok", [](auto& c) {
        c.reply_headers().insert(field::set_cookie, "c=3");
        c.reply_headers().set("X-Responder", "1");
        return "r";
    });
    t.hooks.get("/collapsed", [](auto& c) {
        c.reply_headers().set("X-A", "1");
        return "a";
    });
    t.hooks.get("/collapsed", [](auto& c) -> asio::awaitable<std::string> {
        c.reply_headers().set("X-B", "1");
        co_await turns();
        co_return "b";
    });
    t.hooks.get("/throws", [](auto& c) -> response {
        c.reply_headers().set("X-Thrown", "1");
        throw std::runtime_error("x");
    });
    t.hooks.get("/nothing", [](auto& c) { c.reply_headers().set("X-Nothing", "1"); });
    t.hooks.pre_responder(any_verb, "/ended", [](auto& c) {
        c.reply_headers().set("X-Ended", "1");
        c.set_response(status::forbidden);
    });
    t.hooks.pre_responder(any_verb, "/broken", [](auto& c) {
        c.reply_headers().set("X-Broken", "1");
        throw std::runtime_error("x");
    });
    t.hooks.get("/post", [](auto&) { return "a"; });
    t.hooks.post_responder(any_verb, "/post", [](auto& c) {
        c.reply_headers().set("X-Post", "1");
        c.replace_response(make_response(status::ok, "replaced"));
    });
    response r = t.get("/ok");
    check(r);
    CHECK(r.count(field::set_cookie) == 3);
    CHECK(r["X-Responder"] == "1");
    r = t.get("/collapsed");
    check(r);
    CHECK(r["X-A"] == "1");
    CHECK(r["X-B"] == "1");
    r = t.get("/throws");
    check(r);
    CHECK(r.result_int() == 500);
    CHECK(r["X-Thrown"] == "1");
    r = t.get("/nothing");
    check(r);
    CHECK(r["X-Nothing"] == "1");
    r = t.get("/ended");
    check(r);
    CHECK(r.result_int() == 403);
    CHECK(r["X-Ended"] == "1");
    r = t.get("/broken");
    check(r);
    CHECK(r.result_int() == 500);
    CHECK(r["X-Broken"] == "1");
    r = t.get("/post");
    check(r);
    CHECK(r["X-Post"] == "1");
    CHECK(r.body() == "replaced");
    r = t.get("/no/such/path");
    check(r);
    CHECK(r.result_int() == 404);
    r = t.send(verb::delete_, "/ok");
    check(r);
    CHECK(r.result_int() == 405);
    r = t.send(verb::options, "/ok");
    check(r);
    CHECK(r.result_int() == 204);
}

TEST_CASE("reply_headers take the place of the reply's own fields of the same name") {
    fixture t;
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        c.reply_headers().set(field::cache_control, "no-store");
        c.reply_headers().set(field::vary, "Origin");
        c.pass();
    });
    t.hooks.get("/*", [](auto&) {
        response r = text("r");
        r.set(field::cache_control, "public");
        r.set(field::vary, "Accept");
        return r;
    });
    response const r = t.get("/");
    CHECK(r.count(field::cache_control) == 1);
    CHECK(r[field::cache_control] == "no-store");
    CHECK(r.count(field::vary) == 2);
}

TEST_CASE("reply_headers of a later hook take the place of an earlier one's of the same name") {
    fixture t;
    auto const set = [&](char const* pattern, char const* value) {
        t.hooks.pre_responder(any_verb, pattern, [value](auto& c) {
            c.reply_headers().set("X-Each", value);
            c.reply_headers().insert("X-Several", value);
            c.reply_headers().insert("x-several", "too");
            c.reply_headers().set(field::set_cookie, value);
            c.pass();
        });
    };
    set("/*", "a=1");
    set("/both", "b=2");
    t.hooks.get("/*", [](auto&) { return "r"; });
    response const r = t.get("/both");
    CHECK(r.count("X-Each") == 1);
    CHECK(r["X-Each"] == "b=2");
    CHECK(r.count("X-Several") == 2);
    CHECK(r["X-Several"] == "b=2");
    CHECK(r.count(field::set_cookie) == 2);
}

TEST_CASE("what is no target is a 400, and only response-listeners see it") {
    fixture t;
    for (hook_type type : hook_types)
        t.hooks.add(hook_of(type, form::value, t.log, std::string(to_string(type))));
    t.hooks.default_responder([](auto&) { return "default"; });
    for (char const* target : {"/%", "/%zz", "/a/../..", "/%00", "x", "ftp://h/"}) {
        response const r = t.get(target);
        CHECK(r.result() == status::bad_request);
        CHECK(r[field::content_type] == "text/html");
        CHECK(r.body() == "Bad Request");
    }
    request without;
    without.method(verb::get);
    CHECK(t.send(std::move(without)).result() == status::bad_request);
    request unknown = make_request(verb::get, "/%00");
    unknown.method_string("BREW");
    CHECK(t.send(std::move(unknown)).result() == status::bad_request);
    CHECK(t.log.entries() == std::vector<std::string>(8, "response-listener"));
    CHECK(t.get("/?a=%zz").result() != status::bad_request);
}

TEST_CASE("a fragment is for sockets only") {
    fixture t;
    t.hooks.get("/a", [](auto&) { return "r"; });
    auto const send = [&](transport via) {
        return testing::inject(t.hooks, make_request(verb::get, "/a#f"), origin(via)).result_int();
    };
    CHECK(send(transport::http) == 400);
    CHECK(send(transport::sockjs) == 200);
    CHECK(send(transport::socketio) == 200);
    CHECK(send(transport::websocket) == 200);
}

TEST_CASE("a method that is not known is a 501, and only response-listeners see it") {
    fixture t;
    for (hook_type type : hook_types)
        t.hooks.add(hook_of(type, form::value, t.log, std::string(to_string(type))));
    request req = make_request(verb::get, "/");
    req.method_string("BREW");
    response const r = t.send(std::move(req));
    CHECK(r.result() == status::not_implemented);
    CHECK(r[field::content_type] == "text/html");
    CHECK(r.body() == "Not Implemented");
    CHECK(t.log.text() == "response-listener");
}

TEST_CASE("a path that no responder serves is a 404; guards and listeners run around it") {
    fixture t;
    for (hook_type type : hook_types)
        if (type != hook_type::responder)
            t.hooks.add(hook_of(type, form::value, t.log, std::string(to_string(type))));
    response r = t.get("/nothing");
    CHECK(r.result() == status::not_found);
    CHECK(r[field::content_type] == "text/html");
    CHECK(r.body() == "Not Found");
    CHECK(t.log.text() ==
          "request-listener pre-responder pre-listener post-listener post-responder "
          "response-listener");
    t.hooks.no_match([](auto& c) { return text("nothing at ", c.path()); });
    r = t.get("/nothing//x");
    CHECK(r.result() == status::ok);
    CHECK(r.body() == "nothing at /nothing/x");
    t.hooks.no_match(nullptr);
    CHECK(t.get("/nothing").result() == status::not_found);
}

TEST_CASE("a path without a responder for the method is a 405 that says which it allows") {
    fixture t;
    for (hook_type type : hook_types)
        if (type != hook_type::responder)
            t.hooks.add(hook_of(type, form::value, t.log, std::string(to_string(type))));
    t.hooks.get("/a", [](auto&) { return "r"; });
    t.hooks.put("/a", [](auto&) { return "r"; });
    t.hooks.put("/*", [](auto&) { return "r"; });
    t.hooks.delete_("/b", [](auto&) { return "r"; });
    t.hooks.no_match([](auto&) { return "not called"; });
    response r = t.send(verb::post, "/a");
    CHECK(r.result() == status::method_not_allowed);
    CHECK(r[field::allow] == "GET, HEAD, PUT, OPTIONS");
    CHECK(r[field::content_type] == "text/html");
    CHECK(r.body() == "Method Not Allowed");
    CHECK(t.log.size() == 6);
    CHECK(t.send(verb::get, "/b")[field::allow] == "PUT, DELETE, OPTIONS");
    CHECK(t.send(verb::head, "/b").result() == status::method_not_allowed);
}

TEST_CASE("OPTIONS is answered with what a path allows, unless a responder does") {
    fixture t;
    t.hooks.get("/a", [](auto&) { return "r"; });
    response r = t.send(verb::options, "/a");
    CHECK(r.result() == status::no_content);
    CHECK(r[field::allow] == "GET, HEAD, OPTIONS");
    CHECK(r.count(field::content_length) == 0);
    CHECK(t.send(verb::options, "*").result() == status::no_content);
    CHECK(t.send(verb::options, "/none").result() == status::not_found);
    t.hooks.options("/a", [](auto&) { return "own"; });
    CHECK(t.send(verb::options, "/a").body() == "own");
    t.hooks.responder(any_verb, "/any", [](auto&) { return "any"; });
    CHECK(t.send(verb::options, "/any").body() == "any");
}

TEST_CASE("a default responder answers what no other does, whatever the method") {
    fixture t;
    t.hooks.get("/a", [](auto&) { return "r"; });
    t.hooks.no_match([](auto&) { return "no match"; });
    t.hooks.default_responder([](auto& c) -> asio::awaitable<response> {
        co_await turns();
        co_return text("default ", c.path(), c.param("x"), c.query("q"));
    });
    CHECK(t.get("/a").body() == "r");
    CHECK(t.get("/b?q=1").body() == "default /b1");
    CHECK(t.send(verb::put, "/a").body() == "default /a");
    CHECK(t.send(verb::options, "/a").body() == "default /a");
    CHECK(t.send(verb::options, "*").body() == "default *");
    t.hooks.default_responder(nullptr);
    CHECK(t.get("/b").body() == "no match");
}

TEST_CASE("HEAD runs the hooks of HEAD, of GET and of any method, and has no body") {
    fixture t;
    t.hooks.pre_responder(verb::get, "/*", [&](auto& c) {
        t.log.add("get guard " + std::string(beast::http::to_string(c.request().method())));
        c.pass();
    });
    t.hooks.request_listener(verb::get, "/*", [&](auto&) { t.log.add("get listener"); });
    t.hooks.pre_responder(verb::head, "/*", [&](auto& c) {
        t.log.add("head guard");
        c.pass();
    });
    t.hooks.get("/a", [](auto&) { return "12345"; });
    response r = t.send(verb::head, "/a");
    CHECK(r.result() == status::ok);
    CHECK(r.body().empty());
    CHECK(r[field::content_length] == "5");
    CHECK(t.log.text() == "get listener get guard HEAD head guard");

    SECTION("a responder of HEAD itself makes those of GET stand back, and only those") {
        t.hooks.head("/a", [&](auto& c) {
            t.log.add("head responder");
            c.reply_headers().set("X-Head", "1");
        });
        t.hooks.responder(any_verb, "/a", [&](auto& c) {
            t.log.add("any responder");
            c.reply_headers().set("X-Any", "1");
            return "1234567";
        });
        t.hooks.post_listener(verb::get, "/a", [&](auto&) { t.log.add("post"); });
        t.log.clear();
        r = t.send(verb::head, "/a");
        CHECK(t.log.text() ==
              "get listener get guard HEAD head guard head responder any responder post");
        CHECK(r[field::content_length] == "7");
        CHECK(r["X-Head"] == "1");
        t.log.clear();
        CHECK(t.get("/a").result() == status::accepted);
    }
}

TEST_CASE("framing headers are the library's, never a hook's") {
    fixture t;
    t.hooks.get("/*", [](auto&) {
        response r = text("12345");
        r.set(field::content_length, "1");
        r.set(field::transfer_encoding, "chunked");
        r.set(field::connection, "close");
        r.set(field::trailer, "X-T");
        r.set(field::upgrade, "x");
        r.version(10);
        return r;
    });
    response const r = t.get("/");
    CHECK(r[field::content_length] == "5");
    CHECK(r.count(field::content_length) == 1);
    CHECK(r.count(field::transfer_encoding) == 0);
    CHECK(r.count(field::trailer) == 0);
    CHECK(r.count(field::upgrade) == 0);
    CHECK(r.version() == 11);
    CHECK(r.keep_alive());
    CHECK(r.count(field::date) == 1);
}

TEST_CASE("a hook cannot write what is no header") {
    fixture t;
    t.hooks.get("/value", [](auto& c) {
        response r = text("a");
        r.set("X-A", "a\r\nX-Injected: 1");
        c.set_response(std::move(r));
    });
    t.hooks.get("/name", [](auto& c) { c.reply_headers().set("X A", "1"); });
    t.hooks.get("/type", [](auto& c) { c.set_response(status::ok, "", "text/x\nX-Injected: 1"); });
    t.hooks.get("/reason", [](auto&) {
        response r = text("a");
        r.reason("OK\r\nX-Injected: 1");
        return r;
    });
    for (char const* target : {"/value", "/name", "/type", "/reason"}) {
        response const r = t.get(target);
        CHECK(r.result() == status::internal_server_error);
        CHECK(wire(r).find("Injected") == std::string::npos);
    }
    CHECK(t.errors.size() == 4);
}

TEST_CASE("a body that exceeds the smallest limit of the hooks that match is a 413") {
    fixture t;
    t.hooks.post("/*", [](auto&) { return "r"; }, {.body_limit = 10});
    t.hooks.pre_listener(any_verb, "/small/*", [](auto&) {}, {.body_limit = 3});
    CHECK(t.send(verb::post, "/a", "1234567890").result() == status::ok);
    CHECK(t.send(verb::post, "/a", "12345678901").result() == status::payload_too_large);
    CHECK(t.send(verb::post, "/small/a", "123").result() == status::ok);
    response const r = t.send(verb::post, "/small/a", "1234");
    CHECK(r.result() == status::payload_too_large);
    CHECK(r[field::content_type] == "text/html");
}

TEST_CASE("x-httphooks headers are removed and counted, whatever their case") {
    fixture t;
    t.hooks.get("/*", [](auto& c) { return std::string(c.request().wire()); });
    request req = make_request(verb::get, "/");
    req.insert("X-HttpHooks-Request-Type", "remote-hook");
    req.insert("x_httphooks_hook_type_filter", "responder");
    req.insert("X-HTTPHOOKS_Other", "1");
    req.insert("x-httphooks-", "1");
    req.insert("x-httphooks-twice", "1");
    req.insert("X-Httphooks-Twice", "2");
    req.insert("X-HttpHook", "stays");
    CHECK(t.send(std::move(req)).body() == "Host: test\r\nX-HttpHook: stays\r\n");
    CHECK(t.hooks.stats().spoofed_control_headers == 1);
    t.get("/");
    CHECK(t.hooks.stats().spoofed_control_headers == 1);
}

TEST_CASE("control headers have no effect on any registry") {
    std::uint64_t seed = 42;
    auto const random = [&seed](std::uint64_t below) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return seed % below;
    };
    asio::io_context context;
    registry_options options;
    options.boundary = [] { return 0x0123456789abcdefULL; };
    options.clock = [] { return std::time_t{1'000'000}; };
    options.error_handler = [](hook_error const&) {};
    char const* const patterns[] = {"/*", "/a", "/:x", "/a/*rest", "/a/:b/c", "/b"};
    char const* const targets[] = {"/", "/a", "/a/b", "/a/b/c?q=1", "/b", "/%zz", "*", "/c//d"};
    verb const verbs[] = {verb::get, verb::head, verb::post, any_verb, verb::options};
    char const* const controls[] = {"x-httphooks-request-type", "X-HTTPHOOKS-hook-type-filter",
                                    "x_httphooks_request_type", "X-HttpHooks-Anything"};
    auto const behave = [](auto& c, std::uint64_t how) {
        using context_type = std::remove_cvref_t<decltype(c)>;
        c.reply_headers().insert(
            "X-Seen", c.request().wire().substr(0, 20).find('\r') == std::string_view::npos
                          ? "long"
                          : "short");
        switch (how % 6) {
            case 0:
                return c.set_response(status::ok, std::string(c.request().wire()));
            case 1:
                return c.set_response(status::forbidden, std::string(c.path()));
            case 2:
                throw std::runtime_error("x");
            case 3:
                return c.set_response(status::created, std::to_string(how));
            default:
                if constexpr (context_type::type != hook_type::responder) c.pass();
        }
    };
    for (int round = 0; round < 10'000; ++round) {
        registry hooks(context.get_executor(), options);
        std::uint64_t const count = 1 + random(6);
        for (std::uint64_t i = 0; i < count; ++i) {
            verb const method = verbs[random(std::size(verbs))];
            char const* const pattern = patterns[random(std::size(patterns))];
            std::uint64_t const how = random(1000);
            switch (random(4)) {
                case 0:
                    hooks.pre_responder(method, pattern, [=](auto& c) { behave(c, how + 4); });
                    break;
                case 1:
                    hooks.post_responder(method, pattern, [=](auto& c) { behave(c, how); });
                    break;
                default:
                    hooks.responder(method, pattern, [=](auto& c) { behave(c, how); });
            }
        }
        auto const loop = hooks.make_loop();
        auto const send = [&](request req) {
            exchange_ptr const ex = loop->make_exchange(context.get_executor(), nullptr);
            ex->incoming() = std::move(req);
            REQUIRE(ex->start());
            return wire(detail::finished_reply(*ex, detail::small_file));
        };
        request plain = make_request(verbs[random(3)], targets[random(std::size(targets))]);
        request spoofed = plain;
        for (std::uint64_t i = 0, n = 1 + random(3); i < n; ++i)
            spoofed.insert(controls[random(std::size(controls))], random(2) ? "*" : "responder");
        std::string const with = send(std::move(spoofed));
        std::string const without = send(std::move(plain));
        if (with != without) CHECK(with == without);
    }
}
