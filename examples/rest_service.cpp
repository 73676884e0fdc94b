// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A REST service in a Beast server of one's own: typed parameters, errors as problem details,
// logins with sessions. Argument: the port (8080).
//
// curl: /books/1 => Moby-Dick
// curl: /books/one => "status":400,"detail":"Invalid parameter id"
// curl: -X PUT -d '{"title":"Omoo"}' /books/2 => "status":401
// curl: -b '' -d user=ann -d password=secret /login --next -b '' -X PUT -d '{"title":"Omoo"}'
// /books/2 => Omoo
#include <httphooks/form_data.hpp>
#include <httphooks/problem_details.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/sessions.hpp>

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <map>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace hh = httphooks;
using asio::ip::tcp;

void register_hooks(hh::registry& hooks, hh::sessions const& sessions) {
    auto const books = std::make_shared<std::map<int, std::string>>();
    (*books)[1] = "Moby-Dick";
    hooks.pre_responder(hh::verb::put, "/books/*", [sessions](auto& c) {
        if (!sessions.of(c).has("user")) throw hh::http_error(hh::status::unauthorized);
        c.pass();
    });
    hooks.get("/books/:id", [books](hh::responder_context& c) {
        auto const found = books->find(c.require<int>("id"));
        if (found == books->end()) throw hh::http_error(hh::status::not_found, "no such book");
        return hh::json({{"title", found->second}});
    });
    hooks.put("/books/:id", [books](hh::responder_context& c) {
        auto const title = c.json().value("title", "");
        return hh::json({{"title", (*books)[c.require<int>("id")] = title}});
    });
    hooks.post("/login", [sessions](auto& c) {
        auto const form = c.form();
        if (form["user"] != "ann" || form["password"] != "secret")
            throw hh::http_error(hh::status::unauthorized, "wrong name or password");
        sessions.of(c).rotate();
        sessions.of(c).set("user", "ann");
        return hh::status::no_content;
    });
}

asio::awaitable<void> serve(beast::tcp_stream stream, hh::registry hooks) {
    beast::flat_buffer buffer;
    for (bool more = true; more;) {
        stream.expires_after(std::chrono::seconds(30));
        beast::http::request<beast::http::string_body> request;
        co_await beast::http::async_read(stream, buffer, request, asio::use_awaitable);
        beast::http::message_generator reply = co_await hooks.async_dispatch(std::move(request));
        more = reply.keep_alive();
        co_await beast::async_write(stream, std::move(reply), asio::use_awaitable);
    }
}

int main(int argc, char** argv) {
    auto const port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);
    hh::registry hooks({.on_failure = hh::problem_details(), .responders = hh::responders::best});
    register_hooks(hooks, hh::sessions());
    tcp::acceptor acceptor(context, {tcp::v4(), port});
    std::function<void()> const accept = [&] {
        acceptor.async_accept([&](beast::error_code, tcp::socket socket) {
            auto serving = serve(beast::tcp_stream(std::move(socket)), hooks);
            asio::co_spawn(context, std::move(serving), asio::detached);
            accept();
        });
    };
    accept();
    std::cout << "listening on http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { context.stop(); });
    context.run();
}
