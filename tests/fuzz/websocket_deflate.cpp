// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Compressed messages of a WebSocket: what is inflated has its limit, what is deflated comes back
    as it was, and what a server answers to an offer a client can read.
*/

#include <httphooks/websocket/zlib_deflate.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace ws = httphooks::websocket;

namespace {

void require(bool so) {
    if (!so) std::abort();
}

void negotiate(std::string_view text, ws::deflate_options const& o) {
    if (auto const accepted = ws::accept_deflate(text, o)) {
        ws::deflate_options any;
        any.server_no_context_takeover = any.client_no_context_takeover = false;
        auto const read = ws::read_deflate_reply(accepted->reply, any);
        require(read.has_value() && *read == accepted->parameters);
        require(accepted->parameters.server_max_window_bits <= o.server_max_window_bits);
    }
    (void)ws::read_deflate_reply(text, o);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    bool const keeps = (data[0] & 1) != 0;
    bool const rests = (data[0] & 2) != 0;
    std::size_t const most = data[0] & 4 ? 300u : 70'000u;
    std::size_t const step = 1 + data[1];
    std::string_view const bytes(reinterpret_cast<char const*>(data) + 2, size - 2);

    ws::deflate_options o;
    o.level = data[0] >> 4 & 7;
    o.server_max_window_bits = 9 + (data[0] >> 3 & 1) * 6;
    negotiate(bytes, o);

    ws::deflate_parameters const agreed{o.server_max_window_bits, 15, !keeps, !keeps};
    auto const maker = ws::zlib_deflate(o);
    auto const server = maker->make(ws::role::server, agreed);
    auto const client = maker->make(ws::role::client, agreed);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        std::string_view const piece = bytes.substr(at, step);
        std::string out;
        ws::inflate_result const r = server->inflate(piece, most, out);
        if (r == ws::inflate_result::done) require(out.size() <= most);
        if (r != ws::inflate_result::done) break;
        if (rests) server->rest();
    }
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        std::string_view const piece = bytes.substr(at, step);
        std::string sent;
        std::string out;
        if (!server->deflate(piece, sent)) continue;
        require(client->inflate(sent, piece.size(), out) == ws::inflate_result::done);
        require(out == piece);
        if (rests) client->rest();
    }
    return 0;
}
