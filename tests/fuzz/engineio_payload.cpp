// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Engine.IO payloads of both revisions: what is decoded can be encoded, and is then decoded to the
    same packets again.
*/

#include <httphooks/engineio/payload.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace engineio = httphooks::engineio;
using engineio::packet;
using engineio::revision;

namespace {

void require(bool so) {
    if (!so) std::abort();
}

httphooks::error_code decode(std::vector<packet>& to, std::string_view body, revision r,
                             bool binary) {
    return engineio::decode_payload(body, r, binary, [&to](engineio::packet_view p) {
        to.push_back({p.type, p.binary, std::string(p.data)});
        return true;
    });
}

bool same(std::vector<packet> const& a, std::vector<packet> const& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i].type != b[i].type || a[i].binary != b[i].binary || a[i].data != b[i].data)
            return false;
    return true;
}

/// Whether a text survives in a payload of revision 4: it has no separator.
bool is_plain(std::vector<packet> const& packets) {
    for (packet const& p : packets)
        if (!p.binary && p.data.find('\x1e') != std::string::npos) return false;
    return true;
}

void check(std::string_view body, revision r, bool binary) {
    std::vector<packet> packets;
    if (decode(packets, body, r, binary)) return;
    require(packets.size() <= body.size());
    if (packets.empty() || (r == revision::v4 && !is_plain(packets))) return;
    for (bool const bytes : {false, true}) {
        auto const out = engineio::encode_payload(packets, r, bytes);
        std::vector<packet> again;
        require(!decode(again, out.body, r, out.binary));
        require(same(packets, again));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const body(reinterpret_cast<char const*>(data), size);
    check(body, revision::v4, false);
    check(body, revision::v3, false);
    check(body, revision::v3, true);
    engineio::packet_view p;
    for (revision const r : {revision::v3, revision::v4})
        for (bool const binary : {false, true})
            if (!engineio::read_frame(p, body, binary, r)) {
                std::string frame;
                engineio::append_frame(frame, p, r);
                require(frame == body);
            }
    return 0;
}
