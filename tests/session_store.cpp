// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/session_store.hpp>

#include <httphooks/csrf.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/http_error.hpp>
#include <httphooks/memory_session_store.hpp>
#include <httphooks/sessions.hpp>
#include <httphooks/testing/clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/session_hooks.hpp"

namespace {

namespace hh = httphooks;
using namespace std::chrono_literals;
using hh::field;
using hh::verb;

/// A store that does what it is asked for when a test says so. Copies are handles of one.
class held_store {
public:
    /// What is asked for: its name, how it is done, and how it fails.
    struct operation {
        std::string name;
        std::function<void()> run;
        std::function<void(std::exception_ptr)> fail;
    };

    void async_load(std::string id,
                    hh::session_store_handler<std::optional<hh::session_record>> done) {
        hold({"load", [=, this] { done(nullptr, memory().load(id)); },
              [=](std::exception_ptr e) { done(e, std::nullopt); }});
    }
    void async_create(std::string id, hh::session_record record, hh::session_time expires,
                      hh::session_store_handler<> done) {
        auto const run = [=, this] {
            memory().create(id, record, expires);
            done(nullptr);
        };
        hold({"create", run, done});
    }
    void async_update(std::string id, hh::session_changes changes, hh::session_time used,
                      hh::session_time expires, hh::session_store_handler<bool> done) {
        auto const run = [=, this] { done(nullptr, memory().update(id, changes, used, expires)); };
        hold({changes.keeps_values() && !changes.new_id ? "touch" : "update", run,
              [=](std::exception_ptr e) { done(e, false); }});
    }
    void async_remove(std::string id, hh::session_store_handler<> done) {
        auto const run = [=, this] {
            memory().remove(id);
            done(nullptr);
        };
        hold({"remove", run, done});
    }

    hh::memory_session_store& memory() const { return state_->memory; }
    /// Does what it is asked for at once.
    void at_once(bool value) const { state_->at_once = value; }
    /// Throws when it is asked for this.
    void throws_at(std::string name) const { state_->throws_at = std::move(name); }

    /// The names of what it is asked for.
    std::string asked() const {
        std::string names;
        for (auto const& o : state_->held) names += (names.empty() ? "" : " ") + o.name;
        return names;
    }
    operation take() const {
        operation o = std::move(state_->held.at(0));
        state_->held.pop_front();
        return o;
    }
    void run() const { take().run(); }
    void fail(std::string what) const {
        take().fail(std::make_exception_ptr(std::runtime_error(std::move(what))));
    }

private:
    struct shared {
        hh::memory_session_store memory{};
        std::deque<operation> held{};
        bool at_once = false;
        std::string throws_at{};
    };

    void hold(operation o) {
        if (o.name == state_->throws_at) throw std::runtime_error(o.name + " is broken");
        if (state_->at_once) return o.run();
        state_->held.push_back(std::move(o));
    }

    std::shared_ptr<shared> state_ = std::make_shared<shared>();
};

static_assert(hh::async_session_store<held_store>);
static_assert(!hh::session_store<held_store>);
static_assert(!hh::async_session_store<hh::memory_session_store>);
static_assert(hh::session_store<hh::memory_session_store>);

/// A server with sessions in a store that waits, on a clock that a test moves.
struct waiting_server {
    hh::testing::clock& clock;
    hh::test::journal errors{};
    hh::sessions sessions;
    hh::registry hooks;

    waiting_server(hh::testing::clock& on, held_store const& store, hh::session_options o = {})
        : clock(on),
          sessions(with_clock(std::move(o), on), store),
          hooks(on.get_executor(), hh::test::recording(errors)) {
        hooks.pre_responder(hh::any_verb, "/*", sessions);
        support::add_session_hooks(hooks, sessions);
    }

    static hh::session_options with_clock(hh::session_options o, hh::testing::clock& on) {
        o.now = [&on] { return on.system_now(); };
        return o;
    }

    hh::request request(verb method, std::string_view target, std::string_view cookie) const {
        auto r = hh::test::make_request(method, target);
        if (!cookie.empty()) r.set(field::cookie, cookie);
        return r;
    }
    hh::testing::pending_reply start(verb method, std::string_view target,
                                     std::string_view cookie = {}, hh::origin from = {}) {
        return hh::testing::start(hooks, request(method, target, cookie), clock, std::move(from));
    }
};

struct waiting_fixture {
    hh::testing::clock clock{};
    held_store store{};
    waiting_server server{clock, store};

