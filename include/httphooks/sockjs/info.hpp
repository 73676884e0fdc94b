// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a server tells clients before they choose a transport.
*/

#include <httphooks/config.hpp>
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

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/info.ipp>
#endif
