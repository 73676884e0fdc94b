// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Errors in one place: hooks throw, and on_failure makes the replies. Argument: the port (8080).
//
// curl: /books/7 => a book
// curl: /books/8 => "status":404,"detail":"there is no book 8"}
// curl: /missing => {"type":"about:blank","title":"Not Found","status":404}
// curl: -X PUT /books/7 => {"type":"about:blank","title":"Method Not Allowed","status":405}
// curl: -d '{' /books => "title":"Bad Request","status":400,"detail":"Malformed JSON"}

#include <httphooks.hpp>
#include <httphooks/problem_details.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace hh = httphooks;

namespace {

// As deep as one likes: what is thrown there is the reply.
std::string find_book(std::string const& id) {
    if (id != "7") throw hh::http_error(hh::status::not_found, "there is no book " + id);
    return "a book";
}

// The library's own replies, and what is thrown, pass here, whatever way the request came.
hh::response on_failure(hh::failure const& f) {
    static hh::failure_handler const problems = hh::problem_details();
    if (f.status == hh::status::service_unavailable) return f.reply;  // as it is
    hh::response reply = problems(f);
    reply.set(hh::field::cache_control, "no-store");
    return reply;
}

}  // namespace

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::registry hooks(context.get_executor(), {.on_failure = on_failure});
    hooks.get("/books/:id", [](auto& c) { return find_book(std::string(c.param("id"))); });
    hooks.post("/books", [](auto& c) { return c.json(); });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
