// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Servers that act as one over a transport of your own: each message is a datagram to a group. Start
// it on several ports. The first argument is the port (8080).
//
// curl: '/socket.io/?EIO=4&transport=polling' => "upgrades":["websocket"]

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/cluster_adapter.hpp>
#include <httphooks/socketio/cluster_transport.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/signal_set.hpp>

#include <iostream>
#include <memory>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace sio = httphooks::socketio;
using asio::ip::udp;

class multicast final : public sio::cluster_transport {
public:
    void open(std::weak_ptr<sio::cluster_link> to) override {
        link_ = to.lock();
        socket_ = std::make_shared<udp::socket>(link_.lock()->executor(), udp::v4());
        socket_->set_option(udp::socket::reuse_address(true));
        socket_->bind({asio::ip::address_v4::any(), group_.port()});
        socket_->set_option(asio::ip::multicast::join_group(group_.address()));
        receive(socket_, to);
        link_.lock()->ready();  // tells the others that it is here
    }
    bool publish(sio::cluster_message const& m) override {
        if (auto const link = link_.lock())
            link->post([socket = socket_, bytes = encode(m), to = group_] {
                hh::error_code ignored;
                socket->send_to(asio::buffer(bytes), to, 0, ignored);
            });
        return false;  // it is not kept, and does not come back
    }
    void close() override { socket_->close(); }

private:
    static void receive(std::shared_ptr<udp::socket> s, std::weak_ptr<sio::cluster_link> to) {
        auto const bytes = std::make_shared<std::string>(65'536, ' ');
        s->async_receive(asio::buffer(*bytes), [=](hh::error_code ec, std::size_t n) {
            auto const link = to.lock();
            if (ec || !link) return;
            link->receive(bytes->substr(0, n));
            receive(s, to);
        });
    }
    udp::endpoint group_{asio::ip::make_address("239.255.7.9"), 30'001};
    std::shared_ptr<udp::socket> socket_;
    std::weak_ptr<sio::cluster_link> link_;
};

int main(int argc, char** argv) {
    auto const port = static_cast<unsigned short>(argc > 1 ? std::stoi(argv[1]) : 8080);
    asio::io_context context(1);
    auto const make = [](auto&) { return std::make_unique<multicast>(); };
    sio::server io{context.get_executor(), {.adapter = sio::cluster_adapter(make)}};
    io.on_connection([&io](sio::socket s) {
        s.on("say", [&io](std::string const& text) { io.emit("said", text); });
    });
    hh::registry hooks(context.get_executor());
    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(io);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int) { context.stop(); });
    context.run();
}
