// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// SockJS in a Boost.Beast server that you have: your accept loop and your session read the
// requests; those below /echo are served by the mount, which gives the connection back. Argument:
// the port (8080).
//
// curl: / => Hello from your own handler
// curl: -I -w 'connects:%{num_connects} ' -o/dev/null -o/dev/null / / => connects:1 connects:0
// curl: --ignore-content-length -w 'exit:%{exitcode}' -H 'Connection: close' / => exit:0
// curl: --ignore-content-length -w 'exit:%{exitcode}' -0 / => exit:0
// curl: -0 -i / => HTTP/1.0 200 OK
// curl: /echo => Welcome to SockJS!
// curl: -d '' /echo/0/a/xhr => o
// curl: -i --json '["hello"]' /echo/0/a/xhr_send => 204
// curl: -d '' /echo/0/a/xhr => a["hello"]

#include <httphooks/http/mount.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/sockjs.hpp>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <iostream>
#include <memory>
#include <optional>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace hh = httphooks;
using asio::ip::tcp;

class session : public std::enable_shared_from_this<session> {
public:
    session(tcp::socket socket, hh::http::mounts const& mounts, std::string_view input = {})
        : stream_(std::move(socket)), mounts_(mounts) {
        beast::ostream(buffer_) << input;
    }

    void read() {
        request_ = {};
        stream_.expires_after(std::chrono::seconds(30));
        beast::http::async_read(stream_, buffer_, request_,
                                beast::bind_front_handler(&session::on_read, shared_from_this()));
    }

private:
    void on_read(beast::error_code ec, std::size_t) {
        if (ec) return;
        hh::request request = hh::convert(std::move(request_));
        if (!mounts_.matches(request)) return answer(request);

        hh::http::connection connection(stream_.release_socket(), std::move(buffer_));
        mounts_.async_serve(
            std::move(connection), std::move(request),
            [self = shared_from_this()](hh::error_code, std::optional<hh::http::connection> back) {
                if (back) self->go_on(std::move(*back));
            });
    }

    /// The mount has answered: the next request is read by a session of its own.
    void go_on(hh::http::connection connection) {
        if (!connection.keep_alive()) return;
        if (auto released = connection.release<tcp::socket>())
            std::make_shared<session>(std::move(released->stream), mounts_, released->input)
                ->read();
    }

    void answer(hh::request const& request) {
        hh::response response = hh::text("Hello from your own handler\n");
        response.version(request.version());
        response.keep_alive(request.keep_alive());
        response.prepare_payload();
        if (request.method() == hh::verb::head) response.body().clear();
        beast::async_write(stream_, beast::http::message_generator(std::move(response)),
                           [self = shared_from_this(), more = request.keep_alive()](
                               beast::error_code ec, std::size_t) {
                               if (!ec && more) self->read();
                           });
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    beast::http::request<beast::http::string_body> request_;
    hh::http::mounts const& mounts_;
};

void accept(tcp::acceptor& acceptor, hh::http::mounts const& mounts) {
    acceptor.async_accept(asio::make_strand(acceptor.get_executor()),
                          [&](beast::error_code ec, tcp::socket socket) {
                              if (ec) return;
                              std::make_shared<session>(std::move(socket), mounts)->read();
                              accept(acceptor, mounts);
                          });
}

int main(int argc, char** argv) {
    asio::io_context context;
    hh::sockjs::server echo(context.get_executor(), {.prefix = "/echo"});
    echo.on_connection([](hh::sockjs::connection c) {
        c.on_message([c](std::string_view message) mutable { c.send(message); });
    });
    hh::http::mounts mounts;
    mounts.add(echo);

    auto const port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 8080);
    tcp::acceptor acceptor(context, {tcp::v4(), port});
    accept(acceptor, mounts);
    std::cout << "listening on http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { context.stop(); });
    context.run();
}
