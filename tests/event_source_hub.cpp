// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/event_source_hub.hpp>
#include <httphooks/stream_body.hpp>
#include <httphooks/testing/clock.hpp>

#include "support/catch.hpp"
#include "support/hooks.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace httphooks;
using namespace httphooks::test;

namespace {

/// A client of a hub.
struct event_client final : stream_sink {
    std::shared_ptr<stream_body> body{};
    std::string text{};
    bool over = false;
    bool reads = true;
    std::size_t room = 1000;

    event_client(event_source_hub const& hub, asio::io_context& context,
                 std::string_view topic = {}, std::string_view last = {}) {
        request r = make_request(verb::get, "/");
        if (!last.empty()) r.set("Last-Event-ID", last);
        body = hub.subscribe(r, topic).body().stream();
        body->start(context.get_executor(), *this);
        on_stream();
    }
    event_client(event_client const&) = delete;
    event_client& operator=(event_client const&) = delete;
    ~event_client() { body->stop(); }

    void on_stream() noexcept override {
        while (reads && !over) switch (body->take(text, room, false)) {
                case stream_body::taken::some:
                    break;
                case stream_body::taken::nothing:
                    return;
                case stream_body::taken::end:
                case stream_body::taken::failure:
                    over = true;
            }
    }
    /// What was sent in `data` fields since the last call.
    std::string data() {
        std::string all;
        std::string const got = std::exchange(text, {});
        for (std::size_t at = 0; (at = got.find("data: ", at)) != got.npos;) {
            at += 6;
            all.append(got, at, got.find('\n', at) - at).append(" ");
        }
        if (!all.empty()) all.pop_back();
        return all;
    }
    /// The id of the last event in the text.
    std::string last_id() const {
        std::size_t const at = text.rfind("id: ") + 4;
        return text.substr(at, text.find('\n', at) - at);
    }
};

void run(asio::io_context& context) {
    context.restart();
    context.poll();
}

/// What a client gets that connects again.
std::string got_again(event_source_hub const& hub, asio::io_context& context,
                      std::string_view topic, std::string_view last) {
    event_client c(hub, context, topic, last);
    run(context);
    return c.data();
}

}  // namespace

TEST_CASE("who has subscribed to a topic gets its events, and no others") {
    asio::io_context context;
    event_source_hub const hub;
    hub.publish("a", "before");
    event_client one(hub, context, "a");
    event_client two(hub, context, "a");
    event_client other(hub, context, "b");
    CHECK(hub.subscribers("a") == 2);
    CHECK(hub.subscribers("b") == 1);
    CHECK(hub.subscribers("c") == 0);
    hub.publish("a", "1");
    hub.publish("a", "2");
    CHECK(one.text.empty());
    run(context);
    CHECK(one.data() == "1 2");
    CHECK(two.data() == "1 2");
    CHECK(other.text.empty());
    two.body->stop();
    CHECK(hub.subscribers("a") == 1);
    hub.publish("a", "3");
    run(context);
    CHECK(one.data() == "3");
    CHECK(two.text.empty());
}

TEST_CASE("a client that connects again gets what it has missed, as far as it is kept") {
    asio::io_context context;
    event_source_hub_options o;
    o.history = 3;
    event_source_hub const hub(o);
    event_client first(hub, context, "t");
    hub.publish("t", "1");
    run(context);
    std::string const one = first.last_id();
    hub.publish("t", "2");
    hub.publish("t", "3");
    CHECK(got_again(hub, context, "t", one) == "2 3");
    hub.publish("t", "4");
    hub.publish("t", "5");
    CHECK(got_again(hub, context, "t", one) == "3 4 5");
    CHECK(got_again(hub, context, "t", "of another server") == "3 4 5");
    CHECK(got_again(hub, context, "t", "").empty());
    CHECK(got_again(hub, context, "t", first.last_id()).empty());
    CHECK(first.data() == "1 2 3 4 5");
    server_event own;
    own.id = "mine";
    hub.publish("t", own);
    hub.publish("t", "7");
    CHECK(got_again(hub, context, "t", "mine") == "7");
}