    /// Does what the store is asked for, until it is asked for nothing.
    void run_store() {
        while (!store.asked().empty()) {
            store.run();
            clock.run();
        }
    }
    hh::response ask(verb method, std::string_view target, std::string_view cookie = {}) {
        auto const reply = server.start(method, target, cookie);
        run_store();
        return reply.get();
    }
    /// The cookie of a new session with a value "a".
    std::string new_session(std::string_view value = "1") {
        return cookie_of(ask(verb::post, "/set/a/" + std::string(value)));
    }
    static std::string cookie_of(hh::response const& r) {
        std::string_view const all = r[field::set_cookie];
        return std::string(all.substr(0, all.find(';')));
    }
};

/// A store whose operations are coroutines.
struct coroutine_store {
    template <class T>
    static hh::asio::awaitable<T> later(std::function<T()> what) {
        co_await hh::test::turns(2);
        co_return what();
    }
    void async_load(std::string id,
                    hh::session_store_handler<std::optional<hh::session_record>> done) {
        using record = std::optional<hh::session_record>;
        hh::asio::co_spawn(where, later<record>([=, this] { return memory.load(id); }),
                           std::move(done));
    }
    void async_create(std::string id, hh::session_record r, hh::session_time expires,
                      hh::session_store_handler<> done) {
        memory.create(id, r, expires);
        done(nullptr);
    }
    void async_update(std::string id, hh::session_changes c, hh::session_time used,
                      hh::session_time expires, hh::session_store_handler<bool> done) {
        hh::asio::co_spawn(where,
                           later<bool>([=, this] { return memory.update(id, c, used, expires); }),
                           std::move(done));
    }
    void async_remove(std::string, hh::session_store_handler<>) {}

    hh::testing::clock::executor_type where;
    mutable hh::memory_session_store memory{};
};

}  // namespace

TEST_CASE("a hook has the session that a store was waited for") {
    waiting_fixture f;
    auto const made = f.server.start(verb::post, "/set/a/1");
    CHECK(f.store.asked() == "create");
    CHECK_FALSE(made.ready());
    f.run_store();
    REQUIRE(made.ready());
    std::string const cookie = f.cookie_of(made.get());
    CHECK(cookie.size() == 4 + 43);

    auto const read = f.server.start(verb::get, "/get/a", cookie);
    CHECK(f.store.asked() == "load");
    CHECK_FALSE(read.ready());
    f.store.run();
    f.clock.run();
    CHECK(f.store.asked() == "touch");
    CHECK_FALSE(read.ready());
    f.run_store();
    CHECK(read.get().body() == "+1");
    CHECK(read.get()[field::set_cookie].empty());
    CHECK(f.server.errors.entries().empty());
}

TEST_CASE("what a hook changed is there before the reply, for another server too") {
    waiting_fixture f;
    waiting_server other(f.clock, f.store);
    std::string const cookie = f.new_session();
    auto const changed = f.server.start(verb::post, "/set/a/2", cookie);
    f.store.run();
    f.clock.run();
    CHECK(f.store.asked() == "update");
    CHECK_FALSE(changed.ready());
    f.store.run();
    f.clock.run();
    REQUIRE(changed.ready());
    auto const read = other.start(verb::get, "/get/a", cookie);
    f.run_store();
    CHECK(read.get().body() == "+2");
}

TEST_CASE("a request without a session's cookie waits for no store") {
    waiting_fixture f;
    CHECK(f.server.start(verb::get, "/get/a").get().body() == "-");
    CHECK(f.server.start(verb::get, "/get/a", "sid=short").get().body() == "-");
    CHECK(f.server.start(verb::get, "/nowhere").get().result_int() == 404);
    CHECK(f.store.asked().empty());
    auto const unknown = f.server.start(verb::get, "/get/a", "sid=" + std::string(43, 'A'));
    CHECK(f.store.asked() == "load");
    f.run_store();
    CHECK(unknown.get().body() == "-");
}

