// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/info.hpp>

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/options.hpp>

#include <cstdint>
#include <string>

namespace httphooks::sockjs {

HTTPHOOKS_DECL std::string info_text(options const& o, std::uint32_t entropy) {
    std::string text = "{\"websocket\":";
    text += o.websocket ? "true" : "false";
    text += ",\"origins\":[\"*:*\"],\"cookie_needed\":";
    text += o.jsessionid ? "true" : "false";
    text += ",\"entropy\":" + std::to_string(entropy);
    if (!o.base_url.empty()) {
        text += ",\"base_url\":";
        append_quoted(text, o.base_url);
    }
    text += ",\"transports\":[";
    if (o.websocket) text += "\"websocket\",";
    text += "\"xhr-streaming\",\"xhr-polling\",\"eventsource\"";
    if (o.script_transports) text += ",\"htmlfile\",\"jsonp-polling\"";
    text += "]}";
    return text;
}

HTTPHOOKS_DECL std::uint32_t info_entropy() {
    return httphooks::detail::random_bits::next();
}

}  // namespace httphooks::sockjs
