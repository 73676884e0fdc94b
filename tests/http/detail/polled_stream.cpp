// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Sockets in a poll_set: told of once, read and written without Asio, and gone when they are.
*/

#include <httphooks/http/detail/polled_stream.hpp>

#include <httphooks/http/detail/byte_stream_on.hpp>

#include "support/catch.hpp"

#if defined(__linux__)

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

namespace hh = httphooks;
namespace asio = boost::asio;
using asio::ip::tcp;
using plain_socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;

/// Has a stream, and notes what it is told.
class owner final : public hh::http::detail::byte_stream_owner {
public:
    void on_readable(hh::error_code ec) override {
        ++readable;
        error = ec;
        if (then) then();
    }
    void on_progress() override { ++progress; }
    void on_written(hh::error_code ec) override {
        ++written;
        error = ec;
    }
    void on_ended() override { ++ended; }

    /// Reads up to `most` bytes, once.
    std::string read(std::size_t most = 1000) {
        std::string s(most, '\0');
        s.resize(stream->read_some(s.data(), most, error));
        return s;
    }

    std::shared_ptr<hh::http::detail::byte_stream> stream{};
    hh::error_code error{};
    std::function<void()> then{};
    int readable = 0;
    int progress = 0;
    int written = 0;
    int ended = 0;
};

/// A context with streams to which clients are connected.
class bed {
public:
    explicit bed(asio::io_context& c) : context(c) {}
    bed(bed const&) = delete;
    bed& operator=(bed const&) = delete;
    ~bed() {
        for (auto const& o : all_) {
            o->then = nullptr;
            o->stream->abandon();
            o->stream.reset();
        }
    }

    plain_socket accept(tcp::socket& client) {
        tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
        client.connect(acceptor.local_endpoint());
        plain_socket served(context.get_executor());
        acceptor.accept(served);
        return served;
    }

    std::shared_ptr<owner> open(tcp::socket& client) {
        auto const o = std::make_shared<owner>();
        o->stream = hh::http::detail::make_byte_stream(accept(client));
        o->stream->open(o);
        all_.push_back(o);
        return o;
    }

    /// Runs the context until something is so. @return whether it has become so
    template <class Predicate>
    bool run_until(Predicate const& is_so) {
        context.restart();
        for (int i = 0; i < 200 && !is_so(); ++i)
            if (context.run_one_for(std::chrono::milliseconds(50)) == 0) context.restart();
        return is_so();
    }

    /// Runs what there is to run.
    void settle() {
        context.restart();
        for (int i = 0; i < 5; ++i) context.poll();
    }

    asio::io_context& context;

private:
    std::vector<std::shared_ptr<owner>> all_{};
};

bool is_polled(hh::http::detail::byte_stream const& s) {
    return dynamic_cast<hh::http::detail::polled_stream const*>(&s) != nullptr;
}

void send(tcp::socket& s, std::string_view bytes) {
    asio::write(s, asio::buffer(bytes));
}

std::string receive(tcp::socket& s, std::size_t n) {
    std::string bytes(n, '\0');
    hh::error_code ec;
    bytes.resize(asio::read(s, asio::buffer(bytes), ec));
    return bytes;
}

}  // namespace

TEST_CASE("A plain socket of an io_context is polled, other streams are not") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket client(context);
    CHECK(is_polled(*b.open(client)->stream));

    tcp::socket other(context);
    plain_socket served = b.accept(other);
    auto const protocol = served.local_endpoint().protocol();
    tcp::socket erased(context, protocol, served.release());
    auto const stream = hh::http::detail::make_byte_stream(std::move(erased));
    CHECK_FALSE(is_polled(*stream));
    stream->abandon();
}

