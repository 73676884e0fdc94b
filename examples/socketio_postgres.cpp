// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A chat of several servers, which PostgreSQL makes one. The first argument is the port (8080), the
// second says where PostgreSQL is, as psql takes it. Start it twice, and open a window of each.
//
// curl: / => socket.io.min.js
// curl: '/socket.io/?EIO=4&transport=polling' => "upgrades":["websocket"]

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/postgres_adapter.hpp>

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

constexpr char page[] = R"(<!doctype html>
<meta charset="utf-8">
<title>Chat</title>
<form><input name="text" autofocus><button>Say</button></form>
<pre></pre>
<script src="https://cdn.socket.io/4.8.1/socket.io.min.js"></script>
<script>
  const socket = io(), { text } = document.forms[0].elements;
  socket.on('said', (who, what) => {
    document.querySelector('pre').textContent += `${who}: ${what}\n`;
  });
  document.forms[0].onsubmit = (e) => {
    e.preventDefault();
    socket.emit('say', text.value), (text.value = '');
  };
</script>
)";

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::postgres::options store{.conninfo = argc > 2 ? argv[2] : "host=127.0.0.1 port=9"};
    hh::socketio::server io(context.get_executor(),
                            {.adapter = hh::socketio::postgres_adapter(store)});
    io.on_connection([&io](hh::socketio::socket s) {
        s.on("say", [&io, s](std::string const& text) { io.emit("said", s.id(), text); });
    });

    hh::registry hooks(context.get_executor());
    hooks.get("/", [](auto&) { return hh::make_response(hh::status::ok, page, "text/html"); });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(io);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