TEST_CASE("a session that cannot be loaded is a 500, which is reported") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    auto const reply = f.server.start(verb::get, "/get/a", cookie);
    f.store.fail("the store is away");
    f.clock.run();
    CHECK(reply.get().result_int() == 500);
    CHECK(reply.get().body() == R"({"error":"Internal server error"})");
    CHECK(f.server.errors.text() == "pre-responder: the store is away");
    CHECK(f.store.asked().empty());
}

TEST_CASE("a session that cannot be saved later is a 500, which is reported") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    auto const made = f.server.start(verb::post, "/set/a/1");
    f.store.fail("the store is full");
    f.clock.run();
    CHECK(made.get().result_int() == 500);
    CHECK_FALSE(made.get().contains(field::set_cookie));
    auto const rotated = f.server.start(verb::post, "/login/ann", cookie);
    f.store.run();
    f.clock.run();
    f.store.fail("the store is away");
    f.clock.run();
    CHECK(rotated.get().result_int() == 500);
    CHECK_FALSE(rotated.get().contains(field::set_cookie));
    auto const ended = f.server.start(verb::post, "/logout", cookie);
    f.store.run();
    f.clock.run();
    CHECK(f.store.asked() == "remove");
    f.store.fail("the store is gone");
    f.clock.run();
    CHECK(ended.get().result_int() == 500);
    CHECK_FALSE(ended.get().contains(field::set_cookie));
    CHECK(f.server.errors.text() ==
          "responder: the store is full responder: the store is away responder: the store is gone");
}

TEST_CASE("on_failure makes the reply to a store that fails") {
    hh::testing::clock clock;
    held_store store;
    hh::sessions const sessions({}, store);
    std::string seen;
    hh::registry hooks(clock.get_executor(), {.on_failure = [&seen](hh::failure const& e) {
                           seen += std::string(to_string(e.reason)) + " " + e.hook->options.name +
                                   ": " + e.what() + "\n";
                           return hh::make_response(e.status, "try again");
                       }});
    hooks.pre_responder(hh::any_verb, "/*", sessions, {.name = "load"});
    hooks.get("/", [sessions](auto& c) { sessions.of(c).set("a", "1"); });
    auto const reply = hh::testing::start(hooks, hh::test::make_request(verb::get, "/"), clock);
    store.fail("the store is full");
    clock.run();
    CHECK(reply.get().body() == "try again");
    auto r = hh::test::make_request(verb::get, "/");
    r.set(field::cookie, "sid=" + std::string(43, 'A'));
    auto const second = hh::testing::start(hooks, r, clock);
    store.take().fail(std::make_exception_ptr(hh::http_error(hh::status::service_unavailable)));
    clock.run();
    CHECK(second.get().result_int() == 503);
    auto const third = hh::testing::start(hooks, r, clock);
    clock.advance(5s);
    CHECK(third.get().result_int() == 504);
    store.run();
    CHECK(seen ==
          "exception sessions: the store is full\n"
          "exception load: Service Unavailable\n"
          "time-limit load: a hook exceeded its time limit\n");
}

TEST_CASE("a store that throws is one that fails") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    f.store.at_once(true);
    for (auto const* const name : {"load", "touch", "remove", "create", "update"}) {
        f.store.throws_at(name);
        bool const reads = name == std::string_view("load") || name == std::string_view("touch");
        std::string_view const target = name == std::string_view("remove") ? "/logout" : "/set/a/1";
        auto const reply =
            name == std::string_view("create")
                ? f.server.start(verb::post, target)
                : f.server.start(reads ? verb::get : verb::post, reads ? "/get/a" : target, cookie);
        CHECK(reply.get().result_int() == 500);
        CHECK(f.server.errors.entries().back().ends_with(std::string(name) + " is broken"));
    }
    CHECK(f.server.errors.size() == 5);
    f.store.throws_at("");
    CHECK(f.server.start(verb::get, "/get/a", cookie).get().body() == "+1");
}

TEST_CASE("a store that is slow makes a 504, and may go on") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    auto const read = f.server.start(verb::get, "/get/a", cookie);
    f.clock.advance(4999ms);
    CHECK_FALSE(read.ready());
    f.clock.advance(1ms);
    CHECK(read.get().result_int() == 504);
    f.run_store();

    auto const changed = f.server.start(verb::post, "/set/a/2", cookie);
    f.store.run();
    f.clock.run();
    f.clock.advance(5s);
    CHECK(changed.get().result_int() == 504);
    f.run_store();
    CHECK(f.ask(verb::get, "/get/a", cookie).body() == "+2");

    auto const made = f.server.start(verb::post, "/set/a/2");
    f.clock.advance(5s);
    CHECK(made.get().result_int() == 504);
    CHECK_FALSE(made.get().contains(field::set_cookie));
    f.run_store();
    CHECK(f.server.errors.text() ==
          "pre-responder: a hook exceeded its time limit "
          "responder: a hook exceeded its time limit "
          "responder: a hook exceeded its time limit");
}