TEST_CASE("more events at once than are kept are no reason to end a client that reads") {
    asio::io_context context;
    event_source_hub_options o;
    o.history = 4;
    o.history_bytes = 120;
    event_source_hub const hub(o);
    event_client c(hub, context);
    std::string all;
    for (int i = 0; i < 30; ++i) {
        hub.publish("", std::to_string(i));
        all += (i ? " " : "") + std::to_string(i);
    }
    event_client late(hub, context, "", "unknown");
    run(context);
    CHECK(c.data() == all);
    CHECK_FALSE(c.over);
    CHECK(all.ends_with(late.data()));
}

TEST_CASE("no more bytes are kept than are wanted, but for the last event") {
    asio::io_context context;
    event_source_hub_options o;
    o.history_bytes = 1000;
    event_source_hub const hub(o);
    for (int i = 0; i < 10; ++i) hub.publish("", std::string(300, 'x'));
    event_client c(hub, context, "", "unknown");
    CHECK(c.text.size() > 600);
    CHECK(c.text.size() < 1000);
    hub.publish("", std::string(5000, 'y'));
    CHECK(got_again(hub, context, "", "unknown").size() == 5000);
}

TEST_CASE("a client that is further behind than events are kept is ended, or misses some") {
    for (auto const policy : {slow_reader::disconnect, slow_reader::skip}) {
        asio::io_context context;
        event_source_hub_options o;
        o.history = 2;
        o.slow = policy;
        event_source_hub const hub(o);
        event_client slow(hub, context);
        event_client quick(hub, context);
        slow.reads = false;
        for (char const c : {'1', '2', '3', '4'}) {
            hub.publish("", std::string_view(&c, 1));
            run(context);
        }
        CHECK(quick.data() == "1 2 3 4");
        slow.reads = true;
        slow.on_stream();
        CHECK(slow.over == (policy == slow_reader::disconnect));
        CHECK(slow.data() == (slow.over ? "" : "3 4"));
    }
}

TEST_CASE("an event of which a part was taken is sent whole, whatever is kept") {
    asio::io_context context;
    event_source_hub_options o;
    o.history = 1;
    o.slow = slow_reader::skip;
    event_source_hub const hub(o);
    event_client c(hub, context);
    c.reads = false;
    c.room = 5;
    hub.publish("", "the first of all");
    run(context);
    CHECK(c.body->take(c.text, 5, false) == stream_body::taken::some);
    hub.publish("", "second");
    hub.publish("", "third");
    run(context);
    c.reads = true;
    c.on_stream();
    CHECK(c.data() == "the first of all third");
}

TEST_CASE(
    "an event can be taken as the one chunk that all clients share, unless a part of it was") {
    asio::io_context context;
    event_source_hub_options o;
    o.history = 2;
    o.slow = slow_reader::skip;
    event_source_hub const hub(o);
    event_client one(hub, context);
    event_client two(hub, context);
    one.reads = two.reads = false;
    CHECK(one.body->chunk().empty());
    server_event e;
    e.id = "i";
    e.data = "x";
    hub.publish("", e);
    e.id.clear();
    hub.publish("", e);
    run(context);
    std::string_view const chunk = one.body->chunk();
    CHECK(chunk == "f\r\nid: i\ndata: x\n\n\r\n");
    CHECK(two.body->chunk().data() == chunk.data());
    std::string taken;
    CHECK(two.body->take(taken, 1000, true) == stream_body::taken::some);
    CHECK(taken == chunk);
    one.body->chunk_taken();
    CHECK(one.body->taken_so_far() == two.body->taken_so_far());
    CHECK(one.body->chunk() == two.body->chunk());
    CHECK(one.body->chunk() != chunk);
    CHECK(one.body->take(one.text, 3, true) == stream_body::taken::some);
    CHECK(one.body->chunk().empty());
    one.text.clear();
    CHECK(one.body->take(one.text, 1000, false) == stream_body::taken::some);
    CHECK(one.body->chunk().empty());
    CHECK(one.body->take(one.text, 1000, false) == stream_body::taken::nothing);
    for (char const* data : {"2", "3", "4"}) hub.publish("", data);
    run(context);
    CHECK(two.body->chunk().empty());  // it is behind what is kept
    two.reads = true;
    two.on_stream();
    CHECK(two.data() == "3 4");
    hub.close();
    run(context);
    CHECK(two.body->chunk().empty());
    CHECK(two.over);
}

