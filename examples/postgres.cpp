// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Books that are in PostgreSQL, and who is told when there is a new one. The first argument is the
// port (8080), the second says where PostgreSQL is, as psql takes it.
//
// curl: -o /dev/null -w %{http_code} /books/7 => 503

#include <httphooks.hpp>
#include <httphooks/postgres.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace pg = httphooks::postgres;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    // no request waits for a server that is away
    pg::connection db(context.get_executor(),
                      {.conninfo = argc > 2 ? argv[2] : "host=127.0.0.1 port=9", .queue_limit = 0});
    db.on_state([](pg::connection_state, hh::error_code, std::string_view text) {
        if (!text.empty()) std::cerr << text << std::endl;
    });
    db.listen("books");
    db.on_notification(
        [](pg::notification const& n) { std::cout << "a new book: " << n.payload << std::endl; });

    hh::registry hooks(context.get_executor());
    hooks.get("/books/:id", [&](auto& c) -> asio::awaitable<std::string> {
        auto const [ec, found] =
            co_await db.async_query({"SELECT title FROM books WHERE id = $1", c.param("id")},
                                    asio::as_tuple(asio::use_awaitable));
        if (ec) throw hh::http_error(hh::status::service_unavailable, ec.message());
        if (found.rows() == 0) throw hh::http_error(hh::status::not_found);
        co_return std::string(found.value(0, 0).value_or(""));
    });
    hooks.post("/books", [&](auto& c) -> asio::awaitable<hh::status> {
        std::string const title = c.request().body();
        pg::query const add(
            "WITH book AS (INSERT INTO books (title) VALUES ($1) RETURNING title) "
            "SELECT pg_notify('books', title) FROM book",
            title);
        auto const [ec, done] = co_await db.async_query(add, asio::as_tuple(asio::use_awaitable));
        co_return ec ? hh::status::service_unavailable : hh::status::created;
    });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int) {
        db.close();
        web.async_drain(std::chrono::seconds(5), asio::detached);
    });
    context.run();
}
