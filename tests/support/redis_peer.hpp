// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A Redis server that answers as a test wants, byte by byte.
*/

#include <httphooks/redis/detail/reply_reader.hpp>
#include <httphooks/redis/value.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/** A server on the client's context. It greets as Redis does, unless the test answers otherwise. */
class redis_peer {
public:
    /// A command, its name and arguments.
    using words = std::vector<std::string>;
    /// What is answered; "greet": what Redis would to PING and CLUSTER SLOTS.
    using answerer = std::function<std::string(words const& command)>;

    redis_peer(boost::asio::io_context& context, answerer answer, std::uint16_t port = 0)
        : acceptor_(context, {boost::asio::ip::address_v4::loopback(), port}),
          answer_(std::move(answer)) {
        accept();
    }
    ~redis_peer() { stop(); }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    std::string url() const { return "redis://127.0.0.1:" + std::to_string(port()); }
    /// How many connections there were.
    int connections() const { return connections_; }
    /// How many reads have brought commands.
    int reads() const { return reads_; }
    /// The commands that came, without those of the greeting.
    std::vector<words> const& commands() const { return commands_; }
    /// Whether it writes each byte by itself.
    bool in_pieces = false;

    /// Sends bytes to the newest connection.
    void say(std::string bytes) {
        if (auto const c = newest_.lock()) c->say(std::move(bytes));
    }
    /// Ends the newest connection.
    void hang_up() {
        if (auto const c = newest_.lock()) c->socket.close();
    }
    /// Takes no more connections, and ends the newest.
    void stop() {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        hang_up();
    }

private:
    struct connection : std::enable_shared_from_this<connection> {
        connection(redis_peer& p, boost::asio::ip::tcp::socket s) : peer(p), socket(std::move(s)) {}

        void read() {
            socket.async_read_some(
                boost::asio::buffer(bytes),
                [self = shared_from_this()](boost::system::error_code ec, std::size_t n) {
                    if (!ec) self->on_read({self->bytes.data(), n});
                });
        }
        void on_read(std::string_view text) {
            boost::system::error_code ec;
            static_cast<void>(reader.feed(text));
            bool brought = false;
            while (reader.next(builder, ec)) {
                words list;
                auto const command = builder.take();
                for (auto const& w : command.elements()) list.push_back(w.text());
                brought = !peer.is_greeting(list) || brought;
                std::string const answer = peer.answer_to(list);
                if (!socket.is_open()) return;
                if (!answer.empty()) say(answer);
            }
            if (brought) ++peer.reads_;
            if (!ec) read();
        }
        void say(std::string text) {
            out += text;
            if (!writing) write();
        }
        void write() {
            writing = !out.empty();
            if (!writing) return;
            std::size_t const n = peer.in_pieces ? 1 : out.size();
            auto const piece = std::make_shared<std::string>(out.substr(0, n));
            out.erase(0, n);
            boost::asio::async_write(
                socket, boost::asio::buffer(*piece),
                [self = shared_from_this(), piece](boost::system::error_code ec, std::size_t) {
                    if (!ec) self->write();
                });
        }

        redis_peer& peer;
        boost::asio::ip::tcp::socket socket;
        std::array<char, 65'536> bytes{};
        httphooks::redis::detail::reply_reader reader{{}};
        httphooks::redis::detail::value_builder builder{};
        std::string out{};
        bool writing = false;
    };

    static bool is_greeting(words const& w) {
        return w == words{"PING"} || w == words{"CLUSTER", "SLOTS"} ||
               (!w.empty() && (w[0] == "AUTH" || w[0] == "SELECT"));
    }

    std::string answer_to(words const& w) {
        if (!is_greeting(w)) commands_.push_back(w);
        std::string answer = answer_(w);
        if (answer != "greet") return answer;
        if (w == words{"PING"}) return "+PONG\r\n";
        if (w == words{"CLUSTER", "SLOTS"})
            return "-ERR This instance has cluster support disabled\r\n";
        return "+OK\r\n";
    }

    void accept() {
        acceptor_.async_accept(
            [this](boost::system::error_code ec, boost::asio::ip::tcp::socket socket) {
                if (ec) return;
                ++connections_;
                auto const c = std::make_shared<connection>(*this, std::move(socket));
                newest_ = c;
                c->read();
                accept();
            });
    }

    boost::asio::ip::tcp::acceptor acceptor_;
    answerer answer_;
    std::weak_ptr<connection> newest_{};
    std::vector<words> commands_{};
    int connections_ = 0;
    int reads_ = 0;
};

}  // namespace support
