// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A chat with rooms, and its page: open the address in two windows. The first argument is the port
// (8080).
//
// curl: / => socket.io.min.js
// curl: '/socket.io/?EIO=4&transport=polling' => "upgrades":["websocket"]

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>

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
<form><input name="room" value="lobby" size="8"><input name="text" autofocus><button>Say</button></form>
<pre></pre>
<script src="https://cdn.socket.io/4.8.1/socket.io.min.js"></script>
<script>
  const socket = io(), { room, text } = document.forms[0].elements;
  const show = (line) => { document.querySelector('pre').textContent += line + '\n'; };
  const join = () => socket.emit('join', room.value, (name) => show('you are in ' + name));
  socket.on('connect', join);
  socket.on('said', (who, what) => show(`${who}: ${what}`));
  room.onchange = join;
  document.forms[0].onsubmit = (e) => {
    e.preventDefault();
    socket.emit('say', text.value), (text.value = '');
  };
</script>
)";

void chat(hh::socketio::server const& io, hh::socketio::socket s) {
    s.on("join", [s](std::string const& room) {
        for (std::string const& old : s.rooms())
            if (old != s.id()) s.leave(old);
        s.join(room);
        s.to(room).emit("said", s.id(), "hello");
        return room;  // the acknowledgement
    });
    s.on("say", [&io, s](std::string const& text) { io.to(s.rooms()).emit("said", s.id(), text); });
    s.on_disconnecting([s](hh::socketio::disconnect_reason why) {
        s.to(s.rooms()).emit("said", s.id(), to_string(why));
    });
}

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::socketio::server io(context.get_executor());
    io.on_connection([&io](hh::socketio::socket s) { chat(io, s); });

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
