// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Socket.IO packets with attachments, of both parsers: what is decoded can be encoded, and is then
    decoded to the same packet again. The input is several messages; a byte 1 ends a text, a byte 2
    binary data.
*/

#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/socketio/parser.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace sio = httphooks::socketio;
using nlohmann::json;
using sio::packet_type;
using sio::parser;

namespace {

void require(bool so) {
    if (!so) std::abort();
}

bool is_event(sio::incoming const& p) {
    return p.type == packet_type::event;
}

/// Asks for all that can be asked for.
void read(sio::arguments const& args) {
    for (std::size_t i = 0; i < args.size() + 1; ++i) {
        auto const whole = args.get<int>(i);
        auto const real = args.get<double>(i);
        if (whole) require(real && *real == *whole);
        static_cast<void>(args.get<std::string>(i));
        static_cast<void>(args.get<std::optional<bool>>(i));
        static_cast<void>(args.get<sio::bytes>(i));
        static_cast<void>(args.text(i));
    }
    require(args.keep().to_json() == args.to_json());
}

/// Encodes a packet that has come, and decodes it again.
void repeat(parser kind, sio::incoming const& p, sio::decoder_limits const& limits) {
    sio::detail::payload data;
    sio::packet_header header{p.type, p.nsp, p.id};
    bool const is_array = is_event(p) || p.type == packet_type::ack;
    if (is_event(p))
        sio::detail::make_event_payload(data, p.event, p.args);
    else if (is_array)
        sio::detail::make_payload(data, p.args);
    else if (!p.args.empty())
        sio::detail::append_argument(data, p.args.json(0));
    if (data.attachments.size() > limits.attachments) return;
    bool const main = p.nsp.starts_with('/') && p.nsp.find(',') == p.nsp.npos;
    if (kind == parser::json && !main) return;
    sio::decoder decode(kind, limits);
    sio::incoming again;
    bool complete = false;
    auto const messages = sio::encode(kind, header, data);
    for (auto const& m : messages.packets()) {
        require(!complete);
        require(!decode.receive(m.data, m.binary, again, complete));
    }
    require(complete && again.type == p.type && again.nsp == p.nsp && again.id == p.id);
    require(again.event == p.event && again.args.size() == p.args.size());
    if (kind == parser::json) read(again.args);
}

void check(parser kind, std::string_view input) {
    sio::decoder_limits limits;
    limits.depth = 20;
    limits.bytes = 4096;
    sio::decoder decode(kind, limits);
    sio::incoming p;
    while (!input.empty()) {
        std::size_t const end = input.find_first_of("\1\2");
        std::string_view const message = input.substr(0, end);
        bool const binary = end != input.npos && input[end] == '\2';
        input.remove_prefix(end == input.npos ? input.size() : end + 1);
        if (!binary && !httphooks::detail::is_utf8(message)) return;
        bool complete = false;
        if (decode.receive(message, binary, p, complete)) return;
        if (!complete) continue;
        read(p.args);
        if (!is_event(p) || p.has_name) repeat(kind, p, limits);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const input(reinterpret_cast<char const*>(data), size);
    check(parser::json, input);
    check(parser::msgpack, input);
    sio::decoder decode(parser::msgpack);
    sio::incoming p;
    bool complete = false;
    if (!decode.receive(input, true, p, complete)) read(p.args);
    return 0;
}
