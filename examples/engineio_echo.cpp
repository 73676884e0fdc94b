// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// An Engine.IO server that sends every message back, and a page that talks to it without a library:
// open the address in a browser. The first argument is the port (8080).
//
// curl: / => WebSocket
// curl: '/engine.io/?EIO=4&transport=polling' => "upgrades":["websocket"]
// curl: '/engine.io/?EIO=3&transport=polling' => {"code":5,"message":"Unsupported protocol
// version"} curl: -i -X PUT '/engine.io/?EIO=4&transport=polling' => 400

#include <httphooks.hpp>
#include <httphooks/engineio.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace asio = boost::asio;
namespace hh = httphooks;

constexpr char page[] = R"(<!doctype html>
<meta charset="utf-8">
<title>Engine.IO echo</title>
<form><input autofocus><button>Send</button></form>
<pre></pre>
<script>
  const url = location.origin.replace('http', 'ws') + '/engine.io/?EIO=4&transport=websocket';
  const socket = new WebSocket(url);
  const show = (text) => { document.querySelector('pre').textContent += text + '\n'; };
  socket.onmessage = ({ data }) => {
    if (data[0] === '0') show('open: ' + data.slice(1));
    if (data[0] === '2') socket.send('3');
    if (data[0] === '4') show('got: ' + data.slice(1));
  };
  socket.onclose = () => show('closed');
  document.querySelector('form').onsubmit = (e) => {
    e.preventDefault();
    socket.send('4' + document.querySelector('input').value);
  };
</script>
)";

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::engineio::server echo(context.get_executor());
    echo.on_connection([](hh::engineio::connection c) {
        c.on_message([c](std::string_view message, bool binary) mutable {
            binary ? c.send_binary(message) : c.send(message);
        });
        c.on_close([id = c.id()](hh::engineio::close_reason why) {
            std::cout << id << ": " << to_string(why) << std::endl;
        });
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
