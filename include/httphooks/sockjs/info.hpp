// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a server tells clients before they choose a transport.
*/

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/options.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::sockjs {

/** The text of `/info`: JSON.
    @param entropy 32 random bits, other ones each time
    @par Source
    SockJS 0.3.3, info test; `base_url` is sockjs-node's, `transports` names what there is */
std::string info_text(options const& o, std::uint32_t entropy);

/// Random bits for info_text(), from the system.
std::uint32_t info_entropy();

// ---------------------------------------------------------------------------------------------

inline std::string info_text(options const& o, std::uint32_t entropy) {
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

inline std::uint32_t info_entropy() {
    return httphooks::detail::random_bits::next();
}

}  // namespace httphooks::sockjs
