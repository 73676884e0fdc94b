// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Uploads of any size: the guard is asked before the body is sent, and the hooks read it while it
// comes. Argument: the port (8080).
//
// curl: --data-binary @upload.cpp /count => who are you?
// curl: --data-binary '12345' '/count?token=let-me-in' => 5 bytes
// curl: -F note=hello -F file=@upload.cpp '/form?token=let-me-in' => note: 5 bytes, file:
// curl: -d a=b '/form?token=let-me-in' => Unsupported Media Type

#include <httphooks.hpp>
#include <httphooks/multipart_reader.hpp>
#include <httphooks/request_body.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace hh = httphooks;

namespace {

// Reads a body, or a part of a form, piece by piece.
template <class Reader>
asio::awaitable<std::string> length_of(Reader const& reader) {
    std::uint64_t bytes = 0;
    for (;;) {
        auto const chunk = co_await reader.async_read_chunk();
        if (chunk.empty()) break;
        bytes += chunk.size();
    }
    co_return std::to_string(bytes) + " bytes";
}

asio::awaitable<std::string> count(hh::responder_context& c) {
    hh::request_body const body = c.body();
    co_return co_await length_of(body);
}

asio::awaitable<std::string> read_form(hh::responder_context& c) {
    hh::multipart_reader const form(c.request(), c.body());
    std::string all;
    for (;;) {
        auto const part = co_await form.async_next_part();
        if (!part) break;
        all += part->name + ": " + co_await length_of(form) + ", ";
    }
    co_return all;
}

}  // namespace

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    auto const guard = [](hh::pre_responder_context& c) {
        if (c.query("token") == "let-me-in") return c.pass();
        c.set_response(hh::status::unauthorized, "who are you?", "text/plain");
    };
    hooks.pre_responder(hh::any_verb, "/*", guard, {.needs_body = false});
    hooks.post("/count", count, {.body_limit = 0, .body = hh::body::stream});
    hooks.post("/form", read_form, {.body_limit = 1 << 30, .body = hh::body::stream});
    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
