// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/engineio/middleware.hpp>

#include "support/catch.hpp"
#include "support/engineio_service.hpp"

#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace eio = httphooks::engineio;
using support::engineio_service;
using support::engineio_socket;
using support::polling_peer;

namespace {

char const* const failed = R"({"code":3,"message":"Bad request"})";

/// Calls that are made later, on a thread of their own.
class later {
public:
    ~later() {
        for (auto& t : threads_) t.join();
    }
    void run(std::function<void()> f) {
        std::lock_guard const lock(mutex_);
        threads_.emplace_back(std::move(f));
    }

private:
    std::mutex mutex_{};
    std::vector<std::thread> threads_{};
};

}  // namespace

TEST_CASE("middlewares add fields to every reply, in order") {
    engineio_service service;
    service.server().use([](hh::request const&, hh::fields& reply) { reply.set("X-Order", "1"); });
    service.server().use([](hh::request const&, hh::fields& reply, eio::next const& then) {
        auto const so_far = reply["X-Order"];
        reply.set("X-Order", std::string(so_far.data(), so_far.size()) + "2");
        then();
    });
    polling_peer p(service);
    CHECK(p.opened().status == 200);
    CHECK(p.opened()["X-Order"] == "12");
    CHECK(p.post("4x")["X-Order"] == "12");
    auto const polled = p.get();
    CHECK(polled["X-Order"] == "12");
    CHECK(polled.body == "4x");
    auto const refused = service.ask("GET", "?transport=none");
    CHECK(refused.status == 400);
    CHECK(refused["X-Order"] == "12");
    auto w = engineio_socket(service);
    CHECK(w.reply().status == 101);
    CHECK(w.reply()["X-Order"] == "12");
    CHECK(w.text().starts_with("0{"));
}

TEST_CASE("a middleware ends requests with a response, those for WebSockets too") {
    engineio_service service;
    int behind = 0;
    service.server().use([](hh::request const&, hh::fields& reply) -> std::optional<hh::response> {
        reply.set("X-Added", "yes");
        return hh::make_response(hh::status::unauthorized, "who are you", "text/plain");
    });
    service.server().use([&](hh::request const&, hh::fields&) { ++behind; });
    auto const r = service.ask("GET", "?EIO=4&transport=polling");
    CHECK(r.status == 401);
    CHECK(r.body == "who are you");
    CHECK(r["X-Added"] == "yes");
    auto w = engineio_socket(service);
    CHECK(w.reply().status == 401);
    CHECK(behind == 0);
    CHECK(service.server().size() == 0);
}

TEST_CASE("a middleware that fails, throws, or never decides refuses the request") {
    engineio_service service;
    std::mutex mutex;
    std::vector<std::string> told;
    service.server().on_connection_error([&](eio::connection_error const& e) {
        std::lock_guard const lock(mutex);
        told.push_back(std::to_string(static_cast<int>(e.code)) + " " + std::string(e.context));
    });
    int errors = 0;
    service.server().on_error([&](std::exception_ptr const&) { ++errors; });
    int turn = 0;
    service.server().use([&](hh::request const&, hh::fields&, eio::next const& then) {
        switch (turn++ % 3) {
            case 0:
                return then.fail();
            case 1:
                throw std::runtime_error("middleware");
            default:
                return;
        }
    });
    for (int i = 0; i < 3; ++i) {
        auto const r = service.ask("GET", "?EIO=4&transport=polling");
        CHECK(r.status == 400);
        CHECK(r.body == failed);
    }
    for (int i = 0; i < 3; ++i) CHECK(engineio_socket(service).reply().status == 400);
    CHECK(errors == 2);
    CHECK(told == std::vector<std::string>(6, "3 MIDDLEWARE_FAILURE"));
}

TEST_CASE("middlewares decide later, on any thread, and once") {
    later calls;
    engineio_service service;
    for (int i = 0; i < 2; ++i)
        service.server().use([&](hh::request const& r, hh::fields& reply, eio::next then) {
            calls.run([&r, &reply, then = std::move(then)] {
                auto const target = r.target();
                std::string_view const text(target.data(), target.size());
                if (text.find("deny") != text.npos)
                    return then(hh::make_response(hh::status::forbidden));
                reply.insert("X-Late", "yes");
                then();
                then();
                then.fail();
            });
        });
    polling_peer p(service);
    CHECK(p.opened()["X-Late"] == "yes");
    CHECK(p.post("4x").body == "ok");
    CHECK(p.get().body == "4x");
    CHECK(service.ask("GET", "?EIO=4&transport=polling&deny").status == 403);
    auto w = engineio_socket(service);
    CHECK(w.text().starts_with("0{"));
    w.send("4y");
    CHECK(w.text() == "4y");
    auto upgrade = engineio_socket(service, p.sid());
    upgrade.send("2probe");
    CHECK(upgrade.text() == "3probe");
}

TEST_CASE("a client may go while a middleware decides") {
    engineio_service service;
    std::mutex mutex;
    std::optional<eio::next> kept;
    std::vector<std::string> notes;
    service.server().use([&](hh::request const&, hh::fields&, eio::next then) {
        std::lock_guard const lock(mutex);
        kept.emplace(std::move(then));
        service.note("asked");
    });
    {
        auto p = service.peer();
        p.send("GET", "/engine.io/?EIO=4&transport=polling");
        CHECK(service.next_note() == "asked");
    }
    {
        std::lock_guard const lock(mutex);
        (*kept)();
        kept.reset();
    }
    auto p = service.peer();
    p.send("GET", "/engine.io/?EIO=4&transport=polling");
    CHECK(service.next_note() == "asked");
    std::lock_guard const lock(mutex);
    (*kept)();
    CHECK(p.reply().body.starts_with("0{"));
    kept.reset();
}

TEST_CASE("preflights and paths that are not the server's do not reach middlewares") {
    eio::options o;
    o.cors.emplace().origins = {"*"};
    engineio_service service(o);
    service.server().use([](hh::request const&, hh::fields&) -> std::optional<hh::response> {
        return hh::make_response(hh::status::gone);
    });
    CHECK(service.ask("OPTIONS", "?EIO=4&transport=polling", {{"Origin", "http://a"}}).status ==
          204);
    CHECK(service.peer().ask("GET", "/engine.io").status == 404);
    auto const r = service.ask("GET", "?EIO=4&transport=polling", {{"Origin", "http://a"}});
    CHECK(r.status == 410);
    CHECK(r["Access-Control-Allow-Origin"] == "*");
}

TEST_CASE("a body is limited in front of middlewares too") {
    eio::options o;
    o.max_payload = 100;
    engineio_service service(o);
    int seen = 0;
    service.server().use([&](hh::request const&, hh::fields&) { ++seen; });
    polling_peer p(service);
    CHECK(p.post("4" + std::string(100, 'x')).status == 413);
    CHECK(seen == 1);
}
