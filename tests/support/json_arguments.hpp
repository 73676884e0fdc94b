// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Arguments of Socket.IO out of JSON text.
*/

#include <httphooks/detail/json/json_tape.hpp>
#include <httphooks/socketio/arguments.hpp>

#include "support/catch.hpp"

#include <string>
#include <utility>
#include <vector>

namespace support {

/// The elements of a JSON array as arguments.
struct json_arguments {
    explicit json_arguments(std::string array) : text(std::move(array)) {
        REQUIRE(tape.read(text, 200));
        each_element(tape.root(), [this](auto const& value) { values.push_back(&value); });
    }
    json_arguments(json_arguments const&) = delete;
    json_arguments& operator=(json_arguments const&) = delete;

    httphooks::socketio::arguments args() const { return {values.data(), values.size()}; }

    std::string text;
    httphooks::detail::json_tape tape{};
    std::vector<httphooks::detail::json_node const*> values{};
};

}  // namespace support
