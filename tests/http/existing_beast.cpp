// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// The two servers of the examples, with hooks of every type, and with bodies of every kind.

#include <httphooks/http/client.hpp>
#include <httphooks/http/tls_client.hpp>
#include <httphooks/multi_response.hpp>
#include <httphooks/registry.hpp>

#include <unistd.h>
#include <cstdlib>
#include <thread>

#include "support/catch.hpp"
#include "support/certificate.hpp"

// Only a function of this name may end without a return.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
#define main existing_beast_session_main
#include "../../examples/existing_beast_session.cpp"
#undef main
#define main existing_beast_coroutine_main
#include "../../examples/existing_beast_coroutine.cpp"
#undef main
#pragma GCC diagnostic pop

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hh::field;
using hh::hook_type;
using hh::status;
using hh::verb;
using namespace std::chrono_literals;

namespace {

enum class kind { callbacks, coroutines };

/// One of the example servers on two threads, and a client of its own.
class beast_fixture {
public:
    asio::io_context context{2};
    hh::registry hooks{context.get_executor()};

    beast_fixture(kind which, bool tls) : tls_(tls) {
        auto const certificate = support::make_certificate("IP:127.0.0.1");
        tls_context_.use_certificate_chain(asio::buffer(certificate.chain));
        tls_context_.use_private_key(asio::buffer(certificate.key), asio::ssl::context::pem);
        auto trusting = hh::http::default_tls_client_context();
        trusting->add_certificate_authority(asio::buffer(certificate.chain));
        hh::http::client_options options;
        options.timeout = 20s;
        options.tls = hh::http::tls_streams(trusting);
        client_.emplace(client_context_.get_executor(), options);
        if (which == kind::callbacks) {
            accept(acceptor_, hooks, tls ? &tls_context_ : nullptr);
        } else {
            auto listening = listen(acceptor_, hooks, tls ? &tls_context_ : nullptr);
            asio::co_spawn(context, std::move(listening), asio::detached);
        }
        for (auto& thread : threads_) thread = std::thread([this] { context.run(); });
    }
    ~beast_fixture() {
        context.stop();
        for (auto& thread : threads_) thread.join();
    }

    /// The reply to a request, over the network.
    hh::response ask(hh::request r) {
        std::string const url = std::string(tls_ ? "https" : "http") + "://127.0.0.1:" +
                                std::to_string(acceptor_.local_endpoint().port()) +
                                std::string(r.target());
        std::optional<hh::response> reply;
        client_context_.restart();
        client_->async_request(url, std::move(r), [&](hh::error_code ec, hh::response message) {
            INFO(ec.message());
            CHECK_FALSE(ec);
            reply = std::move(message);
        });
        client_context_.run_for(30s);
        REQUIRE(reply.has_value());
        return std::move(*reply);
    }
    hh::response get(std::string_view target) { return ask(hh::request(verb::get, target, 11)); }

private:
    bool tls_;
    asio::ssl::context tls_context_{asio::ssl::context::tls_server};
    tcp::acceptor acceptor_{context, {asio::ip::address_v4::loopback(), 0}};
    asio::io_context client_context_{1};
    std::optional<hh::http::client> client_;
    std::thread threads_[2];
};

/// Runs a test with both servers, plain and over TLS.
template <class Test>
void with_each(Test test) {
    for (kind const which : {kind::callbacks, kind::coroutines})
        for (bool const tls : {false, true}) {
            INFO((which == kind::callbacks ? "callbacks" : "coroutines") << (tls ? ", TLS" : ""));
            beast_fixture f(which, tls);
            test(f);
        }
}

}  // namespace

TEST_CASE("hooks of every type run in a Beast server that was there before") {
    with_each([](beast_fixture& f) {
        std::atomic<int> listened{0};
        std::promise<unsigned> handed_over;
        auto final_status = handed_over.get_future();
        f.hooks.request_listener(verb::post, "/orders/:id", [&](auto& c) {
            if (!c.request().count("X-User") && c.request().body() == "a book") ++listened;
        });
        f.hooks.pre_responder(verb::post, "/orders/:id", [](auto& c) {
            if (!c.request().count(field::authorization))
                return c.set_response(status::unauthorized);
            hh::fields more;
            more.set("X-User", "alice");
            c.replace_request(std::move(more));
        });
        f.hooks.pre_listener(verb::post, "/orders/:id", [&](auto& c) {
            if (c.request()["X-User"] == "alice") ++listened;
        });
        f.hooks.post("/orders/:id", [](auto& c) -> asio::awaitable<std::string> {
            auto const executor = co_await asio::this_coro::executor;
            asio::steady_timer timer(executor, 1ms);
            co_await timer.async_wait(asio::use_awaitable);
            co_return std::string(c.request()["X-User"]) + " " + std::string(c.param("id"));
        });
        f.hooks.post("/orders/:id", [](auto& c, auto done) {
            c.set_response(c.request().body());
            done();
        });
        f.hooks.post_listener(verb::post, "/orders/:id", [&](auto& c) {
            if (c.responses().size() == 2) ++listened;
        });
        f.hooks.post_responder(verb::post, "/orders/:id", [](auto& c) {
            std::string both;
            for (auto const& r : c.responses()) both += "[" + r.body() + "]";
            c.replace_response(hh::text(both));
        });
        f.hooks.response_listener(verb::post, "/orders/:id", [&](auto& c) {
            if (c.request().count(field::authorization))
                handed_over.set_value(c.response().result_int());
        });

        hh::request order(verb::post, "/orders/7", 11);
        order.body() = "a book";
        CHECK(f.ask(order).result() == status::unauthorized);
        order.set(field::authorization, "yes");
        hh::response const reply = f.ask(order);
        CHECK(reply.result() == status::ok);
        CHECK(reply.body() == "[alice 7][a book]");
        CHECK(reply.count(field::date) == 1);
        CHECK(reply[field::content_length] == "17");
        REQUIRE(final_status.wait_for(20s) == std::future_status::ready);
        CHECK(final_status.get() == 200);
        CHECK(listened == 4);
    });
}