TEST_CASE("A polled stream is told of input once for each wait") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket client(context);
    auto const o = b.open(client);
    send(client, "before");
    b.settle();
    CHECK(o->readable == 0);

    o->stream->wait_readable();
    REQUIRE(b.run_until([&] { return o->readable == 1; }));
    b.settle();
    CHECK(o->readable == 1);
    CHECK(o->read(2) == "be");

    // nothing changes at the socket, but there is more to read
    o->stream->wait_readable();
    o->stream->wait_readable();
    REQUIRE(b.run_until([&] { return o->readable == 2; }));
    CHECK(o->read() == "fore");
    CHECK(o->read().empty());
    CHECK(o->error == asio::error::would_block);

    o->stream->wait_readable();
    b.settle();
    CHECK(o->readable == 2);
    send(client, "after");
    REQUIRE(b.run_until([&] { return o->readable == 3; }));
    CHECK(o->read() == "after");
    CHECK(o->stream->running_here() == false);
    CHECK(o->stream->owns_context());
}

TEST_CASE("What a polled socket does not take is written when it does") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket client(context);
    auto const o = b.open(client);
    std::size_t const size = 16u << 20;
    for (int round = 1; round <= 2; ++round) {
        std::string bytes(size, static_cast<char>('a' + round));
        hh::error_code ec;
        REQUIRE_FALSE(o->stream->write(bytes, ec));
        CHECK(bytes.empty());
        CHECK(o->stream->unsent() > 0);
        std::size_t got = 0;
        client.non_blocking(true);
        std::vector<char> piece(1u << 20);
        REQUIRE(b.run_until([&] {
            hh::error_code error;
            std::size_t n = 1;
            while (n > 0) got += n = client.read_some(asio::buffer(piece), error);
            return o->written == round;
        }));
        client.non_blocking(false);
        CHECK_FALSE(o->error);
        CHECK(o->stream->unsent() == 0);
        CHECK(receive(client, size - got).size() == size - got);
    }
    CHECK(o->progress > 0);

    std::string bytes = "short";
    hh::error_code ec;
    CHECK(o->stream->write(bytes, ec));
    CHECK_FALSE(ec);
    CHECK(bytes.empty());
    CHECK(receive(client, 5) == "short");
}

TEST_CASE("The end of a client comes behind what it sent") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket client(context);
    auto const o = b.open(client);
    o->stream->wait_readable();
    send(client, "last");
    client.shutdown(tcp::socket::shutdown_send);
    REQUIRE(b.run_until([&] { return o->readable == 1; }));
    CHECK(o->read() == "last");
    for (int again = 2; again <= 3; ++again) {
        o->stream->wait_readable();
        REQUIRE(b.run_until([&] { return o->readable == again; }));
        CHECK(o->read().empty());
        CHECK(o->error == asio::error::eof);
    }

    // it reads what it is sent
    std::string bytes = "reply";
    hh::error_code ec;
    CHECK(o->stream->write(bytes, ec));
    CHECK(receive(client, 5) == "reply");
}

TEST_CASE("A reset is told to who reads and to who writes") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket client(context);
    auto const o = b.open(client);

    SECTION("reading") {
        o->stream->wait_readable();
        client.set_option(asio::socket_base::linger(true, 0));
        client.close();
        REQUIRE(b.run_until([&] { return o->readable == 1; }));
        CHECK(o->read().empty());
        CHECK(o->error == asio::error::connection_reset);
    }
    SECTION("while something waits to be written") {
        std::string bytes(16u << 20, 'x');
        hh::error_code ec;
        REQUIRE_FALSE(o->stream->write(bytes, ec));
        client.set_option(asio::socket_base::linger(true, 0));
        client.close();
        REQUIRE(b.run_until([&] { return o->written == 1; }));
        CHECK(o->error);
        CHECK(o->stream->unsent() == 0);
    }
    SECTION("writing later") {
        client.set_option(asio::socket_base::linger(true, 0));
        client.close();
        o->stream->wait_readable();
        REQUIRE(b.run_until([&] { return o->readable == 1; }));
        std::string bytes = "x";
        hh::error_code ec;
        CHECK(o->stream->write(bytes, ec));
        CHECK(ec);
    }
}