TEST_CASE("the time that a store has is said with the sessions, or where they are registered") {
    hh::testing::clock clock;
    held_store const store;
    hh::registry hooks(clock.get_executor());
    hooks.pre_responder(hh::any_verb, "/a", hh::sessions({.time_limit = 2s}, store));
    hooks.pre_responder(hh::any_verb, "/b", hh::sessions({}, store), {.time_limit = 3s});
    hooks.pre_responder(hh::any_verb, "/c", hh::sessions());
    CHECK(hooks.hooks()[0].options.time_limit == 2s);
    CHECK(hooks.hooks()[1].options.time_limit == 3s);
    CHECK_FALSE(hooks.hooks()[2].options.time_limit);
    CHECK_THROWS_AS(hh::sessions({.time_limit = -1ms}, store), std::invalid_argument);
}

TEST_CASE("sessions in a store that waits are not had without being loaded") {
    waiting_fixture f;
    hh::registry hooks(f.clock.get_executor(), hh::test::recording(f.server.errors));
    hooks.get("/", [s = f.server.sessions](auto& c) { return s.of(c).get("a"); });
    auto r = hh::test::make_request(verb::get, "/");
    CHECK(hh::testing::inject(hooks, r, f.clock).result_int() == 500);
    CHECK(f.server.errors.text() ==
          "responder: sessions in a store that waits are registered as a pre-responder, in front "
          "of the hooks that use them");
    CHECK_THROWS_AS(f.server.sessions.find(r), std::logic_error);
}

TEST_CASE("a session is loaded once, and read by listeners") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    f.server.hooks.pre_responder(verb::get, "/get/:name", f.server.sessions);
    std::string seen;
    auto const look = [s = f.server.sessions, &seen](auto& c) { seen += s.of(c).get("a"); };
    f.server.hooks.pre_listener(verb::get, "/get/:name", look);
    f.server.hooks.response_listener(verb::get, "/get/:name", look);
    auto const reply = f.server.start(verb::get, "/get/a", cookie);
    f.store.run();
    f.clock.run();
    CHECK(f.store.asked() == "touch");
    f.run_store();
    CHECK(reply.get().body() == "+1");
    CHECK(seen == "11");
}

TEST_CASE("a login gives a session in a store that waits a new id") {
    waiting_fixture f;
    std::string const before = f.new_session();
    auto const reply = f.ask(verb::post, "/login/ann", before);
    std::string const after = f.cookie_of(reply);
    CHECK(after != before);
    CHECK(f.ask(verb::get, "/get/user", after).body() == "+ann");
    CHECK(f.ask(verb::get, "/get/a", after).body() == "+1");
    CHECK(f.ask(verb::get, "/get/a", before).body() == "-");
    CHECK(f.store.memory().size() == 1);
}

TEST_CASE("the end of a session is begun at once, and waited for") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    std::string asked;
    f.server.hooks.post("/end", [&f, &asked, s = f.server.sessions](auto& c) {
        s.of(c).destroy();
        asked = f.store.asked();
        s.of(c).set("b", "2");
        return hh::status::ok;
    });
    auto const reply = f.server.start(verb::post, "/end", cookie);
    f.store.run();
    f.clock.run();
    CHECK(asked == "remove");
    CHECK(f.store.asked() == "remove");
    CHECK_FALSE(reply.ready());
    f.store.run();
    CHECK(f.store.asked() == "create");
    f.run_store();
    std::string const another = f.cookie_of(reply.get());
    CHECK(another != cookie);
    CHECK(f.ask(verb::get, "/get/a", another).body() == "+");
    CHECK(f.ask(verb::get, "/get/b", another).body() == "+2");
    CHECK(f.ask(verb::post, "/logout", another)[field::set_cookie].starts_with("sid=; "));
    CHECK(f.store.memory().size() == 0);
}

