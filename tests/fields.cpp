// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/fields.hpp>

#include <httphooks/message.hpp>

#include <boost/beast/_experimental/test/stream.hpp>
#include <boost/beast/core/make_printable.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message_generator.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/type_traits.hpp>
#include <boost/beast/http/write.hpp>

#include "support/catch.hpp"

#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace hh = httphooks;
namespace beast_http = boost::beast::http;
using hh::field;
using hh::fields;

static_assert(beast_http::is_fields<fields>::value);
static_assert(std::is_nothrow_move_constructible_v<fields>);
static_assert(std::is_nothrow_move_assignable_v<fields>);
static_assert(std::is_same_v<decltype(*fields().begin()), fields::value_type const&>);
static_assert(std::random_access_iterator<fields::const_iterator>);

std::string names(fields const& f) {
    std::string s;
    for (auto const& e : f) s.append(e.name_string()).append("=").append(e.value()).append(";");
    return s;
}

template <class F>
hh::error_code thrown_code(F f) {
    try {
        f();
    } catch (hh::system_error const& e) {
        return e.code();
    }
    return {};
}

template <class Message>
std::string printed(Message const& m) {
    std::ostringstream os;
    os << m;
    return os.str();
}

template <bool IsRequest, class Body, class Fields>
std::string serialized(beast_http::message<IsRequest, Body, Fields>& m) {
    std::string out;
    beast_http::serializer<IsRequest, Body, Fields> sr{m};
    sr.limit(7);
    boost::beast::error_code ec;
    for (int i = 0; i < 10000 && !sr.is_done(); ++i)
        sr.next(ec, [&](auto&, auto const& buffers) {
            std::size_t n = 0;
            for (auto b : boost::beast::buffers_range_ref(buffers)) {
                out.append(static_cast<char const*>(b.data()), b.size());
                n += b.size();
            }
            sr.consume(n);
        });
    CHECK(sr.is_done());
    return out;
}

template <class Message>
std::string beast_text(Message& m) {
    hh::asio::io_context ioc;
    boost::beast::test::stream a(ioc);
    boost::beast::test::stream b(ioc);
    a.connect(b);
    bool done = false;
    beast_http::async_write(a, m, [&](boost::beast::error_code ec, std::size_t) {
        CHECK(!ec);
        done = true;
    });
    ioc.run();
    CHECK(done);
    return std::string(b.str());
}

template <class Message>
std::string generated(Message m) {
    hh::asio::io_context ioc;
    boost::beast::test::stream a(ioc);
    boost::beast::test::stream b(ioc);
    a.connect(b);
    boost::beast::error_code ec;
    boost::beast::write(a, beast_http::message_generator(std::move(m)), ec);
    CHECK(!ec);
    return std::string(b.str());
}

}  // namespace

TEST_CASE("an empty object has no fields and no text") {
    fields f;
    CHECK(f.begin() == f.end());
    CHECK(f.wire().empty());
    CHECK(f.find(field::host) == f.end());
    CHECK(f.find("host") == f.end());
    CHECK(f.find("") == f.end());
    CHECK(f.count("host") == 0);
    CHECK(f.erase("host") == 0);
    CHECK(f[field::host].empty());
    CHECK(f["host"].empty());
    CHECK_THROWS_AS(f.at("host"), std::out_of_range);
    CHECK_THROWS_AS(f.at(field::host), std::out_of_range);
    f.clear();
    fields const g = f;
    CHECK(g.begin() == g.end());
}

TEST_CASE("fields are found by id and by name, whatever the case") {
    fields f;
    f.set(field::host, "example.com");
    f.set("x-Custom", "1");
    f.set("accept", "text/html");
    CHECK(f[field::host] == "example.com");
    CHECK(f["HOST"] == "example.com");
    CHECK(f["X-CUSTOM"] == "1");
    CHECK(f[field::accept] == "text/html");
    CHECK(f.find("accept")->name() == field::accept);
    CHECK(f.find("accept")->name_string() == "accept");
    CHECK(f.find("x-custom")->name() == field::unknown);
    CHECK(f.at("Accept") == "text/html");
    CHECK(f.contains("host"));
    CHECK(f.contains(field::host));
    CHECK_FALSE(f.contains("hos"));
    CHECK_FALSE(f.contains(field::cookie));
    CHECK(f.wire() == "Host: example.com\r\nx-Custom: 1\r\naccept: text/html\r\n");
}

