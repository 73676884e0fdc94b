// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/trace.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;
using namespace std::chrono_literals;

namespace {

/// Writes down what it is told.
struct event_recorder : exchange_tracer {
    journal log{};

    void on_begin(exchange const& ex, clock::time_point) noexcept override {
        log.add("begin " + std::string(ex.url().path()));
    }
    void on_hook_begin(exchange const&, hook_info const& hook,
                       clock::time_point) noexcept override {
        log.add("+" + hook.options.name);
    }
    void on_hook_end(hook_span const& span) noexcept override {
        std::string line =
            "-" + span.hook.options.name + ":" + std::string(to_string(span.outcome));
        if (span.status) line += ":" + std::to_string(span.status);
        if (span.elapsed() < 0ns) line += " too early";
        log.add(line);
    }
    void on_stage(exchange const&, exchange_stage s, clock::duration) noexcept override {
        log.add("(" + std::string(to_string(s)) + ")");
    }
    void on_reply(exchange const& ex) noexcept override {
        auto const* const hook = ex.responder();
        log.add("reply by " + (hook ? hook->pattern : "nobody"));
    }
    void on_end(exchange const&, bool cancelled) noexcept override {
        log.add(cancelled ? "cancelled" : "end");
    }
};

struct traced_fixture : fixture {
    std::shared_ptr<event_recorder> tracer = std::make_shared<event_recorder>();

    traced_fixture() { hooks.trace(tracer); }

    /// What the tracer saw of a request.
    std::string trace(verb method, std::string_view target) {
        tracer->log.clear();
        send(method, target);
        return tracer->log.text();
    }
};

}  // namespace

TEST_CASE("a tracer sees each hook in its stage, and what became of it") {
    traced_fixture t;
    t.hooks.request_listener(any_verb, "/*", [](auto&) {}, {.name = "log"});
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) { c.pass(); }, {.name = "guard"});
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) { c.replace_request(fields()); },
                          {.name = "change"});
    t.hooks.get("/a", [](auto&) { return "a"; }, {.name = "one"});
    t.hooks.get("/a", [](auto& c, auto done) { c.set_response(status::created, "b"), done(); },
                {.name = "two"});
    t.hooks.post_responder(any_verb, "/*", [](auto& c) { c.replace_response(text("c")); },
                           {.name = "wrap"});
    t.hooks.response_listener(any_verb, "/*", [](auto&) {}, {.name = "sent"});

    CHECK(t.trace(verb::get, "/a") ==
          "begin /a +log -log:passed (input) +guard -guard:passed +change -change:replaced "
          "(pre-processing) +one -one:responded:200 +two -two:responded:201 (processing) "
          "+wrap -wrap:replaced:200 (post-processing) reply by /a +sent -sent:passed (output) end");
}

TEST_CASE("a tracer sees a guard that refuses, and no later lane") {
    traced_fixture t;
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) { c.set_response(status::forbidden); },
                          {.name = "guard"});
    t.hooks.get("/a", [](auto&) { return "a"; }, {.name = "one"});
    CHECK(t.trace(verb::get, "/a") ==
          "begin /a +guard -guard:ended:403 (pre-processing) reply by /a end");
}

TEST_CASE("a tracer sees what failed") {
    traced_fixture t;
    t.hooks.pre_responder(verb::post, "/a", [](auto&) {}, {.name = "undecided"});
    t.hooks.get("/a", [](auto&) -> std::string { throw std::runtime_error("x"); },
                {.name = "throws"});
    t.hooks.put("/a", [](auto&, auto done) { done(make_error_code(error::unknown_hook)); },
                {.name = "reports"});
    CHECK(t.trace(verb::post, "/a") ==
          "begin /a +undecided -undecided:failed (pre-processing) reply by nobody end");
    CHECK(t.trace(verb::get, "/a") ==
          "begin /a +throws -throws:failed (processing) reply by /a end");
    CHECK(t.trace(verb::put, "/a") ==
          "begin /a +reports -reports:failed (processing) reply by /a end");
}

TEST_CASE("a tracer sees replies that no hook makes") {
    traced_fixture t;
    t.hooks.get("/a", [](auto&) { return "a"; });
    CHECK(t.trace(verb::get, "/b") == "begin /b reply by nobody end");
    CHECK(t.trace(verb::post, "/a") == "begin /a reply by nobody end");
    t.hooks.no_match([](auto&) { return "nothing"; }, {.name = "lost"});
    CHECK(t.trace(verb::get, "/b") ==
          "begin /b +lost -lost:responded:200 (processing) reply by /* end");
}

TEST_CASE("a tracer sees a hook that is cancelled with its exchange") {
    traced_fixture t;
    std::shared_ptr<hook_done> kept;
    t.hooks.get("/a", [&](auto&, auto done) { kept = std::make_shared<hook_done>(done); },
                {.name = "slow"});
    auto const loop = t.hooks.make_loop();
    exchange_ptr const ex = loop->make_exchange(t.context.get_executor(), nullptr);
    ex->incoming() = make_request(verb::get, "/a");
    REQUIRE_FALSE(ex->start());
    ex->cancel();
    t.context.run();
    CHECK(t.tracer->log.text() == "begin /a +slow -slow:cancelled cancelled");
    kept.reset();
    CHECK(t.tracer->log.size() == 4);
}

TEST_CASE("a tracer that does not watch hooks sees the rest") {
    struct outline final : event_recorder {
        bool watches_hooks() const noexcept override { return false; }
    };
    fixture t;
    auto const tracer = std::make_shared<outline>();
    t.hooks.trace(tracer);
    t.hooks.get("/a", [](auto&) { return "a"; });
    t.get("/a");
    CHECK(tracer->log.text() == "begin /a (processing) reply by /a end");
}

TEST_CASE("several tracers watch, until they are taken away") {
    traced_fixture t;
    auto const second = std::make_shared<event_recorder>();
    t.hooks.trace(second);
    t.hooks.get("/a", [](auto&) { return "a"; });
    auto const first_saw = t.trace(verb::get, "/a");
    CHECK(second->log.text() == first_saw);
    t.hooks.untrace(t.tracer);
    t.hooks.untrace(second);
    CHECK(t.trace(verb::get, "/a").empty());
}
