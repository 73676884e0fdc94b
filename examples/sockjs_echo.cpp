// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A SockJS server that sends every message back, and a page that talks to it: open the address in a
// browser. Argument: the port (8080).
//
// curl: / => sockjs-client
// curl: /echo/info => "websocket":true
// curl: -d '' /echo/0/a/xhr => o
// curl: -i --json '["hello"]' /echo/0/a/xhr_send => 204
// curl: -d '' /echo/0/a/xhr => a["hello"]

#include <httphooks.hpp>
#include <httphooks/sockjs.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace hh = httphooks;

// The page loads the client from elsewhere; keep a copy of your own in production.
constexpr char page[] = R"(<!doctype html>
<meta charset="utf-8">
<title>SockJS echo</title>
<script src="https://cdn.jsdelivr.net/npm/sockjs-client@1.6.1/dist/sockjs.min.js"></script>
<form><input autofocus><button>Send</button></form>
<pre></pre>
<script>
  const socket = new SockJS('/echo');
  const show = (text) => { document.querySelector('pre').textContent += text + '\n'; };
  socket.onopen = () => show('open: ' + socket.transport);
  socket.onmessage = (e) => show('got: ' + e.data);
  socket.onclose = (e) => show('closed: ' + e.code + ' ' + e.reason);
  document.querySelector('form').onsubmit = (e) => {
    e.preventDefault();
    socket.send(document.querySelector('input').value);
  };
</script>
)";

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::sockjs::server echo(context.get_executor(), {.prefix = "/echo"});
    echo.on_connection([](hh::sockjs::connection c) {
        c.on_message([c](std::string_view message) mutable { c.send(message); });
    });

    hh::registry hooks(context.get_executor());
    hooks.get("/", [](auto&) { return hh::make_response(hh::status::ok, page, "text/html"); });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(echo);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