TEST_CASE("letters alone lose their case when names are compared") {
    fields f;
    f.set("x^", "1");
    CHECK_FALSE(f.contains("x~"));
    f.set("x~", "2");
    CHECK(f["x^"] == "1");
    CHECK(f["x~"] == "2");
}

TEST_CASE("fields of one name follow each other") {
    fields f;
    f.insert(field::set_cookie, "a=1");
    f.insert("X", "x");
    f.insert("Y", "y");
    f.insert("set-cookie", "b=2");
    f.insert(field::set_cookie, "c=3");
    f.insert("x", "xx");
    CHECK(names(f) == "Set-Cookie=a=1;set-cookie=b=2;Set-Cookie=c=3;X=x;x=xx;Y=y;");
    CHECK(f.count(field::set_cookie) == 3);
    CHECK(f.count("SET-COOKIE") == 3);
    auto const range = f.equal_range("Set-Cookie");
    CHECK(range.second - range.first == 3);
    CHECK(range.first->value() == "a=1");
    auto const none = f.equal_range(field::host);
    CHECK(none.first == none.second);
    CHECK(f.wire() ==
          "Set-Cookie: a=1\r\nset-cookie: b=2\r\nSet-Cookie: c=3\r\nX: x\r\nx: xx\r\nY: y\r\n");
    f.set("x", "z");
    CHECK(names(f) == "Set-Cookie=a=1;set-cookie=b=2;Set-Cookie=c=3;Y=y;x=z;");
    CHECK(f.erase(field::set_cookie) == 3);
    CHECK(f.wire() == "Y: y\r\nx: z\r\n");
    auto const next = f.erase(f.begin());
    CHECK(next->value() == "z");
    auto const last = f.erase(next);
    CHECK(last == f.end());
    CHECK(f.wire().empty());
}

TEST_CASE("a value that views the same object may be set and inserted") {
    fields f;
    f.set("A", "one");
    f.set("B", "two");
    f.set("A", f["B"]);
    CHECK(f.wire() == "B: two\r\nA: two\r\n");
    f.set("A", f["A"]);
    CHECK(f["A"] == "two");
    for (int i = 0; i < 200; ++i) f.insert("C", f["B"]);
    CHECK(f.count("c") == 200);
    for (auto const& e : f) CHECK(e.value() == "two");
    f.set(f.find("B")->name_string(), f.wire().substr(0, 4));
    CHECK(f["B"] == "B: t");
    f.erase(f.find("C")->name_string());
    CHECK(f.count("C") == 0);
}

TEST_CASE("blanks and tabs around a value are dropped") {
    fields f;
    f.set("A", " \t one two\t ");
    f.insert("B", "  ");
    CHECK(f["A"] == "one two");
    CHECK(f.contains("B"));
    CHECK(f["B"].empty());
}

TEST_CASE("a name that is not a token is refused") {
    for (std::string_view name :
         {"", "a b", "a:", "a\r\n", "a\nb", "\xc3\xa9", "a(b", "a\x7f", " a"}) {
        fields f;
        f.set("A", "b");
        CHECK(thrown_code([&] { f.set(name, "v"); }) == hh::error::invalid_field_name);
        CHECK(thrown_code([&] { f.insert(name, "v"); }) == hh::error::invalid_field_name);
        CHECK(f.wire() == "A: b\r\n");
    }
    fields f;
    CHECK(thrown_code([&] { f.set(std::string_view("a\0b", 3), "v"); }) ==
          hh::error::invalid_field_name);
    CHECK(thrown_code([&] { f.set(field::unknown, "v"); }) == hh::error::invalid_field_name);
}

TEST_CASE("a value with a control character is refused at every position") {
    for (int c = 0; c < 256; ++c)
        for (std::size_t at = 0; at < 19; ++at) {
            std::string value(19, 'v');
            value[at] = static_cast<char>(c);
            bool const refused = (c < 0x20 && c != '\t') || c == 0x7f;
            fields f;
            auto const ec = thrown_code([&] { f.set(field::server, value); });
            if ((ec == hh::error::invalid_field_value) != refused) {
                CAPTURE(c, at);
                CHECK((ec == hh::error::invalid_field_value) == refused);
            }
        }
    fields f;
    f.set("A", "b");
    CHECK(thrown_code([&] { f.insert("A", "x\r\nSet-Cookie: evil"); }) ==
          hh::error::invalid_field_value);
    CHECK(thrown_code([&] { f.set("A", "x\ny"); }) == hh::error::invalid_field_value);
    CHECK(f.wire() == "A: b\r\n");
}

