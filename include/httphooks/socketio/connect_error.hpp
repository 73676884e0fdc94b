// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Why a client could not connect to a namespace.
*/

#include <httphooks/error.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace httphooks::socketio {

/// Why a client could not connect to a namespace; see client_socket::on_connect_error().
struct connect_error {
    /// In words: the server's, if it refused the client.
    std::string message{};
    /// What the server told besides; null: nothing.
    nlohmann::json data{};
    /// error::refused or error::invalid_namespace: the server refused. Else what is wrong with the
    /// connection.
    error_code code{};
};

}  // namespace httphooks::socketio