TEST_CASE("a session that ended while its store was waited for does not come back") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    for (std::string const target : {"/set/a/2", "/login/ann", "/get/a"}) {
        auto const reply = f.server.start(target == "/get/a" ? verb::get : verb::post, target,
                                          f.cookie_of(f.ask(verb::post, "/set/a/1")));
        f.store.run();
        f.clock.run();
        f.store.memory() = hh::memory_session_store();
        f.run_store();
        CHECK(reply.get().result_int() == 200);
        CHECK_FALSE(reply.get().contains(field::set_cookie));
        CHECK(f.store.memory().size() == 0);
    }
}

TEST_CASE("a session in a store that waits ends when it is not used") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    f.clock.advance(29min);
    CHECK(f.ask(verb::get, "/get/a", cookie).body() == "+1");
    f.clock.advance(29min);
    CHECK(f.ask(verb::get, "/nowhere", cookie).result_int() == 404);
    f.clock.advance(29min);
    CHECK(f.ask(verb::get, "/get/a", cookie).body() == "+1");
    f.clock.advance(30min);
    auto const reply = f.server.start(verb::get, "/get/a", cookie);
    f.store.run();
    f.clock.run();
    CHECK(f.store.asked() == "remove");
    f.run_store();
    CHECK(reply.get().body() == "-");
    CHECK(f.store.memory().size() == 0);
}

TEST_CASE("a persistent cookie is sent with each use of a store that waits") {
    hh::testing::clock clock;
    held_store const store;
    store.at_once(true);
    waiting_server server(clock, store, {.idle = 100s, .persistent = true});
    std::string const cookie =
        waiting_fixture::cookie_of(server.start(verb::post, "/set/a/1").get());
    CHECK(server.start(verb::get, "/get/a", cookie).get()[field::set_cookie] ==
          cookie + "; Path=/; Max-Age=100; HttpOnly; SameSite=Lax");
}

TEST_CASE("whoever answers, what was changed is saved first") {
    waiting_fixture f;
    auto const visit = [s = f.server.sessions](auto& c) {
        s.of(c).set("visited", std::string(c.path()));
        c.pass();
    };
    f.server.hooks.pre_responder(hh::any_verb, "/nowhere", visit);
    f.server.hooks.get("/broken", [s = f.server.sessions](auto& c) -> std::string {
        s.of(c).set("visited", "broken");
        throw std::runtime_error("broken");
    });
    f.server.hooks.get("/two", [s = f.server.sessions](auto& c) {
        s.of(c).set("one", "1");
        return "one";
    });
    f.server.hooks.get("/two",
                       [s = f.server.sessions](auto& c) -> hh::asio::awaitable<std::string> {
                           co_await hh::test::turns(2);
                           s.of(c).set("two", "2");
                           co_return "two";
                       });
    auto const nowhere = f.ask(verb::get, "/nowhere");
    CHECK(nowhere.result_int() == 404);
    CHECK(f.ask(verb::get, "/get/visited", f.cookie_of(nowhere)).body() == "+/nowhere");
    auto const broken = f.ask(verb::get, "/broken");
    CHECK(broken.result_int() == 500);
    CHECK(f.ask(verb::get, "/get/visited", f.cookie_of(broken)).body() == "+broken");
    auto const two = f.ask(verb::get, "/two");
    CHECK(two.result_int() == 202);
    CHECK(f.ask(verb::get, "/get/one", f.cookie_of(two)).body() == "+1");
    CHECK(f.ask(verb::get, "/get/two", f.cookie_of(two)).body() == "+2");
}

TEST_CASE("several kinds of sessions are saved one after another") {
    waiting_fixture f;
    held_store const store;
    hh::sessions const second({.cookie = {.name = "second"}}, store);
    hh::sessions const third({.cookie = {.name = "third"}});
    f.server.hooks.pre_responder(hh::any_verb, "/*", second);
    f.server.hooks.post("/all", [one = f.server.sessions, second, third](auto& c) {
        one.of(c).set("a", "1");
        second.of(c).set("a", "2");
        third.of(c).set("a", "3");
        return hh::status::ok;
    });
    auto const reply = f.server.start(verb::post, "/all");
    CHECK(store.asked() == "create");
    CHECK(f.store.asked().empty());
    store.run();
    f.clock.run();
    CHECK(f.store.asked() == "create");
    CHECK_FALSE(reply.ready());
    f.run_store();
    CHECK(reply.get().count(field::set_cookie) == 3);
}