TEST_CASE("copies, moves and swaps keep fields, target and method") {
    hh::request r;
    r.method_string("BREW");
    r.target("/pot?x=1");
    for (int i = 0; i < 40; ++i) r.set("X-" + std::to_string(i), std::string(50, 'v'));
    hh::request copy = r;
    CHECK(printed(copy) == printed(r));
    copy.set("X-1", "other");
    CHECK(r["X-1"] != "other");
    hh::request& self = copy;
    copy = self;
    CHECK(copy["X-1"] == "other");
    hh::request moved = std::move(copy);
    CHECK(moved["X-1"] == "other");
    CHECK(moved.target() == "/pot?x=1");
    CHECK(moved.method_string() == "BREW");
    CHECK(copy.begin() == copy.end());
    CHECK(copy.target().empty());
    hh::request small;
    small.target("/s");
    small.set("A", "b");
    swap(small, moved);
    CHECK(small["X-1"] == "other");
    CHECK(moved.wire() == "A: b\r\n");
    CHECK(moved.target() == "/s");
    small = moved;
    CHECK(small.wire() == "A: b\r\n");
    CHECK(small.target() == "/s");
    moved = hh::request();
    CHECK(moved.wire().empty());
}

TEST_CASE("clearing keeps the target, and new fields take the room") {
    hh::request r;
    r.target("/a");
    for (int round = 0; round < 3; ++round) {
        r.set("A", "b");
        r.insert("C", "d");
        CHECK(r.wire() == "A: b\r\nC: d\r\n");
        r.clear();
        CHECK(r.wire().empty());
        CHECK(r.find("A") == r.end());
        CHECK(r.target() == "/a");
    }
}

TEST_CASE("target, method and reason change with fields present") {
    hh::request r;
    r.set("A", "b");
    r.target("/long/target");
    r.method_string("BREW");
    r.set("C", "d");
    r.target("/s");
    CHECK(r.target() == "/s");
    CHECK(r["A"] == "b");
    CHECK(r.wire() == "A: b\r\nC: d\r\n");
    r.target(r.target().substr(1));
    CHECK(r.target() == "s");
    r.target(r["C"]);
    CHECK(r.target() == "d");
    r.target(std::string(5000, 't'));
    CHECK(r.target().size() == 5000);
    CHECK(r["C"] == "d");
    r.target("");
    CHECK(r.target().empty());
    r.method(hh::verb::get);
    CHECK(r.method_string() == "GET");
    CHECK(r.wire() == "A: b\r\nC: d\r\n");

    hh::response s;
    s.set("A", "b");
    s.result(404);
    CHECK(s.reason() == "Not Found");
    s.reason("Gone fishing");
    CHECK(s.reason() == "Gone fishing");
    CHECK(s["A"] == "b");
    s.reason("");
    CHECK(s.reason() == "Not Found");
}

TEST_CASE("a start line cannot be split") {
    hh::request r;
    r.target("/ok");
    CHECK(thrown_code([&] { r.target("/a b"); }) == hh::error::invalid_target);
    CHECK(thrown_code([&] { r.target("/a\r\nX: y"); }) == hh::error::invalid_target);
    CHECK(thrown_code([&] { r.method_string("GE T"); }) == hh::error::unknown_method);
    CHECK(r.target() == "/ok");
    hh::response s;
    CHECK(thrown_code([&] { s.reason("a\r\nX: y"); }) == hh::error::invalid_field_value);
    s.reason("a b\tc");
    CHECK(s.reason() == "a b\tc");
}

TEST_CASE("a name or a set of fields that is too long is refused") {
    fields f;
    CHECK_THROWS_AS(f.set(std::string(70000, 'n'), "v"), std::length_error);
    f.set("Big", std::string(200000, 'v'));
    CHECK(f["big"].size() == 200000);
}

