// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A program that is no server, and tells the clients of a cluster something: start
// socketio_cluster, then this. The arguments are a number that is not used, and the URL of Redis.

#include <httphooks/redis/connection.hpp>
#include <httphooks/socketio/emitter.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>

namespace hh = httphooks;

int main(int argc, char** argv) {
    boost::asio::io_context context(1);
    hh::redis::connection redis(context.get_executor(),
                                {.url = argc > 2 ? argv[2] : "redis://127.0.0.1"});
    hh::socketio::redis_emitter const io(redis);

    io.to("lobby").except("quiet").emit("said", "the night watch", "all is well");
    io.in("guests").sockets_leave("lobby");
    io.of("/admin").server_side_emit("watch", 7);

    io.async_flush([&](hh::error_code ec) {
        std::cout << (ec ? ec.message() : "it is with Redis") << '\n';
        context.stop();
    });
    context.run();
}