TEST_CASE("a store may answer on another thread") {
    hh::testing::clock clock;
    held_store store;
    waiting_server server(clock, store);
    auto const ask = [&](verb method, std::string_view target, std::string_view cookie) {
        auto const reply = server.start(method, target, cookie);
        while (!reply.ready() && !store.asked().empty()) {
            auto const o = store.take();
            std::thread(o.run).join();
            clock.run();
        }
        return reply.get();
    };
    std::string const cookie = waiting_fixture::cookie_of(ask(verb::post, "/set/a/1", ""));
    CHECK(ask(verb::get, "/get/a", cookie).body() == "+1");
    CHECK(ask(verb::post, "/logout", cookie).contains(field::set_cookie));
    CHECK(ask(verb::get, "/get/a", cookie).body() == "-");
}

TEST_CASE("a store may answer at once") {
    waiting_fixture f;
    f.store.at_once(true);
    std::string const cookie = f.cookie_of(f.server.start(verb::post, "/set/a/1").get());
    auto r = f.server.request(verb::get, "/get/a", cookie);
    CHECK(hh::testing::inject(f.server.hooks, r).body() == "+1");
    CHECK(f.cookie_of(f.server.start(verb::post, "/login/ann", cookie).get()) != cookie);
}

TEST_CASE("a store that answers twice is heard once") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    auto const reply = f.server.start(verb::post, "/login/ann", cookie);
    auto const load = f.store.take();
    load.run();
    load.run();
    f.clock.run();
    auto const update = f.store.take();
    update.run();
    update.fail(std::make_exception_ptr(std::runtime_error("no")));
    f.clock.run();
    CHECK(reply.get().result_int() == 200);
    CHECK(reply.get().count(field::set_cookie) == 1);
    update.run();
    f.clock.run();
}

TEST_CASE("a store that lets a completion go has failed") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    auto const read = f.server.start(verb::get, "/get/a", cookie);
    static_cast<void>(f.store.take());
    f.clock.run();
    CHECK(read.get().result_int() == 500);
    auto const made = f.server.start(verb::post, "/set/a/1");
    static_cast<void>(f.store.take());
    f.clock.run();
    CHECK(made.get().result_int() == 500);
    auto const ended = f.server.start(verb::post, "/logout", cookie);
    f.store.run();
    f.clock.run();
    static_cast<void>(f.store.take());
    f.clock.run();
    CHECK(ended.get().result_int() == 500);
    CHECK(f.server.errors.text() ==
          "pre-responder: a hook dropped its done without calling it "
          "responder: a hook dropped its done without calling it "
          "responder: a hook dropped its done without calling it [httphooks:10]");
}

TEST_CASE("a client that goes leaves a store that waits in peace") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    for (int const steps : {0, 1}) {
        hh::asio::cancellation_signal signal;
        int cancelled = 0;
        f.server.hooks.async_dispatch(
            f.server.request(verb::post, "/set/a/2", cookie),
            hh::asio::bind_cancellation_slot(
                signal.slot(),
                hh::asio::bind_executor(f.clock.get_executor(),
                                        [&cancelled](hh::error_code ec, hh::response) {
                                            if (ec) ++cancelled;
                                        })));
        f.clock.run();
        for (int i = 0; i < steps; ++i) {
            f.store.run();
            f.clock.run();
        }
        CHECK(f.store.asked() == (steps == 0 ? "load" : "update"));
        signal.emit(hh::asio::cancellation_type::terminal);
        f.clock.run();
        CHECK(cancelled == 1);
        f.run_store();
    }
    CHECK(f.ask(verb::get, "/get/a", cookie).body() == "+2");
    CHECK(f.server.errors.entries().empty());
}

TEST_CASE("a session that was destroyed ends, although its client has gone") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    f.server.hooks.post("/slow", [s = f.server.sessions](auto& c) -> hh::asio::awaitable<void> {
        s.of(c).destroy();
        co_await hh::test::forever();
    });
    {
        hh::asio::cancellation_signal signal;
        f.server.hooks.async_dispatch(
            f.server.request(verb::post, "/slow", cookie),
            hh::asio::bind_cancellation_slot(
                signal.slot(), hh::asio::bind_executor(f.clock.get_executor(),
                                                       [](hh::error_code, hh::response) {})));
        f.clock.run();
        f.store.run();
        f.clock.run();
        signal.emit(hh::asio::cancellation_type::terminal);
        f.clock.run();
    }
    f.run_store();
    CHECK(f.store.memory().size() == 0);
}