TEST_CASE("after any series of changes fields are as Beast's") {
    std::mt19937 random(7);
    std::vector<std::string> const pool = {"Host",       "host", "X-A", "x-a", "X-B", "Cookie",
                                           "Set-Cookie", "A",    "B",   "Via", "Date"};
    for (int round = 0; round < 300; ++round) {
        hh::response mine;
        beast_http::response<beast_http::string_body> theirs;
        for (int step = 0; step < 40; ++step) {
            std::string const& name = pool[random() % pool.size()];
            std::string const value(random() % 60, static_cast<char>('a' + random() % 26));
            switch (random() % 6) {
                case 0:
                    mine.set(name, value);
                    theirs.set(name, value);
                    break;
                case 1:
                case 2:
                case 3:
                    mine.insert(name, value);
                    theirs.insert(name, value);
                    break;
                case 4:
                    REQUIRE(mine.erase(name) == theirs.erase(name));
                    break;
                default:
                    mine.reason(value);
                    theirs.reason(value);
            }
            REQUIRE(mine.count(name) == theirs.count(name));
            REQUIRE(mine[name] == theirs[name]);
        }
        REQUIRE(printed(mine.base()) == printed(theirs.base()));
        hh::response const copy = mine;
        REQUIRE(printed(copy.base()) == printed(theirs.base()));
    }
}

namespace {

template <class Fields>
beast_http::request<beast_http::string_body, Fields> sample_request() {
    beast_http::request<beast_http::string_body, Fields> r;
    r.method(hh::verb::post);
    r.target("/submit?a=b");
    r.version(11);
    r.set(field::host, "example.com");
    r.insert("X-Custom", "one");
    r.insert("x-custom", "two");
    r.set(field::user_agent, "test");
    r.body() = "hello, world";
    r.prepare_payload();
    return r;
}

template <class Fields>
beast_http::response<beast_http::string_body, Fields> sample_response() {
    beast_http::response<beast_http::string_body, Fields> r;
    r.result(201);
    r.version(11);
    r.insert(field::set_cookie, "a=1");
    r.set(field::server, "test");
    r.insert(field::set_cookie, "b=2");
    r.body() = std::string(3000, 'x');
    r.keep_alive(false);
    r.prepare_payload();
    return r;
}

template <class Mine, class Theirs>
void same_bytes(Mine mine, Theirs theirs) {
    CHECK(printed(mine) == printed(theirs));
    CHECK(printed(mine.base()) == printed(theirs.base()));
    CHECK(serialized(mine) == serialized(theirs));
    CHECK(beast_text(mine) == beast_text(theirs));
    CHECK(generated(mine) == generated(theirs));
}

}  // namespace

TEST_CASE("Beast writes a request as it writes one with its own fields") {
    same_bytes(sample_request<fields>(), sample_request<beast_http::fields>());
    auto mine = sample_request<fields>();
    auto theirs = sample_request<beast_http::fields>();
    mine.chunked(true);
    theirs.chunked(true);
    same_bytes(mine, theirs);
    mine.method_string("BREW");
    theirs.method_string("BREW");
    same_bytes(mine, theirs);
}

TEST_CASE("Beast writes a response as it writes one with its own fields") {
    same_bytes(sample_response<fields>(), sample_response<beast_http::fields>());
    auto mine = sample_response<fields>();
    auto theirs = sample_response<beast_http::fields>();
    mine.chunked(true);
    theirs.chunked(true);
    mine.reason("Made");
    theirs.reason("Made");
    same_bytes(mine, theirs);
    same_bytes(hh::response(), beast_http::response<beast_http::string_body>());
}

TEST_CASE("chunk trailers are written as with Beast's fields") {
    fields mine;
    beast_http::fields theirs;
    for (int i = 0; i < 3; ++i) {
        std::ostringstream a;
        std::ostringstream b;
        a << boost::beast::make_printable(beast_http::make_chunk_last(mine));
        b << boost::beast::make_printable(beast_http::make_chunk_last(theirs));
        CHECK(a.str() == b.str());
        mine.insert("Expires", "never");
        theirs.insert("Expires", "never");
    }
}

TEST_CASE("close wins over keep-alive, in whatever order, field and version") {
    for (unsigned version : {10u, 11u}) {
        hh::request r(hh::verb::get, "/", version);
        CHECK(r.keep_alive() == (version == 11));
        for (std::string_view list :
             {"close, keep-alive", "keep-alive, close", "Keep-Alive, CLOSE"}) {
            r.set(field::connection, list);
            CHECK_FALSE(r.keep_alive());
        }
        r.set(field::connection, "keep-alive");
        CHECK(r.keep_alive());
        r.insert(field::connection, "upgrade");
        CHECK(r.keep_alive());
        r.insert(field::connection, "close");
        CHECK_FALSE(r.keep_alive());
    }
}

