// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A SockJS server that sends every message back, and a page that talks to it: open the address in a
// browser. Arguments: the port (8080), and a directory with sockjs.min.js (npm install
// sockjs-client puts it into node_modules/sockjs-client/dist). Without it the page uses a plain
// WebSocket.
//
// curl: / => /client/sockjs.min.js
// curl: /client/sockjs.min.js => Not Found
// curl: /echo/info => "websocket":true
// curl: -d '' /echo/0/a/xhr => o
// curl: -i --json '["hello"]' /echo/0/a/xhr_send => 204
// curl: -d '' /echo/0/a/xhr => a["hello"]

#include <httphooks.hpp>
#include <httphooks/http/static_files.hpp>
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

constexpr char page[] = R"(<!doctype html>
<meta charset="utf-8">
<title>SockJS echo</title>
<script src="/client/sockjs.min.js"></script>
<form><input autofocus><button>Send</button></form>
<pre></pre>
<script>
  const socket = window.SockJS
    ? new SockJS('/echo')
    : new WebSocket(location.origin.replace('http', 'ws') + '/echo/websocket');
  const show = (text) => { document.querySelector('pre').textContent += text + '\n'; };
  socket.onopen = () => show('open: ' + (socket.transport || 'plain WebSocket'));
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

    hh::sockjs::server echo(context.get_executor(),
                            {.prefix = "/echo", .sockjs_url = "/client/sockjs.min.js"});
    echo.on_connection([](hh::sockjs::connection c) {
        c.on_message([c](std::string_view message) mutable { c.send(message); });
    });

    hh::registry hooks(context.get_executor());
    hooks.get("/", [](auto&) { return hh::make_response(hh::status::ok, page, "text/html"); });
    if (argc > 2) hooks.get("/client/*path", hh::http::static_files(argv[2]));

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