TEST_CASE("a loop that ends leaves what a store was asked for") {
    held_store store;
    for (int const steps : {0, 1}) {
        {
            hh::testing::clock clock;
            waiting_server server(clock, store);
            auto const reply =
                steps == 0 ? server.start(verb::get, "/get/a", "sid=" + std::string(43, 'A'))
                           : server.start(verb::post, "/set/a/1");
            CHECK_FALSE(reply.ready());
        }
        store.run();
    }
    CHECK(store.memory().size() == 1);
}

TEST_CASE("a request whose time is over waits once for its session") {
    waiting_fixture f;
    f.server.hooks.post("/slow", [s = f.server.sessions](auto& c) -> hh::asio::awaitable<void> {
        s.of(c).set("a", "1");
        co_await hh::test::forever();
    });
    struct sink final : hh::reply_sink {
        void on_reply(hh::exchange& ex) noexcept override {
            status = ex.reply().result_int();
            ++replies;
        }
        unsigned status = 0;
        int replies = 0;
    };
    for (bool const twice : {false, true}) {
        sink to;
        auto const loop = f.server.hooks.make_loop();
        auto const ex = loop->make_exchange(f.clock.get_executor(), &to);
        ex->incoming() = f.server.request(verb::post, "/slow", "");
        CHECK_FALSE(ex->start());
        f.clock.run();
        ex->time_out();
        f.clock.run();
        CHECK(f.store.asked() == "create");
        CHECK(to.replies == 0);
        if (twice) {
            ex->time_out();
            f.clock.run();
            CHECK(to.replies == 1);
            CHECK_FALSE(ex->reply().contains(field::set_cookie));
        }
        f.run_store();
        CHECK(to.replies == 1);
        CHECK(to.status == 504);
    }
}

TEST_CASE("guards of sockets wait for their sessions") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    f.server.hooks.pre_responder(verb::get, "/socket", [s = f.server.sessions](auto& c) {
        if (s.of(c).has("a")) return c.pass();
        c.set_response(hh::status::unauthorized);
    });
    for (auto const& [sent, status] : {std::pair(cookie, 0), std::pair(std::string(), 401)}) {
        std::optional<std::optional<hh::response>> answer;
        f.server.hooks.async_authorize(
            f.server.request(verb::get, "/socket", sent),
            hh::asio::bind_executor(f.clock.get_executor(),
                                    [&answer](hh::error_code, std::optional<hh::response> r) {
                                        answer = std::move(r);
                                    }));
        f.clock.run();
        f.run_store();
        REQUIRE(answer);
        CHECK((*answer ? static_cast<int>((*answer)->result_int()) : 0) == status);
    }
    std::optional<hh::response> refused;
    f.server.hooks.async_authorize(
        f.server.request(verb::get, "/socket", cookie),
        hh::asio::bind_executor(
            f.clock.get_executor(),
            [&refused](hh::error_code, std::optional<hh::response> r) { refused = std::move(r); }));
    f.clock.run();
    f.store.run();
    f.clock.run();
    f.store.fail("the store is away");
    f.clock.run();
    REQUIRE(refused);
    CHECK(refused->result_int() == 500);
}

TEST_CASE("messages of sockets have the session of their handshake") {
    waiting_fixture f;
    auto handshake =
        std::make_shared<hh::request>(f.server.request(verb::get, "/socket", f.new_session()));
    hh::origin const from(hh::transport::websocket, {}, false, handshake);
    auto const changed = f.server.start(verb::post, "/set/a/2", {}, from);
    f.run_store();
    CHECK_FALSE(changed.get().contains(field::set_cookie));
    auto const read = f.server.start(verb::get, "/get/a", {}, from);
    f.run_store();
    CHECK(read.get().body() == "+2");
    auto const login = f.server.start(verb::post, "/login/ann", {}, from);
    f.run_store();
    CHECK(login.get().result_int() == 500);
}

