// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/prepared_message.hpp>

#include <httphooks/websocket/events.hpp>
#include <httphooks/websocket/frame.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket {

HTTPHOOKS_DECL prepared_message::prepared_message(std::string_view data, bool binary)
    : prepared_message(std::span<message const>(std::array{message{data, binary}})) {}

HTTPHOOKS_DECL prepared_message::prepared_message(std::span<message const> several) {
    std::size_t size = 0;
    for (message const& m : several) size += m.data.size() + 10;
    auto bytes = std::make_shared<std::string>();
    bytes->reserve(size);
    for (message const& m : several)
        append_frame(*bytes, role::server, m.binary ? opcode::binary : opcode::text, m.data);
    bytes_ = std::move(bytes);
}

}  // namespace httphooks::websocket