TEST_CASE("A polled stream that ends drops what still comes, until the client closes") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket client(context);
    auto const o = b.open(client);

    SECTION("with FIN") {
        send(client, std::string(100'000, 'x'));
        o->stream->end(true);
        o->stream->end(true);
        CHECK(receive(client, 1).empty());
        b.settle();
        send(client, "more");
        b.settle();
        CHECK(o->ended == 0);
    }
    SECTION("without") {
        o->stream->end(false);
        b.settle();
        client.non_blocking(true);
        char byte;
        hh::error_code ec;
        client.read_some(asio::buffer(&byte, 1), ec);
        CHECK(ec == asio::error::would_block);
    }
    client.close();
    REQUIRE(b.run_until([&] { return o->ended == 1; }));
    b.settle();
    CHECK(o->ended == 1);
    CHECK(o->readable == 0);
}

TEST_CASE("A polled stream closes in order, or by a reset") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket client(context);
    auto const o = b.open(client);
    bool const reset = GENERATE(false, true);
    o->stream->wait_readable();
    o->stream->close(reset);
    o->stream->close(reset);
    char byte;
    hh::error_code ec;
    client.read_some(asio::buffer(&byte, 1), ec);
    CHECK(ec == (reset ? hh::error_code(asio::error::connection_reset)
                       : hh::error_code(asio::error::eof)));
    // nothing is called any more, and nothing keeps the context running
    o->stream->wait_readable();
    o->stream->end(true);
    context.restart();
    context.run();
    CHECK(o->readable == 0);
    CHECK(o->ended == 0);
    CHECK(o.use_count() == 2);
}

TEST_CASE("A stream that another's handler closes is told of nothing") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket one(context), two(context);
    auto const a = b.open(one);
    auto const z = b.open(two);
    a->then = [&] { z->stream->close(false); };
    z->then = [&] { a->stream->close(false); };
    a->stream->wait_readable();
    z->stream->wait_readable();
    send(one, "x");
    send(two, "x");
    REQUIRE(b.run_until([&] { return a->readable + z->readable > 0; }));
    b.settle();
    CHECK(a->readable + z->readable == 1);
}

TEST_CASE("A handler that throws costs other streams nothing") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket one(context), two(context), three(context);
    std::vector<std::shared_ptr<owner>> const all{b.open(one), b.open(two), b.open(three)};
    for (auto const& o : all) {
        o->then = [] { throw std::runtime_error("a handler's"); };
        o->stream->wait_readable();
    }
    send(one, "x");
    send(two, "x");
    send(three, "x");
    int thrown = 0;
    for (int i = 0; i < 200 && thrown < 3; ++i) try {
            context.restart();
            context.run_one_for(std::chrono::milliseconds(50));
        } catch (std::runtime_error const&) {
            ++thrown;
        }
    CHECK(thrown == 3);
    for (auto const& o : all) CHECK(o->readable == 1);
}

TEST_CASE("A handler may run the context itself") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket one(context), two(context), three(context);
    auto const a = b.open(one);
    auto const z = b.open(two);
    auto const late = b.open(three);
    bool nested = false;
    auto const wait_for_the_others = [&] {
        if (std::exchange(nested, true)) return;
        send(three, "x");
        for (int i = 0; i < 200 && a->readable + z->readable + late->readable < 3; ++i)
            context.run_one_for(std::chrono::milliseconds(50));
    };
    a->then = z->then = wait_for_the_others;
    for (auto const& o : {a, z, late}) o->stream->wait_readable();
    send(one, "x");
    send(two, "x");
    REQUIRE(b.run_until([&] { return a->readable + z->readable > 0; }));
    CHECK(a->readable == 1);
    CHECK(z->readable == 1);
    CHECK(late->readable == 1);
}