TEST_CASE("a handshake's session is found by a store that waits") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    std::optional<hh::session_snapshot> found;
    std::string failed;
    auto const look = [&](hh::request const& r) {
        found.reset();
        failed.clear();
        f.server.sessions.async_find(
            r, hh::asio::bind_executor(f.clock.get_executor(),
                                       [&](std::exception_ptr e, hh::session_snapshot s) {
                                           found = std::move(s);
                                           if (e) failed = hh::detail::error_text({}, e);
                                       }));
        CHECK_FALSE(found);
        f.clock.run();
    };
    look(f.server.request(verb::get, "/", ""));
    REQUIRE(found);
    CHECK_FALSE(*found);
    look(f.server.request(verb::get, "/", cookie));
    CHECK_FALSE(found);
    auto const load = f.store.take();
    load.run();
    f.clock.run();
    CHECK(f.store.asked() == "touch");
    f.run_store();
    REQUIRE(found);
    CHECK(found->get("a") == "1");
    load.run();
    f.run_store();

    look(f.server.request(verb::get, "/", cookie));
    f.store.fail("the store is away");
    f.clock.run();
    CHECK(failed == "the store is away");
    CHECK_FALSE(*found);
    look(f.server.request(verb::get, "/", cookie));
    f.store.run();
    f.store.fail("the store is slow");
    f.clock.run();
    CHECK(failed == "the store is slow");
    f.store.throws_at("load");
    look(f.server.request(verb::get, "/", cookie));
    CHECK(failed == "load is broken");
    f.store.throws_at("");

    f.clock.advance(30min);
    look(f.server.request(verb::get, "/", cookie));
    f.run_store();
    CHECK(failed.empty());
    CHECK_FALSE(*found);
    CHECK(f.store.memory().size() == 0);
}

TEST_CASE("a session is awaited, in a store of either kind") {
    waiting_fixture f;
    std::string const cookie = f.new_session();
    hh::sessions const plain;
    std::string seen;
    hh::asio::co_spawn(
        f.clock.get_executor(),
        [&]() -> hh::asio::awaitable<void> {
            hh::request const r = f.server.request(verb::get, "/", cookie);
            auto const one = co_await f.server.sessions.async_find(r);
            auto const two = co_await plain.async_find(r);
            seen = std::string(one.get("a")) + (two ? "+" : "-");
        },
        hh::asio::detached);
    f.clock.run();
    f.run_store();
    CHECK(seen == "1-");
    int calls = 0;
    plain.async_find(f.server.request(verb::get, "/", cookie),
                     [&calls](std::exception_ptr, hh::session_snapshot) { ++calls; });
    CHECK(calls == 1);
}

TEST_CASE("a store may be made of coroutines") {
    hh::testing::clock clock;
    hh::sessions const sessions({}, coroutine_store{clock.get_executor()});
    hh::registry hooks(clock.get_executor());
    hooks.pre_responder(hh::any_verb, "/*", sessions);
    hooks.get("/", [sessions](auto& c) {
        auto& session = sessions.of(c);
        session.set("n", session.get("n", 0) + 1);
        return hh::text(session.get("n", 0));
    });
    auto r = hh::test::make_request(verb::get, "/");
    auto const first = hh::testing::inject(hooks, r, clock);
    r.set(field::cookie, waiting_fixture::cookie_of(first));
    CHECK(hh::testing::inject(hooks, r, clock).body() == "2");
    CHECK(hh::testing::inject(hooks, r, clock).body() == "3");
}

TEST_CASE("tokens against forged forms belong to sessions in a store that waits") {
    waiting_fixture f;
    hh::csrf const csrf(f.server.sessions);
    f.server.hooks.get("/form", [csrf](auto& c) { return csrf.token(c); });
    f.server.hooks.pre_responder(verb::post, "/form", csrf);
    f.server.hooks.post("/form", [](auto&) { return "taken"; });
    auto const form = f.ask(verb::get, "/form");
    auto r = f.server.request(verb::post, "/form", f.cookie_of(form));
    for (bool const good : {true, false}) {
        r.set("X-CSRF-Token", good ? std::string(form.body()) : "x");
        auto const reply = hh::testing::start(f.server.hooks, r, f.clock);
        f.run_store();
        CHECK(reply.get().result_int() == (good ? 200 : 403));
    }
}
