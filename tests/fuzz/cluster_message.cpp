// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    What other servers of a cluster send: what is read can be written, and is then read as the same
    again. The first byte says by whom it is read.
*/

#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/msgpack_payload.hpp>
#include <httphooks/socketio/detail/redis_codec.hpp>
#include <httphooks/socketio/detail/unwanted.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/idle_link.hpp"

namespace sio = httphooks::socketio;
namespace sd = httphooks::socketio::detail;

namespace {

void require(bool so) {
    if (!so) std::abort();
}

/// Whether both say the same; of sockets and numbers the text may differ.
void require_alike(sio::cluster_message const& a, sio::cluster_message const& b) {
    require(a.type == b.type && a.nsp == b.nsp && a.request_id == b.request_id);
    require(a.rooms == b.rooms && a.close == b.close && a.client_count == b.client_count);
    require(a.to.rooms == b.to.rooms && a.to.except == b.to.except);
    require(a.to.flags.volatile_ == b.to.flags.volatile_ &&
            a.to.flags.compress == b.to.flags.compress);
    require(a.sockets.size() == b.sockets.size());
    require(a.packet.attachments.size() <= 4096);
    require(httphooks::detail::is_utf8(a.packet.text));
}

/// Makes the documents that are made late.
void look_at(std::vector<sio::socket_description> const& sockets) {
    for (auto const& s : sockets) {
        sd::payload text;
        s.handshake.append_to(text);
        s.data.append_to(text);
        require(s.handshake.get().size() + s.data.get().size() <= text.text.size());
    }
}

void check_message(std::string_view bytes) {
    auto const m = sio::decode_cluster_message(bytes);
    if (!m) return;
    look_at(m->sockets);
    auto const again = sio::decode_cluster_message(encode(*m));
    if (!again) {
        // bytes beside the packet are not written again, which may make the nesting deeper
        require(!m->packet.attachments.empty());
        return;
    }
    require_alike(*m, *again);
    sio::cluster_message apart;
    apart.type = m->type;
    apart.uid = m->uid;
    apart.nsp = m->nsp;
    require(!decode_data(apart, encode_data(*m).text) || !m->packet.attachments.empty());
}

void check_redis(std::string_view bytes) {
    sio::cluster_message m;
    if (sd::read_redis_broadcast(m, bytes)) {
        sio::cluster_message again;
        if (m.packet.attachments.empty()) {
            require(sd::read_redis_broadcast(again, sd::encode_redis_broadcast(m)));
            require_alike(m, again);
        }
    }
    sio::cluster_message request;
    std::optional<sd::redis_question> old;
    if (sd::read_redis_request(request, old, bytes) && !old && request.packet.attachments.empty()) {
        sio::cluster_message again;
        require(sd::read_redis_request(again, old, sd::encode_redis_request(request)));
        again.nsp = request.nsp;
        require_alike(request, again);
    }
    static_cast<void>(sd::peek_redis_question(bytes));
    sio::cluster_message response;
    if (!sd::read_redis_response(response, bytes)) return;
    look_at(response.sockets);
    if (response.type == sio::cluster_message_type::broadcast_ack) {
        sio::cluster_message again;
        require(sd::read_redis_response(again, sd::encode_redis_response(response)));
        require(again.request_id == response.request_id);
        require(again.packet.attachments.size() <= response.packet.attachments.size());
    } else if (response.packet.attachments.empty()) {
        static_cast<void>(sd::encode_redis_response(response));
    }
}

/// A server that counts which rooms it is asked for.
struct empty_link final : support::idle_link {
    bool concerns(std::string_view) override {
        ++asked;
        return false;
    }

    int asked = 0;
};

void check_unwanted(std::string_view bytes) {
    empty_link here;
    require(!sd::is_unwanted(bytes, here) || here.asked > 0);
    here.asked = 0;
    require(!sd::is_unwanted_broadcast(bytes, here) || here.asked > 0);
}

void check_payload(std::string_view bytes) {
    sd::payload p;
    if (!sd::read_msgpack(p, bytes, 20)) return;
    std::string packed;
    require(sd::append_msgpack(packed, p));
    sd::payload again;
    require(sd::read_msgpack(again, packed, 20));
    require(again.attachments == p.attachments);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const input(reinterpret_cast<char const*>(data), size);
    check_message(input);
    check_redis(input);
    check_unwanted(input);
    check_payload(input);
    return 0;
}
