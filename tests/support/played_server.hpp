// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A server that plays a script for each connection, byte by byte.
*/

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace support {

namespace asio = boost::asio;

/// A server's end of a connection. When the client has gone, sending and reading do nothing.
struct peer {
    asio::ip::tcp::socket socket;
    /// Expires when the server is stopped.
    asio::steady_timer& stopped;
    std::string buffer{};
    bool gone = false;

    /// The next request's text; empty when the client has closed.
    asio::awaitable<std::string> request() {
        if (gone) co_return std::string();
        boost::system::error_code ec;
        auto dynamic = asio::dynamic_buffer(buffer);
        std::size_t const header = co_await asio::async_read_until(
            socket, dynamic, "\r\n\r\n", asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return std::string();
        std::size_t length = 0;
        if (auto const at = buffer.find("Content-Length: "); at < header)
            length = std::stoul(buffer.substr(at + 16));
        if (buffer.size() < header + length) {
            std::size_t const rest = header + length - buffer.size();
            auto more = asio::dynamic_buffer(buffer);
            co_await asio::async_read(socket, more, asio::transfer_exactly(rest),
                                      asio::redirect_error(asio::use_awaitable, ec));
            if (ec) co_return std::string();
        }
        std::string text = buffer.substr(0, header + length);
        buffer.erase(0, header + length);
        co_return text;
    }

    /// What comes, up to and with a text; up to the end if that does not come.
    asio::awaitable<std::string> until(std::string mark) {
        if (gone) co_return std::string();
        boost::system::error_code ec;
        auto dynamic = asio::dynamic_buffer(buffer);
        std::size_t n = co_await asio::async_read_until(
            socket, dynamic, mark, asio::redirect_error(asio::use_awaitable, ec));
        if (ec) n = buffer.size();
        std::string text = buffer.substr(0, n);
        buffer.erase(0, n);
        co_return text;
    }

    asio::awaitable<void> send(std::string text) {
        if (gone) co_return;
        boost::system::error_code ec;
        co_await asio::async_write(socket, asio::buffer(text),
                                   asio::redirect_error(asio::use_awaitable, ec));
        gone = !!ec;
    }

    /// Neither reads nor writes until the server is stopped.
    asio::awaitable<void> stand_still() {
        boost::system::error_code ec;
        co_await stopped.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }

    /// Waits until the client closes the connection.
    asio::awaitable<void> end() {
        for (bool open = true; open;) {
            std::string const text = co_await request();
            open = !text.empty();
        }
    }

    /// Answers every request with this text, and tells of each.
    asio::awaitable<void> answer(std::string text, std::function<void(std::string)> seen = {}) {
        for (bool open = true; open;) {
            std::string const asked = co_await request();
            open = !asked.empty();
            if (open && seen) seen(asked);
            if (open) co_await send(text);
        }
    }
};

/// Plays a script for each connection, the number of which it is given.
class played_server {
public:
    using script = std::function<asio::awaitable<void>(peer&, int)>;

    played_server(asio::io_context& context, script play)
        : acceptor_(context, {asio::ip::address_v4::loopback(), 0}),
          stopped_(context, asio::steady_timer::time_point::max()),
          play_(std::move(play)) {
        accept();
    }

    int connections() const { return connections_; }
    std::string url(std::string_view target = "/") const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) +
               std::string(target);
    }
    void stop() {
        acceptor_.close();
        stopped_.expires_at(asio::steady_timer::time_point::min());
    }

private:
    void accept() {
        acceptor_.async_accept([this](boost::system::error_code ec, asio::ip::tcp::socket socket) {
            if (ec) return;
            auto running = run(std::move(socket), ++connections_);
            asio::co_spawn(acceptor_.get_executor(), std::move(running), asio::detached);
            accept();
        });
    }
    asio::awaitable<void> run(asio::ip::tcp::socket socket, int number) {
        peer p{std::move(socket), stopped_};
        auto played = play_(p, number);
        co_await std::move(played);
    }

    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer stopped_;
    script play_;
    int connections_ = 0;
};

}  // namespace support
