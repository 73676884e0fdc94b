// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/prepared_message.hpp>

#include <httphooks/sockjs/frame.hpp>
#include <httphooks/websocket/connection.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

HTTPHOOKS_DECL prepared_message::prepared_message(std::string_view text) {
    std::string quoted;
    append_quoted(quoted, text);
    websocket::prepared_message frame("a[" + quoted + ']');
    websocket::prepared_message raw(text, !httphooks::detail::is_utf8(text));
    forms_ = std::make_shared<forms const>(
        forms{std::string(text), std::move(quoted), std::move(frame), std::move(raw)});
}

}  // namespace httphooks::sockjs
