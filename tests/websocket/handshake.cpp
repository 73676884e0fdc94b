// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/websocket/detail/sha1.hpp>
#include <httphooks/websocket/handshake.hpp>

#include "support/catch.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace ws = httphooks::websocket;
using hh::field;
using hh::status;

namespace {

constexpr std::string_view sample_key = "dGhlIHNhbXBsZSBub25jZQ==";

hh::request handshake() {
    return ws::make_handshake("/chat", "example.org", sample_key);
}

hh::request with(field name, std::string_view value) {
    hh::request r = handshake();
    r.set(name, value);
    return r;
}

hh::request without(field name) {
    hh::request r = handshake();
    r.erase(name);
    return r;
}

status answer(hh::request const& r, ws::handshake_options const& o = {}) {
    ws::handshake_reply const reply = ws::accept(r, o);
    CHECK(reply.accepted == (reply.message.result() == status::switching_protocols));
    return reply.message.result();
}

}  // namespace

TEST_CASE("The accept key is that of the protocol's own example") {
    CHECK(ws::accept_key(sample_key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("SHA-1 gives the digests of its standard") {
    auto const hex = [](std::string const& bytes) {
        std::string out;
        for (char const byte : bytes) {
            auto const c = static_cast<unsigned char>(byte);
            out += "0123456789abcdef"[c >> 4];
            out += "0123456789abcdef"[c & 15];
        }
        return out;
    };
    CHECK(hex(ws::detail::sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hex(ws::detail::sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(ws::detail::sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK(hex(ws::detail::sha1(std::string(1'000'000, 'a'))) ==
          "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST_CASE("A handshake is accepted") {
    ws::handshake_reply const reply = ws::accept(handshake());
    CHECK(reply.accepted);
    CHECK(reply.message.result() == status::switching_protocols);
    CHECK(reply.message[field::upgrade] == "websocket");
    CHECK(reply.message[field::sec_websocket_accept] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(reply.message.count(field::sec_websocket_protocol) == 0);
    CHECK(reply.message.count(field::sec_websocket_extensions) == 0);
}

TEST_CASE("Tokens of Upgrade and Connection may stand in lists, in any case") {
    CHECK(answer(with(field::upgrade, "foo/2, WebSocket")) == status::switching_protocols);
    CHECK(answer(with(field::connection, "keep-alive, UPGRADE")) == status::switching_protocols);
}

TEST_CASE("An offer of compression is not taken") {
    auto const r = with(field::sec_websocket_extensions,
                        "permessage-deflate; client_max_window_bits, x-other");
    ws::handshake_reply const reply = ws::accept(r);
    CHECK(reply.accepted);
    CHECK(reply.message.count(field::sec_websocket_extensions) == 0);
}

TEST_CASE("Every refusal says what is wrong") {
    hh::request post = handshake();
    post.method(hh::verb::post);
    CHECK(answer(post) == status::method_not_allowed);
    CHECK(ws::accept(post).message[field::allow] == "GET");

    hh::request old = handshake();
    old.version(10);
    CHECK(answer(old) == status::bad_request);

    CHECK(answer(without(field::upgrade)) == status::upgrade_required);
    CHECK(ws::accept(without(field::upgrade)).message[field::upgrade] == "websocket");
    CHECK(answer(with(field::upgrade, "h2c")) == status::upgrade_required);
    CHECK(answer(with(field::upgrade, "websockets")) == status::upgrade_required);
    CHECK(answer(without(field::connection)) == status::bad_request);
    CHECK(answer(with(field::connection, "close")) == status::bad_request);

    CHECK(answer(without(field::sec_websocket_key)) == status::bad_request);
    for (auto const* key :
         {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZSE=",
          "dGhlIHNhbXBsZSBub25jZ!==", "dGhlIHNhbXBsZSBub25jZQ=Q", "dGhlIHNhbXBsZSBub25jZQ",
          "dGhlIHNh bXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=====", "dGhlIHNh-XBsZSBub25jZQ=="})
        CHECK(answer(with(field::sec_websocket_key, key)) == status::bad_request);
    hh::request two = handshake();
    two.insert(field::sec_websocket_key, sample_key);
    CHECK(answer(two) == status::bad_request);

    CHECK(answer(without(field::sec_websocket_version)) == status::bad_request);
    CHECK(answer(with(field::sec_websocket_version, "x")) == status::bad_request);
    for (auto const* version : {"8", "7", "14", "0", "255"}) {
        auto const reply = ws::accept(with(field::sec_websocket_version, version));
        CHECK(reply.message.result() == status::upgrade_required);
        CHECK(reply.message[field::sec_websocket_version] == "13");
    }
    CHECK(answer(with(field::sec_websocket_protocol, "a, b c")) == status::bad_request);
    CHECK(answer(with(field::sec_websocket_protocol, "a,,b")) == status::bad_request);
}

TEST_CASE("The first subprotocol of the client's that the server speaks is chosen") {
    ws::handshake_options o;
    o.subprotocols = {"v1", "v2"};
    auto const r = with(field::sec_websocket_protocol, "v9, v2 ,v1");
    ws::handshake_reply const reply = ws::accept(r, o);
    CHECK(reply.accepted);
    CHECK(reply.subprotocol == "v2");
    CHECK(reply.message[field::sec_websocket_protocol] == "v2");
    CHECK(ws::accept(with(field::sec_websocket_protocol, "v9"), o).subprotocol.empty());
    CHECK(ws::accept(with(field::sec_websocket_protocol, "V2"), o).subprotocol.empty());

    hh::request fields = with(field::sec_websocket_protocol, "v9");
    fields.insert(field::sec_websocket_protocol, "v1");
    CHECK(ws::accept(fields, o).subprotocol == "v1");
}

TEST_CASE("A function may choose the subprotocol") {
    ws::handshake_options o;
    o.subprotocols = {"v1"};
    std::size_t asked = 0;
    o.select = [&](std::vector<std::string_view> const& offered, hh::request const& r) {
        ++asked;
        CHECK(r.target() == "/chat");
        CHECK(offered == std::vector<std::string_view>{"v9", "v2", "v1"});
        return std::string(offered[asked]);
    };
    auto const r = with(field::sec_websocket_protocol, "v9, v2 ,v1");
    ws::handshake_reply const reply = ws::accept(r, o);
    CHECK(reply.accepted);
    CHECK(reply.subprotocol == "v2");
    CHECK(reply.message[field::sec_websocket_protocol] == "v2");
    CHECK(ws::accept(r, o).subprotocol == "v1");
    CHECK(ws::accept(handshake(), o).accepted);
    CHECK(asked == 2);
    for (std::string const none : {"", "v3", "V1"}) {
        o.select = [none](auto const&, auto const&) { return none; };
        ws::handshake_reply const without_one = ws::accept(r, o);
        CHECK(without_one.accepted);
        CHECK(without_one.subprotocol.empty());
        CHECK(without_one.message.count(field::sec_websocket_protocol) == 0);
    }
    CHECK(answer(with(field::sec_websocket_protocol, "a, b c"), o) == status::bad_request);
}

TEST_CASE("A function that throws refuses the client") {
    ws::handshake_options o;
    o.select = [](auto const&, auto const&) -> std::string { throw std::runtime_error("no"); };
    CHECK(answer(handshake(), o) == status::switching_protocols);
    CHECK(answer(with(field::sec_websocket_protocol, "a"), o) == status::internal_server_error);
    o.check_origin = [](auto const&, auto const&) -> bool { throw 1; };
    CHECK(answer(handshake(), o) == status::internal_server_error);
}

TEST_CASE("A key may have bits left over") {
    for (std::string_view const key :
         {"AQIDBAUGBwgJCgsMDQ4PEC==", "dGhlIHNhbXBsZSBub25jZf==", "/+/+/+/+/+/+/+/+/+/+/+=="})
        CHECK(answer(with(field::sec_websocket_key, key)) == status::switching_protocols);
    CHECK(ws::accept(with(field::sec_websocket_key, "AQIDBAUGBwgJCgsMDQ4PEC=="))
              .message[field::sec_websocket_accept] == ws::accept_key("AQIDBAUGBwgJCgsMDQ4PEC=="));
}

TEST_CASE("Pages of other origins may not connect unless they are named") {
    CHECK(answer(with(field::origin, "https://example.org")) == status::switching_protocols);
    CHECK(answer(with(field::origin, "https://Example.org")) == status::switching_protocols);
    for (auto const* origin :
         {"https://evil.example", "null", "https://example.org:8443", "example.org", ""})
        CHECK(answer(with(field::origin, origin)) == status::forbidden);

    ws::handshake_options named;
    named.origins = {"https://a.example", "https://b.example"};
    CHECK(answer(with(field::origin, "https://b.example"), named) == status::switching_protocols);
    CHECK(answer(with(field::origin, "https://example.org"), named) == status::forbidden);
    CHECK(answer(handshake(), named) == status::switching_protocols);

    ws::handshake_options any;
    any.origins = {"*"};
    CHECK(answer(with(field::origin, "null"), any) == status::switching_protocols);

    hh::request two = with(field::origin, "https://example.org");
    two.insert(field::origin, "https://evil.example");
    CHECK(answer(two) == status::forbidden);
}

TEST_CASE("The page's own origin has the scheme's port, named or not") {
    auto const own = [](std::string_view host, std::string_view origin, bool tls = false) {
        hh::request r = with(field::origin, origin);
        r.set(field::host, host);
        return ws::accept(r, {}, tls).accepted;
    };
    CHECK(own("h:443", "https://h"));
    CHECK(own("h", "https://h:443"));
    CHECK(own("h:80", "http://h"));
    CHECK(own("h", "http://h:80"));
    CHECK(own("[::1]:443", "https://[::1]"));
    CHECK(own("h:8443", "https://h:8443"));
    CHECK_FALSE(own("h:80", "https://h"));
    CHECK_FALSE(own("h:443", "http://h"));
    CHECK_FALSE(own("h:8443", "https://h"));
    CHECK_FALSE(own("h", "https://h:80"));
    CHECK_FALSE(own("h", "ftp://h"));
}

TEST_CASE("A client that came by TLS has a page that did so, too") {
    auto const reply = [](std::string_view origin, bool tls) {
        return ws::accept(with(field::origin, origin), {}, tls).message.result();
    };
    CHECK(reply("https://example.org", true) == status::switching_protocols);
    CHECK(reply("http://example.org", true) == status::forbidden);
    CHECK(reply("https://example.org", false) == status::switching_protocols);
    CHECK(reply("http://example.org", false) == status::switching_protocols);
}

TEST_CASE("The application may decide about origins itself") {
    ws::handshake_options o;
    o.check_origin = [](std::string_view origin, hh::request const& r) {
        return !origin.empty() && r.target() == "/chat";
    };
    CHECK(answer(handshake(), o) == status::forbidden);
    CHECK(answer(with(field::origin, "https://evil.example"), o) == status::switching_protocols);
}

TEST_CASE("Long adversarial values are answered in linear time") {
    std::string const commas(8192, ',');
    std::string quotes;
    while (quotes.size() < 8192) quotes += "\"\\,;";
    for (auto const name : {field::sec_websocket_protocol, field::sec_websocket_extensions,
                            field::sec_websocket_key, field::sec_websocket_version})
        for (std::string const& value : {commas, quotes})
            CHECK(static_cast<unsigned>(answer(with(name, value))) <= 400);
}

TEST_CASE("A client checks what the server answers") {
    std::string chosen;
    auto const check = [&chosen](hh::response const& r) {
        return ws::check_reply(r, sample_key, {"v1", "v2"}, chosen);
    };
    hh::response good = ws::accept(handshake()).message;
    good.set(field::connection, "Upgrade");
    CHECK_FALSE(check(good));
    CHECK(chosen.empty());

    hh::response chose = good;
    chose.set(field::sec_websocket_protocol, "v2");
    CHECK_FALSE(check(chose));
    CHECK(chosen == "v2");
    chose.set(field::sec_websocket_protocol, "v3");
    CHECK(check(chose) == ws::error::not_offered);

    hh::response bad = good;
    bad.set(field::sec_websocket_accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=");
    CHECK(check(bad) == ws::error::bad_accept);
    bad = good;
    bad.erase(field::upgrade);
    CHECK(check(bad) == ws::error::bad_handshake);
    CHECK(check(hh::make_response(status::ok)) == ws::error::refused);
    CHECK(hh::error_code(ws::error::refused).message() == "the server refused the WebSocket");
}

TEST_CASE("Keys are 16 random bytes") {
    std::string const a = ws::make_key();
    std::string const b = ws::make_key();
    CHECK(ws::detail::is_key(a));
    CHECK(a != b);
}