TEST_CASE("A set that is empty lets the context end, and takes sockets again") {
    asio::io_context context(1);
    bed b(context);
    for (int round = 0; round < 3; ++round) {
        tcp::socket client(context);
        auto const o = b.open(client);
        o->then = [&] { o->stream->close(false); };
        o->stream->wait_readable();
        send(client, "x");
        context.restart();
        context.run();
        CHECK(o->readable == 1);
    }
}

TEST_CASE("Each context has a set of its own") {
    asio::io_context first(1), second(1);
    bed a(first), z(second);
    tcp::socket one(first), two(second);
    auto const here = a.open(one);
    auto const there = z.open(two);
    here->stream->wait_readable();
    there->stream->wait_readable();
    send(one, "x");
    send(two, "x");
    REQUIRE(a.run_until([&] { return here->readable == 1; }));
    CHECK(there->readable == 0);
    REQUIRE(z.run_until([&] { return there->readable == 1; }));
}

TEST_CASE("What is posted is called in turn, also when one before it throws") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket client(context);
    auto const o = b.open(client);
    std::string log;
    using step = std::function<void()>;
    auto const post = [&](step f) {
        o->stream->post([](std::shared_ptr<void> const& s) { (*static_cast<step*>(s.get()))(); },
                        std::make_shared<step>(std::move(f)));
    };
    asio::post(context, [&] {
        post([&] { log += 'a'; });
        post([&] {
            log += 'b';
            post([&] { log += 'e'; });
        });
        post([] { throw std::runtime_error("a handler's"); });
        post([&] { log += 'c'; });
        post([&] { log += 'd'; });
        CHECK(log.empty());
    });
    bool thrown = false;
    for (int i = 0; i < 20 && log.size() < 5; ++i) try {
            context.restart();
            context.run_one_for(50ms);
        } catch (std::runtime_error const&) {
            thrown = true;
        }
    CHECK(thrown);
    CHECK(log == "abcde");
}

TEST_CASE("A context that goes takes what is posted for its streams along") {
    auto const o = std::make_shared<owner>();
    {
        asio::io_context context(1);
        bed b(context);
        tcp::socket client(context);
        o->stream = hh::http::detail::make_byte_stream(b.accept(client));
        o->stream->open(o);
        o->stream->end(true);
        o->stream->post([](std::shared_ptr<void> const&) { FAIL("called"); }, o);
        o->stream->abandon();
        o->stream.reset();
    }
    CHECK(o.use_count() == 1);
}

TEST_CASE("What a child process closes stays in the set of its parent") {
    asio::io_context context(1);
    bed b(context);
    tcp::socket one(context), two(context);
    auto const closed = b.open(one);
    auto const used = b.open(two);
    closed->stream->wait_readable();
    used->stream->wait_readable();
    b.settle();
    context.notify_fork(asio::io_context::fork_prepare);
    pid_t const child = fork();
    if (child == 0) {
        context.notify_fork(asio::io_context::fork_child);
        closed->stream->close(false);
        send(two, "child");
        bool const told = b.run_until([&] { return used->readable == 1; });
        _exit(told && used->read() == "child" ? 0 : 1);
    }
    context.notify_fork(asio::io_context::fork_parent);
    REQUIRE(child > 0);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
    send(one, "parent");
    REQUIRE(b.run_until([&] { return closed->readable == 1; }));
    CHECK(closed->read() == "parent");
}

TEST_CASE("What the system takes into no set is left to Asio") {
    asio::io_context context(1);
    plain_socket no_socket(context.get_executor());
    std::FILE* const file = std::tmpfile();
    REQUIRE(file);
    no_socket.assign(tcp::v4(), dup(fileno(file)));
    std::fclose(file);
    auto const stream = hh::http::detail::make_byte_stream(std::move(no_socket));
    CHECK_FALSE(is_polled(*stream));
    stream->abandon();
}

#endif
