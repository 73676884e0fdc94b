// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/websocket/zlib_deflate.hpp>

#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/prepared_message.hpp>
#include <httphooks/websocket/server.hpp>

#include "support/catch.hpp"
#include "support/websocket.hpp"

#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace hh = httphooks;
namespace ws = httphooks::websocket;
using support::client_frame;
using support::memory_client;

namespace {

constexpr std::string_view with_deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

ws::deflate_options keeping_contexts() {
    ws::deflate_options o;
    o.server_no_context_takeover = o.client_no_context_takeover = false;
    return o;
}

/// Text that becomes much smaller, and differs from one number to the next.
std::string prose(std::size_t size, unsigned number = 0) {
    std::string text;
    while (text.size() < size)
        text += "message " + std::to_string(number++) + " of \xc3\xa4 peer; ";
    text.resize(size - size % 2);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80u) != 0) text.pop_back();
    return text;
}

std::string noise(std::size_t size) {
    std::mt19937 engine(1);
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(engine() & 0xff);
    return bytes;
}

/// A message of parts whose blocks are marked as the last, and which refer to what was before them.
/// @param before what the other side has read so far; the parts are added to it
std::string ended_parts(std::vector<std::string> const& parts, std::string& before) {
    constexpr std::size_t window = 32'768;
    auto const bytes = [](std::string& s) { return reinterpret_cast<Bytef*>(s.data()); };
    std::string message;
    for (std::string part : parts) {
        z_stream s{};
        REQUIRE(deflateInit2(&s, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
        if (!before.empty()) {
            std::string known = before.substr(before.size() - std::min(before.size(), window));
            REQUIRE(deflateSetDictionary(&s, bytes(known), static_cast<uInt>(known.size())) ==
                    Z_OK);
        }
        std::string out(part.size() + 100, '\0');
        s.next_in = bytes(part);
        s.avail_in = static_cast<uInt>(part.size());
        s.next_out = bytes(out);
        s.avail_out = static_cast<uInt>(out.size());
        REQUIRE(deflate(&s, Z_FINISH) == Z_STREAM_END);
        message.append(out, 0, out.size() - s.avail_out);
        deflateEnd(&s);
        before += part;
    }
    return message + '\0';
}

/// A message of empty blocks that are marked as the last.
std::string last_blocks(std::size_t n) {
    std::string message;
    for (std::size_t i = 0; i < n; ++i) message.append("\x03\x00", 2);
    return message + '\0';
}

/// Both ends of a connection.
struct codec_pair {
    explicit codec_pair(ws::deflate_options const& o, ws::deflate_parameters p = {})
        : maker(ws::zlib_deflate(o)),
          server(maker->make(ws::role::server, p)),
          client(maker->make(ws::role::client, p)) {}

    std::shared_ptr<ws::message_deflate const> maker;
    std::unique_ptr<ws::message_codec> server;
    std::unique_ptr<ws::message_codec> client;

    /// Sends a message. @return how many bytes it took; 0 for one that was not compressed
    static std::size_t carry(ws::message_codec& from, ws::message_codec& to,
                             std::string const& message) {
        std::string bytes = "before";
        if (!from.deflate(message, bytes)) {
            CHECK(bytes == "before");
            return 0;
        }
        CHECK(bytes.starts_with("before"));
        std::string out = "there";
        REQUIRE(to.inflate(std::string_view(bytes).substr(6), message.size(), out) ==
                ws::inflate_result::done);
        CHECK(out == "there" + message);
        return bytes.size() - 6;
    }
};

/// A frame of a client, whose message is compressed.
std::string compressed_frame(ws::message_codec& codec, std::string_view message,
                             ws::opcode op = ws::opcode::text) {
    std::string payload;
    REQUIRE(codec.deflate(message, payload));
    std::string f = client_frame(op, payload);
    f[0] = static_cast<char>(f[0] | 0x40);
    return f;
}

/// What a server sent, read as a client reads it that takes compressed messages.
struct compressed_log {
    compressed_log(ws::message_codec& c, std::string bytes) : codec(c) {
        ws::frame_reader reader;
        reader.allow_compressed();
        reader.read(ws::role::client, {.size = 64u << 20, .fragments = 0}, bytes.data(),
                    bytes.size(), *this);
        CHECK(reader.failure() == ws::close_code::none);
    }
    bool on_message(ws::opcode, std::string_view m) { return note("plain:" + std::string(m)); }
    bool on_compressed(ws::opcode op, std::string_view m) {
        std::string out = op == ws::opcode::text ? "text:" : "binary:";
        CHECK(codec.inflate(m, 64u << 20, out) == ws::inflate_result::done);
        return note(out);
    }
    bool on_ping(std::string_view) { return note("ping"); }
    bool on_pong(std::string_view p) { return note("pong:" + std::string(p)); }
    bool on_close(ws::close_code c, std::string_view) {
        return note("close:" + std::to_string(static_cast<unsigned>(c)));
    }
    bool note(std::string what) {
        seen.push_back(std::move(what));
        return true;
    }

    ws::message_codec& codec;
    std::vector<std::string> seen{};
};

using log_list = std::vector<std::string>;

/// An echo that compresses.
struct deflate_fixture {
    explicit deflate_fixture(ws::deflate_options const& o = {}, std::size_t most = 1024 * 1024)
        : echo(server.context.get_executor(), options(o, most)) {
        echo.on_open([this](ws::connection& c) { all.push_back(c); });
        echo.on_message([](ws::connection& c, ws::message const& m) { c.send(m); });
        server.settings->mounts.add(echo);
    }
    static ws::server_options options(ws::deflate_options const& o, std::size_t most) {
        ws::server_options s;
        s.connection.per_message_deflate = ws::zlib_deflate(o);
        s.connection.message.size = most;
        return s;
    }
    /// Sends bytes and reads what comes back.
    log_list ask(memory_client& c, ws::message_codec& codec, std::string_view bytes) {
        c.send(bytes);
        return read(c, codec);
    }
    log_list read(memory_client& c, ws::message_codec& codec) {
        server.run();
        return compressed_log(codec, support::take(c)).seen;
    }

    std::vector<ws::connection> all{};
    support::websocket_server server{};
    ws::server echo;
};

/// A client's codec for the defaults of the server.
std::unique_ptr<ws::message_codec> client_codec(ws::deflate_options const& o = {}) {
    auto const accepted = ws::accept_deflate("permessage-deflate", o);
    return ws::zlib_deflate(o)->make(ws::role::client, accepted->parameters);
}

}  // namespace

TEST_CASE("What one side compresses the other has again, for all sizes, levels and windows") {
    for (int const level : {-1, 1, 9})
        for (int const bits : {9, 15})
            for (bool const keeps : {false, true}) {
                ws::deflate_options o;
                o.level = level;
                codec_pair pair(o, {bits, bits, !keeps, !keeps});
                CHECK(pair.server->has_context() == keeps);
                for (std::size_t const size : {2u, 100u, 1024u, 40'000u, 300'000u}) {
                    std::string const text = prose(size);
                    codec_pair::carry(*pair.server, *pair.client, text);
                    codec_pair::carry(*pair.client, *pair.server, text);
                }
            }
}

TEST_CASE(
    "Small and large messages in any order are what they were, with every memory and window") {
    for (int const memory : {1, 5, 9})
        for (int const bits : {9, 11, 15})
            for (int const level : {-1, 0, 1, 9}) {
                ws::deflate_options o;
                o.level = level;
                o.memory_level = memory;
                codec_pair pair(o, {bits, bits, true, true});
                for (std::size_t const size :
                     {2046u, 2047u, 2048u, 100'000u, 1u, 2046u, 4092u, 4093u, 16'384u, 7u, 2050u})
                    for (auto const& message : {prose(size, 1), prose(size, 77), noise(size)}) {
                        codec_pair::carry(*pair.server, *pair.client, message);
                        codec_pair::carry(*pair.client, *pair.server, message);
                    }
            }
}

TEST_CASE("A small message becomes as short as by a compressor of its own with all its memory") {
    for (int const level : {1, -1, 9})
        for (std::size_t const size : {100u, 1000u, 1900u, 2046u})
            for (auto const& message : {prose(size), prose(size, 4711), std::string(size, 'x')}) {
                ws::deflate_options o;
                o.level = level;
                codec_pair small(o, {15, 15, true, true});
                codec_pair own(o, {15, 15, false, false});
                std::size_t const n = codec_pair::carry(*small.server, *small.client, message);
                std::size_t const most = codec_pair::carry(*own.server, *own.client, message);
                CHECK(n <= most + most / 50);
            }
}

TEST_CASE("What is compressed is read with a window that is no larger than was agreed on") {
    for (int const bits : {9, 10, 12, 15}) {
        codec_pair pair({}, {bits, bits, true, true});
        // repeats at distances that a larger window would refer back to
        std::string const message = noise(600) + noise(600) + noise(600);
        std::string sent;
        if (!pair.server->deflate(message, sent)) continue;
        CHECK(bits > 9);
        // one that keeps contexts has the window that was agreed on
        codec_pair reader({}, {bits, bits, false, false});
        std::string out;
        CHECK(reader.client->inflate(sent, message.size(), out) == ws::inflate_result::done);
        CHECK((out == message));
    }
}

TEST_CASE("Messages that refer to earlier ones are smaller, and those that may not are all alike") {
    std::string const text = prose(5000);
    codec_pair keeps({}, {15, 15, false, false});
    std::size_t const first = codec_pair::carry(*keeps.server, *keeps.client, text);
    CHECK(codec_pair::carry(*keeps.server, *keeps.client, text) < first / 4);
    codec_pair alike({}, {15, 15, true, true});
    std::size_t const size = codec_pair::carry(*alike.server, *alike.client, text);
    CHECK(size == first);
    CHECK(codec_pair::carry(*alike.server, *alike.client, text) == size);
}

TEST_CASE(
    "A message that does not become smaller is sent as it is, unless later ones refer to it") {
    codec_pair pair({}, {15, 15, true, false});
    CHECK(codec_pair::carry(*pair.server, *pair.client, noise(5000)) == 0);
    CHECK(codec_pair::carry(*pair.client, *pair.server, noise(5000)) > 5000);
    CHECK(codec_pair::carry(*pair.client, *pair.server, noise(5000)) < 500);
    CHECK(codec_pair::carry(*pair.server, *pair.client, "") == 0);
}

TEST_CASE("A window of 256 bytes, which zlib cannot write, is read; and nothing is compressed") {
    codec_pair pair({}, {8, 15, true, true});
    CHECK(codec_pair::carry(*pair.server, *pair.client, prose(5000)) == 0);
    CHECK(codec_pair::carry(*pair.client, *pair.server, prose(5000)) > 0);
}

TEST_CASE("A codec that has rested goes on with what the other side refers to") {
    codec_pair pair({}, {15, 15, false, false});
    for (unsigned round = 0; round < 5; ++round) {
        codec_pair::carry(*pair.server, *pair.client, prose(50'000, round));
        codec_pair::carry(*pair.client, *pair.server, prose(50'000, round));
        if (round % 2 == 0) pair.server->rest();
        if (round % 3 == 0) pair.client->rest();
        pair.server->rest();
    }
}

TEST_CASE("Messages with a last block in them are read, RFC 7692 7.2.3") {
    codec_pair pair({}, {15, 15, false, false});
    auto const read = [&](std::string_view bytes) {
        std::string out;
        CHECK(pair.server->inflate(bytes, 100, out) == ws::inflate_result::done);
        return out;
    };
    using namespace std::string_view_literals;
    CHECK(read("\xf2\x48\xcd\xc9\xc9\x07\x00"sv) == "Hello");                  // one block
    CHECK(read("\xf2\x00\x11\x00\x00"sv) == "Hello");                          // shared window
    CHECK(read("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv) == "Hello");  // stored
    CHECK(read("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv) == "Hello");              // BFINAL
    CHECK(read("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv) == "Hello");  // two blocks
    CHECK(read("\x00"sv).empty());
}

TEST_CASE("What follows a last block refers to what came before it, in any window") {
    for (bool const keeps : {false, true}) {
        codec_pair pair({}, {15, 15, !keeps, !keeps});
        std::string before;
        for (int round = 0; round < 3; ++round) {
            if (!keeps) before.clear();
            std::size_t const begin = before.size();
            std::string const bytes = noise(7'001);
            std::string const message = ended_parts(
                {bytes, "", prose(31), bytes, prose(20'000), noise(3), prose(50'000, 3), bytes},
                before);
            CHECK(message.size() < 20'000);
            std::string out = "there";
            CHECK(pair.server->inflate(message, before.size() - begin, out) ==
                  ws::inflate_result::done);
            CHECK((out == "there" + before.substr(begin)));
            if (round == 1) pair.server->rest();
        }
    }
}

TEST_CASE("A message has 256 last blocks at most") {
    for (bool const keeps : {false, true}) {
        codec_pair pair({}, {15, 15, !keeps, !keeps});
        std::string out;
        for (int round = 0; round < 3; ++round)
            CHECK(pair.server->inflate(last_blocks(256), 1024, out) == ws::inflate_result::done);
        CHECK(out.empty());
        CHECK(pair.server->inflate(last_blocks(257), 1024, out) == ws::inflate_result::broken);
    }
}

TEST_CASE("What is no DEFLATE is broken, and what is longer than may be is found out early") {
    codec_pair pair({}, {15, 15, true, true});
    std::string out;
    CHECK(pair.server->inflate("\xff\xff\xff\xff", 1000, out) == ws::inflate_result::broken);
    std::string bomb;
    REQUIRE(pair.client->deflate(std::string(50'000'000, 'x'), bomb));
    REQUIRE(bomb.size() < 100'000);
    out.clear();
    CHECK(pair.server->inflate(bomb, 1024 * 1024, out) == ws::inflate_result::too_big);
    CHECK(out.capacity() <= 4 * 1024 * 1024);
    for (std::size_t const size : {2000u, 4096u, 16'383u, 16'384u, 16'385u, 32'768u, 100'000u}) {
        std::string exact;
        REQUIRE(pair.client->deflate(std::string(size, 'x'), exact));
        out.clear();
        CHECK(pair.server->inflate(exact, size, out) == ws::inflate_result::done);
        CHECK(out.size() == size);
        CHECK(pair.server->inflate(exact, size - 1, out) == ws::inflate_result::too_big);
        CHECK(pair.server->inflate(exact, static_cast<std::size_t>(-1), out) ==
              ws::inflate_result::done);
    }
}

TEST_CASE("Options out of their range throw") {
    auto const with = [](auto set) {
        ws::deflate_options o;
        set(o);
        return ws::zlib_deflate(o);
    };
    CHECK_THROWS_AS(with([](auto& o) { o.level = 10; }), std::invalid_argument);
    CHECK_THROWS_AS(with([](auto& o) { o.memory_level = 0; }), std::invalid_argument);
    CHECK_THROWS_AS(with([](auto& o) { o.server_max_window_bits = 8; }), std::invalid_argument);
    CHECK_THROWS_AS(with([](auto& o) { o.client_max_window_bits = 16; }), std::invalid_argument);
}

TEST_CASE("Messages are compressed from the threshold on, for clients that take it") {
    deflate_fixture f;
    auto const codec = client_codec();
    memory_client c = f.server.connect();
    c.send(support::handshake("/ws", with_deflate));
    f.server.run();
    CHECK(c.received().find("Sec-WebSocket-Extensions: permessage-deflate; "
                            "server_no_context_takeover; client_no_context_takeover\r\n") !=
          std::string::npos);
    f.server.take_reply(c);
    std::string const large = prose(3000);
    CHECK(f.ask(c, *codec, support::client_text("short")) == log_list{"plain:short"});
    CHECK(f.ask(c, *codec, support::client_text(large)) == log_list{"text:" + large});
    CHECK(f.ask(c, *codec, compressed_frame(*codec, large)) == log_list{"text:" + large});
    CHECK(f.ask(c, *codec, compressed_frame(*codec, large, ws::opcode::binary)) ==
          log_list{"binary:" + large});
    CHECK(f.ask(c, *codec, client_frame(ws::opcode::ping, "p")) == log_list{"pong:p"});

    memory_client plain = f.server.open("/ws");
    CHECK(f.server.ask(plain, support::client_text(large)) == log_list{"text:" + large});
}

TEST_CASE("A compressed message comes in any fragments, with control frames between them") {
    deflate_fixture f;
    auto const codec = client_codec();
    std::string const text = prose(3000);
    std::string payload;
    REQUIRE(codec->deflate(text, payload));
    std::string whole;
    for (std::size_t at = 0; at < payload.size(); at += 37) {
        bool const last = at + 37 >= payload.size();
        std::string piece = client_frame(at == 0 ? ws::opcode::text : ws::opcode::continuation,
                                         payload.substr(at, 37), last);
        if (at == 0) piece[0] = static_cast<char>(piece[0] | 0x40);
        whole += piece + client_frame(ws::opcode::ping, "p");
    }
    for (std::size_t const step : {std::size_t{1}, std::size_t{13}, whole.size()}) {
        memory_client c = f.server.open("/ws", with_deflate);
        for (std::size_t at = 0; at < whole.size(); at += step) {
            c.send(std::string_view(whole).substr(at, step));
            f.server.run();
        }
        log_list const seen = f.read(c, *codec);
        CHECK(std::count(seen.begin(), seen.end(), "text:" + text) == 1);
    }
}

TEST_CASE("What breaks the rules of compressed messages closes the connection") {
    auto const closed = [](std::string_view extensions, std::string const& bytes) {
        deflate_fixture f({}, 4096);
        auto const codec = client_codec();
        memory_client c = f.server.open("/ws", extensions);
        log_list const seen = f.ask(c, *codec, bytes);
        return seen.empty() ? "" : seen.back();
    };
    auto const marked = [](std::string frame) {
        frame[0] = static_cast<char>(frame[0] | 0x40);
        return frame;
    };
    auto const codec = client_codec();
    std::string const text = support::client_text("x");
    CHECK(closed({}, marked(text)) == "close:1002");  // was not agreed on
    CHECK(closed(with_deflate, marked(client_frame(ws::opcode::ping, "x"))) == "close:1002");
    CHECK(closed(with_deflate, client_frame(ws::opcode::text, "x", false) +
                                   marked(client_frame(ws::opcode::continuation, "x"))) ==
          "close:1002");
    std::string reserved = text;
    reserved[0] = static_cast<char>(reserved[0] | 0x20);
    CHECK(closed(with_deflate, reserved) == "close:1002");
    CHECK(closed(with_deflate, marked(client_frame(ws::opcode::text, "\xff\xff\xff"))) ==
          "close:1007");
    CHECK(closed(with_deflate, marked(client_frame(ws::opcode::text, last_blocks(256)))) ==
          "plain:");
    CHECK(closed(with_deflate, marked(client_frame(ws::opcode::text, last_blocks(257)))) ==
          "close:1007");
    CHECK(closed(with_deflate, compressed_frame(*codec, std::string(4097, 'x'))) == "close:1009");
    CHECK(closed(with_deflate, compressed_frame(*codec, std::string(5'000'000, 'x'))) ==
          "close:1009");
    CHECK(closed(with_deflate, compressed_frame(*codec, std::string(2000, '\xff'))) ==
          "close:1007");
    CHECK(closed(with_deflate, compressed_frame(*codec, std::string(4096, 'x'))) ==
          "text:" + std::string(4096, 'x'));
    std::string const invalid(2000, '\xff');
    CHECK(closed(with_deflate, compressed_frame(*codec, invalid, ws::opcode::binary)) ==
          "binary:" + invalid);
}

TEST_CASE("A broadcast is compressed once for all that keep no context, and for each that does") {
    for (bool const keeps : {false, true}) {
        deflate_fixture f(keeps ? keeping_contexts() : ws::deflate_options());
        auto const of_first = client_codec(keeps ? keeping_contexts() : ws::deflate_options());
        auto const of_second = client_codec(keeps ? keeping_contexts() : ws::deflate_options());
        memory_client first = f.server.open("/ws", with_deflate);
        memory_client second = f.server.open("/ws", with_deflate);
        memory_client plain = f.server.open("/ws");
        std::string const text = prose(3000);
        for (int round = 0; round < 3; ++round) {
            ws::prepared_message const one(text);
            std::vector<ws::message> const parts{{text}, {"short"}, {text, true}};
            ws::prepared_message const three(parts);
            std::vector<ws::message> uncompressed = parts;
            uncompressed[1].compress = false;
            ws::prepared_message const as_they_are(uncompressed);
            asio::post(f.server.context, [&] {
                for (ws::connection const& c : f.all) {
                    c.send(one);
                    c.send(three);
                    c.send(as_they_are);
                }
            });
            f.server.run();
            log_list const expected{"text:" + text,   "text:" + text,  "plain:short",
                                    "binary:" + text, "plain:" + text, "plain:short",
                                    "plain:" + text};
            CHECK(f.read(first, *of_first) == expected);
            CHECK(f.read(second, *of_second) == expected);
            CHECK(f.server.frames(plain) == log_list{"text:" + text, "text:" + text, "text:short",
                                                     "binary:" + text, "text:" + text, "text:short",
                                                     "binary:" + text});
        }
    }
}

TEST_CASE("A message says whether it may be compressed, however it is sent") {
    deflate_fixture f;
    auto const codec = client_codec();
    memory_client c = f.server.open("/ws", with_deflate);
    std::string const text = prose(3000);
    asio::post(f.server.context, [&] {
        ws::connection const& to = f.all.front();
        ws::message m{text};
        m.compress = false;
        to.send(m);
        auto const write = [&](std::string& out) { out += text; };
        to.send_with(false, 10, write);
        to.send_with(false, 10, write, false);
        to.send_with(true, 100'000, write);
    });
    CHECK(f.read(c, *codec) ==
          log_list{"plain:" + text, "text:" + text, "plain:" + text, "binary:" + text});
}

TEST_CASE("Contexts are let go of when nothing is sent, and messages go on to refer to them") {
    ws::deflate_options const o = keeping_contexts();
    deflate_fixture f(o);
    auto const codec = client_codec(o);
    memory_client c = f.server.open("/ws", with_deflate);
    std::string const text = prose(20'000);
    for (int round = 0; round < 3; ++round) {
        CHECK(f.ask(c, *codec, compressed_frame(*codec, text)) == log_list{"text:" + text});
        f.server.pass_time(25s);
    }
}
