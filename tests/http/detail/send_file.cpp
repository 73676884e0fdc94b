// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/send_file.hpp>

#include <httphooks/file_body.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>

#include "support/catch.hpp"
#include "support/http_peer.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/errc.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__linux__)

namespace hh = httphooks;
using hh::http::detail::send_file;

namespace {

/// A file with a pattern, gone at its end.
class patterned_file {
public:
    explicit patterned_file(std::size_t size) : file_(std::tmpfile()) {
        REQUIRE(file_);
        text_.resize(size);
        for (std::size_t i = 0; i < size; ++i) text_[i] = static_cast<char>(i * 7 % 251);
        REQUIRE(std::fwrite(text_.data(), 1, size, file_) == size);
        REQUIRE(std::fflush(file_) == 0);
    }
    patterned_file(patterned_file const&) = delete;
    patterned_file& operator=(patterned_file const&) = delete;
    ~patterned_file() { std::fclose(file_); }

    int descriptor() const { return ::fileno(file_); }
    std::string const& text() const { return text_; }
    std::shared_ptr<hh::file_body> body(std::uint64_t offset, std::uint64_t size) const {
        return std::make_shared<hh::file_body>(::dup(descriptor()), offset, size);
    }

private:
    std::FILE* file_;
    std::string text_;
};

/// Two sockets that are connected.
struct socket_pair {
    int ends[2];
    socket_pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0); }
    socket_pair(socket_pair const&) = delete;
    socket_pair& operator=(socket_pair const&) = delete;
    ~socket_pair() {
        close_other();
        ::close(ends[0]);
    }
    void close_other() {
        if (ends[1] >= 0) ::close(ends[1]);
        ends[1] = -1;
    }
};

}  // namespace

TEST_CASE("a part of a file is sent, as much as the socket takes") {
    patterned_file const file(1'000'000);
    socket_pair s;
    hh::error_code ec;
    CHECK(send_file(s.ends[0], file.descriptor(), 10, 5, ec) == 5);
    CHECK_FALSE(ec);
    char got[8];
    CHECK(::read(s.ends[1], got, sizeof got) == 5);
    CHECK(std::string(got, 5) == file.text().substr(10, 5));
    std::size_t sent = 0;
    while (!ec && sent < file.text().size())
        sent += send_file(s.ends[0], file.descriptor(), sent, file.text().size() - sent, ec);
    CHECK(ec == boost::asio::error::would_block);
    CHECK(sent < file.text().size());
}

TEST_CASE("a file that ends before its part gives nothing, and what is no file says so") {
    patterned_file const file(100);
    socket_pair s;
    hh::error_code ec;
    CHECK(send_file(s.ends[0], file.descriptor(), 100, 5, ec) == 0);
    CHECK_FALSE(ec);
    socket_pair no_file;
    CHECK(send_file(s.ends[0], no_file.ends[0], 0, 5, ec) == 0);
    CHECK(ec == boost::system::errc::not_supported);
    CHECK(send_file(s.ends[0], -1, 0, 5, ec) == 0);
    CHECK(ec);
}

TEST_CASE("a client that has gone is an error, and no signal") {
    patterned_file const file(100);
    socket_pair s;
    s.close_other();
    auto const before = std::signal(SIGPIPE, SIG_DFL);  // it would end the program
    hh::error_code ec;
    CHECK(send_file(s.ends[0], file.descriptor(), 0, 5, ec) == 0);
    CHECK(ec == boost::asio::error::broken_pipe);
    std::signal(SIGPIPE, before);
    sigset_t pending;
    ::sigpending(&pending);
    CHECK(::sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE(
    "long files, ranges of them and what is read like files reach a client of a plain socket") {
    patterned_file const file(5'000'000);
    boost::asio::io_context context;
    hh::registry hooks(context.get_executor());
    hh::http::options o;
    o.address = "127.0.0.1";
    o.threads = 1;
    hh::http::server web(o, hooks);
    web.listen();
    web.async_run(boost::asio::detached);
    auto const add = [&](std::string_view path, std::shared_ptr<hh::file_body> body) {
        hooks.get(path, [body](hh::responder_context& c) {
            c.set_response(hh::make_response(hh::status::ok), body);
        });
    };
    add("/whole", file.body(0, 5'000'000));
    add("/range", file.body(1'000'003, 777'777));
    add("/short", file.body(5, 10));
    add("/shrunken", file.body(4'000'000, 2'000'000));
    add("/zeros", std::make_shared<hh::file_body>(::open("/dev/zero", O_RDONLY), 0, 300'000));
    hooks.get("/text", [](auto&) { return "text"; });
    support::http_peer p(web.port());
    for (auto const path : {"/whole", "/range", "/text", "/short", "/zeros", "/whole"})
        p.send("GET", path);
    CHECK(p.reply().body == file.text());
    CHECK(p.reply().body == file.text().substr(1'000'003, 777'777));
    CHECK(p.reply().body == "text");
    CHECK(p.reply().body == file.text().substr(5, 10));
    CHECK(p.reply().body == std::string(300'000, '\0'));
    CHECK(p.reply().body == file.text());
    CHECK(p.ask("HEAD", "/whole")["Content-Length"] == "5000000");
    CHECK(p.ask("GET", "/text").body == "text");
    support::http_peer q(web.port());
    q.send("GET", "/shrunken");
    CHECK(q.head()["Content-Length"] == "2000000");
    CHECK(q.bytes(2'000'000) == file.text().substr(4'000'000));
    web.stop();
}

#endif
