// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A server that answers requests as a test wants, byte by byte.
*/

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

namespace asio = boost::asio;

/// A response of status 200.
inline std::string ok(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}
/// What a scripted server answers to a request.
struct scripted {
    std::string text{};
    /// Whether the connection ends behind it.
    bool end = false;
};

/// A server that answers as the test wants, on the client's context.
class scripted_server {
public:
    using answerer = std::function<scripted(std::string const& request)>;

    scripted_server(asio::io_context& context, answerer answer)
        : acceptor_(context, {asio::ip::address_v4::loopback(), 0}), answer_(std::move(answer)) {
        accept();
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
    /// How many connections this side has ended.
    std::size_t ended() const { return ended_; }
    /// How many requests there were whose target has this end.
    std::size_t asked(std::string_view end) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            targets_, [end](std::string const& t) { return t.ends_with(end); }));
    }

private:
    struct peer {
        explicit peer(asio::ip::tcp::socket s) : socket(std::move(s)) {}
        asio::ip::tcp::socket socket;
        std::string input{};
        std::string output{};
    };

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code ec, asio::ip::tcp::socket s) {
            if (ec) return;
            read(std::make_shared<peer>(std::move(s)));
            accept();
        });
    }
    void read(std::shared_ptr<peer> const& p) {
        asio::async_read_until(p->socket, asio::dynamic_buffer(p->input), "\r\n\r\n",
                               [this, p](boost::system::error_code ec, std::size_t) {
                                   if (!ec) answer(p);
                               });
    }
    void answer(std::shared_ptr<peer> const& p) {
        targets_.push_back(p->input.substr(0, p->input.find(" HTTP/")));
        scripted const reply = answer_(p->input);
        p->input.clear();
        p->output = reply.text;
        asio::async_write(p->socket, asio::buffer(p->output),
                          [this, p, end = reply.end](boost::system::error_code ec, std::size_t) {
                              if (end) ++ended_;
                              if (!ec && !end) read(p);
                          });
    }

    asio::ip::tcp::acceptor acceptor_;
    answerer answer_;
    std::vector<std::string> targets_{};
    std::size_t ended_ = 0;
};

/// Whether the target of a request ends so.
inline bool asks(std::string const& request, std::string_view end) {
    return std::string_view(request).substr(0, request.find(" HTTP/")).ends_with(end);
}

}  // namespace support