TEST_CASE("keep-alive, chunked and content length are set and read as with Beast's fields") {
    for (std::string_view connection : {"", "close", "keep-alive", "upgrade", "Upgrade, Keep-Alive",
                                        "close, upgrade", "a, close, b"})
        for (std::string_view te : {"", "chunked", "gzip", "gzip, chunked", "gzip, deflate"})
            for (unsigned version : {10u, 11u})
                for (bool value : {false, true}) {
                    CAPTURE(connection, te, version, value);
                    hh::response mine(hh::status::ok, version);
                    beast_http::response<beast_http::string_body> theirs(hh::status::ok, version);
                    if (!connection.empty()) {
                        mine.set(field::connection, connection);
                        theirs.set(field::connection, connection);
                    }
                    if (!te.empty()) {
                        mine.set(field::transfer_encoding, te);
                        theirs.set(field::transfer_encoding, te);
                    }
                    CHECK(mine.keep_alive() == theirs.keep_alive());
                    CHECK(mine.chunked() == theirs.chunked());
                    CHECK(mine.need_eof() == theirs.need_eof());
                    mine.keep_alive(value);
                    theirs.keep_alive(value);
                    CHECK(mine[field::connection] == theirs[field::connection]);
                    CHECK(mine.keep_alive() == theirs.keep_alive());
                    mine.chunked(value);
                    theirs.chunked(value);
                    CHECK(mine[field::transfer_encoding] == theirs[field::transfer_encoding]);
                    CHECK(mine.has_content_length() == theirs.has_content_length());
                    mine.content_length(42);
                    theirs.content_length(42);
                    CHECK(mine[field::content_length] == theirs[field::content_length]);
                    CHECK(mine[field::transfer_encoding] == theirs[field::transfer_encoding]);
                    CHECK(mine.has_content_length());
                    CHECK(mine.need_eof() == theirs.need_eof());
                    mine.content_length(boost::none);
                    CHECK_FALSE(mine.has_content_length());
                }
}

TEST_CASE("what a parser has checked is appended as it is") {
    fields f;
    f.append_parsed(field::host, "HOST", "a");
    f.append_parsed(field::unknown, "X", "b");
    f.append_parsed(field::host, "host", "c");
    CHECK(f.wire() == "HOST: a\r\nhost: c\r\nX: b\r\n");
    CHECK(f.count(field::host) == 2);
}

TEST_CASE("a line that a parser has checked is appended as it is, next to its like") {
    fields f;
    f.append_parsed_line(field::host, "HOST: a\r\n", 4);
    f.append_parsed_line(field::unknown, "X: b\r\n", 1);
    f.append_parsed_line(field::accept, "Accept: \r\n", 6);
    f.append_parsed_line(field::host, "host: c\r\n", 4);
    f.append_parsed_line(field::unknown, "x: d\r\n", 1);
    CHECK(f.wire() == "HOST: a\r\nhost: c\r\nX: b\r\nx: d\r\nAccept: \r\n");
    CHECK(f[field::accept].empty());
    CHECK(f["X"] == "b");

    fields many;
    std::string wire;
    for (int i = 0; i < 200; ++i) {
        std::string const name = "x-" + std::to_string(i);
        std::string const line =
            name + ": " + std::string(static_cast<std::size_t>(i), 'v') + "\r\n";
        many.append_parsed_line(field::unknown, line, name.size());
        wire += line;
    }
    CHECK(many.wire() == wire);
    CHECK(many["x-150"] == std::string(150, 'v'));
    CHECK(many.count("x-199") == 1);
}

TEST_CASE("a reset leaves no method, target or field, and the object is as good as new") {
    hh::request r;
    for (int round = 0; round < 2; ++round) {
        r.method_string("BREW");
        r.base().set_parsed_target("/pot");
        r.set(field::host, "a");
        CHECK(r.method_string() == "BREW");
        CHECK(r.target() == "/pot");
        CHECK(r[field::host] == "a");
        r.base().reset();
        CHECK(r.target().empty());
        CHECK(r.begin() == r.end());
        CHECK_FALSE(r.contains(field::host));
    }
    r.base().set_parsed_target("/a");
    r.set(field::host, "b");
    r.base().set_parsed_target("/longer");
    CHECK(r.target() == "/longer");
    CHECK(r[field::host] == "b");
}