TEST_CASE("what a filter changes is taken as no chunk that was made before") {
    struct doubling final : stream_filter {
        void write(std::string_view text, bool, std::string& out) override {
            out.append(text).append(text);
        }
        void finish(std::string&) override {}
    };
    asio::io_context context;
    event_source_hub const hub;
    event_client c(hub, context);
    c.reads = false;
    c.body->filter(std::make_unique<doubling>());
    hub.publish("", "x");
    run(context);
    CHECK(c.body->chunk().empty());
    c.reads = true;
    c.on_stream();
    CHECK(c.data() == "x x");
}

TEST_CASE("a comment is sent to who has got no event for a while") {
    testing::clock clock;
    asio::io_context& context = clock.context();
    event_source_hub const hub;
    event_client a(hub, context, "a");
    event_client b(hub, context, "b");
    auto const pass = [&](std::chrono::seconds time) {
        clock.advance(time);
        run(context);
    };
    pass(std::chrono::seconds(16));
    pass(std::chrono::seconds(10));
    hub.publish("a", "1");
    pass(std::chrono::seconds(5));
    CHECK(a.data() == "1");
    CHECK(b.text == ":\n\n");
    a.reads = false;
    pass(std::chrono::seconds(15));
    CHECK(a.body->chunk() == "3\r\n:\n\n\r\n");
    a.body->chunk_taken();
    CHECK(a.body->chunk().empty());
    pass(std::chrono::seconds(15));
    a.reads = true;
    a.on_stream();
    CHECK(a.text == ":\n\n");
    a.body->stop();
    b.body->stop();
    context.restart();
    CHECK(context.run_for(std::chrono::seconds(5)) < 10);  // no timer keeps it
}

TEST_CASE("a hub that is closed ends all streams behind their events") {
    asio::io_context context;
    event_source_hub const hub;
    event_client c(hub, context);
    hub.publish("", "last");
    hub.close();
    hub.publish("", "too late");
    run(context);
    CHECK(c.data() == "last");
    CHECK(c.over);
    event_client late(hub, context);
    CHECK(late.over);
}

TEST_CASE("a client that goes while others are told is told nothing") {
    asio::io_context context;
    event_source_hub const hub;
    std::deque<event_client> all;
    for (int i = 0; i < 5; ++i) all.emplace_back(hub, context);
    struct stopping final : stream_sink {
        std::deque<event_client>& others;
        explicit stopping(std::deque<event_client>& o) : others(o) {}
        void on_stream() noexcept override {
            for (event_client& c : others) c.body->stop();
        }
    } killer{all};
    auto const body = hub.subscribe(make_request(verb::get, "/"), {}).body().stream();
    body->start(context.get_executor(), killer);
    std::deque<event_client> later;
    for (int i = 0; i < 5; ++i) later.emplace_back(hub, context);
    hub.publish("", "x");
    run(context);
    CHECK(later.back().data() == "x");
    hub.publish("", "y");
    run(context);
    for (event_client& c : all) CHECK(c.data() == "x");
    body->stop();
}

TEST_CASE("events of many threads reach the clients of all event loops, in one order") {
    event_source_hub_options o;
    o.history = 10'000;
    event_source_hub const hub(o);
    constexpr int events = 500;
    struct loop {
        asio::io_context context{1};
        asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
        std::unique_ptr<event_client> client{};
        std::thread thread{};
    };
    std::vector<loop> loops(2);
    for (loop& l : loops) {
        l.client = std::make_unique<event_client>(hub, l.context);
        l.thread = std::thread([&l] { l.context.run(); });
    }
    std::vector<std::thread> publishers;
    for (char const who : {'a', 'b'})
        publishers.emplace_back([&hub, who] {
            for (int i = 0; i < events; ++i) hub.publish("", std::string(1, who));
        });
    for (std::thread& p : publishers) p.join();
    for (loop& l : loops) {
        l.work.reset();
        asio::post(l.context, [&l] { l.client->body->stop(); });
        l.thread.join();
    }
    CHECK(loops[0].client->text.size() > 0);
    CHECK(loops[0].client->text == loops[1].client->text);
    CHECK(loops[0].client->data().size() == 2 * 2 * events - 1);
    CHECK(hub.subscribers() == 0);
}

TEST_CASE("clients of an event source hub are served where replies are whole, until it is closed") {
    fixture t;
    event_source_hub const hub;
    t.hooks.get("/", [&](auto& c) { return hub.subscribe(c.request()); });
    hub.publish("", "before");
    hub.close();
    CHECK(t.get("/").body().empty());
    CHECK(t.get("/")[field::content_type] == "text/event-stream");
}
