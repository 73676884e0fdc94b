// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Frames of a WebSocket: what is read does not depend on how the bytes are cut, texts are UTF-8,
    limits hold, and what was read can be written and read again.
*/

#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/websocket/frame.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace ws = httphooks::websocket;

namespace {

void require(bool so) {
    if (!so) std::abort();
}

struct event {
    int kind;
    std::string text;
    bool operator==(event const&) const = default;
};

struct recorder {
    std::size_t most;
    std::vector<event> seen{};

    bool on_message(ws::opcode op, std::string_view m) {
        require(op == ws::opcode::text || op == ws::opcode::binary);
        require(m.size() <= most);
        if (op == ws::opcode::text) require(httphooks::detail::is_utf8(m));
        return note(static_cast<int>(op), m);
    }
    bool on_ping(std::string_view p) { return note(9, p); }
    bool on_pong(std::string_view p) { return note(10, p); }
    bool on_close(ws::close_code c, std::string_view r) {
        require(c == ws::close_code::no_status || ws::may_be_sent(c));
        require(httphooks::detail::is_utf8(r));
        return note(100 + static_cast<int>(c), r);
    }

private:
    bool note(int kind, std::string_view text) {
        require(kind == 1 || kind == 2 || text.size() <= 125);
        seen.push_back({kind, std::string(text)});
        return true;
    }
};

struct outcome {
    std::vector<event> seen;
    ws::close_code failure;
    bool operator==(outcome const&) const = default;
};

outcome read(std::string_view bytes, std::size_t step, ws::role self,
             ws::message_limits const& limits) {
    ws::frame_reader reader;
    recorder sink{limits.size};
    std::string held;
    for (std::size_t at = 0; at < bytes.size() && reader.failure() == ws::close_code::none;
         at += step) {
        held.append(bytes.substr(at, step));
        std::size_t const used = reader.read(self, limits, held.data(), held.size(), sink);
        require(used <= held.size());
        held.erase(0, used);
        if (reader.failure() == ws::close_code::none)
            require(held.size() <= ws::frame_reader::most_left);
    }
    return {sink.seen, reader.failure()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    ws::role const self = data[0] & 1 ? ws::role::client : ws::role::server;
    ws::message_limits const limits{.size = data[0] & 2 ? 300u : 70'000u,
                                    .fragments = data[0] & 4 ? 3u : 0u};
    std::size_t const step = 1 + data[1];
    std::string_view const bytes(reinterpret_cast<char const*>(data) + 2, size - 2);
    outcome const whole = read(bytes, std::max<std::size_t>(bytes.size(), 1), self, limits);
    require(read(bytes, step, self, limits) == whole);
    require(read(bytes, 1, self, limits) == whole);

    ws::role const other = self == ws::role::server ? ws::role::client : ws::role::server;
    std::string again;
    for (event const& e : whole.seen) {
        if (e.kind >= 100) {
            ws::append_close(again, other, static_cast<ws::close_code>(e.kind - 100), e.text, 7);
        } else {
            ws::frame_builder b(again, other, step);
            again += e.text;
            b.finish(static_cast<ws::opcode>(e.kind), 0x01020304);
        }
    }
    outcome const twice = read(again, step, self, limits);
    require(twice.seen == whole.seen && twice.failure == ws::close_code::none);
    return 0;
}