TEST_CASE("everything that a reply can be comes from a Beast server that was there before") {
    with_each([](beast_fixture& f) {
        f.hooks.get("/two", [](auto&) { return "one"; });
        f.hooks.get("/two", [](auto&) { return "two"; });
        f.hooks.get("/none", [](auto&) { return status::no_content; });
        f.hooks.get("/broken", [](auto&) -> std::string { throw std::runtime_error("secret"); });
        f.hooks.get("/large", [](auto&) { return std::string(500'000, 'x'); });

        auto const parts = hh::parse_multi_response(f.get("/two"));
        REQUIRE(parts.has_value());
        REQUIRE(parts->size() == 2);
        CHECK((*parts)[0].body() == "one");
        CHECK((*parts)[1].body() == "two");

        CHECK(f.get("/none").result() == status::no_content);
        CHECK(f.get("/missing").result() == status::not_found);
        CHECK(f.get("/../up").result() == status::bad_request);
        CHECK(f.get("/large").body().size() == 500'000);
        hh::response const broken = f.get("/broken");
        CHECK(broken.result() == status::internal_server_error);
        CHECK(broken.body() == "{\"error\":\"Internal server error\"}");

        hh::response const head = f.ask(hh::request(verb::head, "/large", 11));
        CHECK(head[field::content_length] == "500000");
        CHECK(head.body().empty());
        hh::response const put = f.ask(hh::request(verb::put, "/two", 11));
        CHECK(put.result() == status::method_not_allowed);
        CHECK(put[field::allow] == "GET, HEAD, OPTIONS");
        CHECK(f.ask(hh::request(verb::options, "/two", 11)).result() == status::no_content);

        hh::request closing(verb::get, "/two", 11);
        closing.keep_alive(false);
        CHECK_FALSE(f.ask(closing).keep_alive());
        CHECK(f.get("/two").keep_alive());
    });
}

TEST_CASE("files go over a Beast server in parts, with ranges, and the connection stays") {
    with_each([](beast_fixture& f) {
        std::string name = "/tmp/httphooks-test-XXXXXX";
        std::string content;
        while (content.size() < 1'000'000) content += std::to_string(content.size()) + "\n";
        int const made = ::mkstemp(name.data());
        REQUIRE(::write(made, content.data(), content.size()) ==
                static_cast<ssize_t>(content.size()));
        f.hooks.get("/file", [&](auto& c) { hh::http::send_file(c, name, "text/plain"); });
        f.hooks.get("/text", [](auto&) { return "text"; });

        hh::response const whole = f.get("/file");
        CHECK(whole.result() == status::ok);
        CHECK((whole.body() == content));
        hh::request part(verb::get, "/file", 11);
        part.set(field::range, "bytes=500000-799999");
        hh::response const range = f.ask(part);
        CHECK(range.result() == status::partial_content);
        CHECK((range.body() == content.substr(500'000, 300'000)));
        CHECK(range[field::content_length] == "300000");
        hh::response const head = f.ask(hh::request(verb::head, "/file", 11));
        CHECK(head[field::content_length] == std::to_string(content.size()));
        CHECK(head.body().empty());
        part.set(field::range, "bytes=5-");
        part.keep_alive(false);
        CHECK((f.ask(part).body() == content.substr(5)));
        CHECK(f.get("/text").body() == "text");

        ::close(made);
        ::unlink(name.c_str());
    });
}

TEST_CASE("a request may have any of Beast's bodies, and a reply goes through Beast's serializer") {
    namespace http = beast::http;
    asio::io_context context;
    hh::registry hooks(context.get_executor());
    hooks.post("/echo", [](auto& c) { return c.request().body(); });
    auto const echo = [&](auto r) {
        r.method(verb::post);
        r.target("/echo");
        r.version(11);
        std::string body;
        hooks.async_dispatch(std::move(r), [&](hh::error_code ec, hh::response reply) {
            CHECK_FALSE(ec);
            http::message_generator generator(std::move(reply));
            while (!generator.is_done()) {
                hh::error_code failure;
                auto const buffers = generator.prepare(failure);
                REQUIRE_FALSE(failure);
                body += beast::buffers_to_string(buffers);
                generator.consume(beast::buffer_bytes(buffers));
            }
        });
        context.restart();
        context.run();
        return body.substr(body.find("\r\n\r\n") + 4);
    };

    http::request<http::string_body> text;
    text.body() = "text";
    CHECK(echo(std::move(text)) == "text");

    http::request<http::vector_body<char>> vector;
    vector.body() = {'v', 'e', 'c'};
    CHECK(echo(std::move(vector)) == "vec");

    http::request<http::dynamic_body> dynamic;
    beast::ostream(dynamic.body()) << "dynamic";
    CHECK(echo(std::move(dynamic)) == "dynamic");

    std::string const outside = "span";
    http::request<http::span_body<char const>> span;
    span.body() = {outside.data(), outside.size()};
    CHECK(echo(std::move(span)) == "span");

    CHECK(echo(http::request<http::empty_body>()).empty());

    http::request<http::basic_dynamic_body<beast::flat_buffer>> flat;
    beast::ostream(flat.body()) << "flat";
    CHECK(echo(std::move(flat)) == "flat");
}
