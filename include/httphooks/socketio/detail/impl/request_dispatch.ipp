// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/request_dispatch.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// The JSON of the member `id` of an object, as it came; empty if there is none.
inline std::string id_text(std::string_view object) {
    using namespace httphooks::detail;
    std::string_view id;
    json_scanner scanner(object, std::numeric_limits<std::size_t>::max());
    scanner.object([&id](json_slice const& name, json_slice const& value) {
        std::string plain;
        append_unescaped(plain, name);
        if (plain == "id") id = written(value);
        return true;
    });
    return std::string(id);
}

HTTPHOOKS_DECL error_code read_request(request& to, std::string& id, arguments const& args,
                                       std::size_t depth) {
    std::string_view found;
    if (auto const* const node = args.node(0)) {
        if (node->height > depth) return httphooks::error::invalid_envelope;
        error_code const ec = envelope::detail::decode_to(to, found, *node);
        id = found;
        return ec;
    }
    nlohmann::json object = args.json(0);
    if (!object.is_object()) return httphooks::error::invalid_envelope;
    if (args.packet()) id = id_text(args.packet_text(0));
    std::string body;
    if (auto const content = object.find("content"); content != object.end()) {
        body = binary_text(*content);
        if (content->is_binary()) object.erase(content);
    }
    payload plain;
    append_document(plain, object);
    // bytes are content or nothing
    if (!plain.attachments.empty()) return httphooks::error::invalid_envelope;
    error_code const ec = envelope::detail::decode_to(to, found, plain.text, depth);
    if (!args.packet()) id = found;
    if (!body.empty()) to.body() = std::move(body);
    return ec;
}

HTTPHOOKS_DECL void make_response_payload(payload& to, response& r, std::string_view id) {
    to.clear();
    to.text.push_back('[');
    if (httphooks::detail::is_utf8(r.body())) {
        envelope::encode(to.text, r, id);
    } else {
        std::string const bytes = std::exchange(r.body(), {});
        envelope::encode(to.text, r, id);
        // the content comes last
        to.text.resize(to.text.size() - std::string_view("\"\"}").size());
        append_bytes(to, bytes);
        to.text.push_back('}');
    }
    to.text.push_back(']');
}

HTTPHOOKS_DECL void request_dispatch::receive(arguments const& args, acknowledgement const& ack) {
    exchange_ptr ex = loop_->hooks->make_exchange(loop_->executor, this);
    std::string id;
    error_code const ec = read_request(ex->incoming(), id, args, depth_);
    if (ec && ec != httphooks::error::unknown_method) return refuse(ack, id);
    ex->origin() = origin_;
    if (ex->start()) return answer(ex, ack, id);
    under_way_.push_back({std::move(ex), ack, std::move(id)});
    if (under_way_.size() >= most_) set_paused(true);
}

inline void request_dispatch::refuse(acknowledgement const& ack, std::string_view id) {
    if (!ack) return;
    response reply = httphooks::detail::bad_envelope_reply(*loop_->hooks, origin_);
    scratch_payload out;
    make_response_payload(*out, reply, id);
    ack.answer(std::move(*out));
}

inline void request_dispatch::answer(exchange_ptr const& ex, acknowledgement const& ack,
                                             std::string_view id) {
    response reply = httphooks::detail::finished_reply(*ex, httphooks::detail::every_file);
    if (ack) {
        scratch_payload out;
        make_response_payload(*out, reply, id);
        ack.answer(std::move(*out));
    }
    ex->handed_over();
    httphooks::recycle(std::move(reply));
}

HTTPHOOKS_DECL void request_dispatch::on_reply(exchange& ex) noexcept {
    auto const it =
        std::ranges::find_if(under_way_, [&ex](entry const& e) { return e.journey.get() == &ex; });
    if (it == under_way_.end()) return;
    entry const done = std::move(*it);
    under_way_.erase(it);
    answer(done.journey, done.ack, done.id);
    if (under_way_.size() < most_) set_paused(false);
}

inline void request_dispatch::set_paused(bool b) {
    if (std::exchange(paused_, b) == b) return;
    if (b)
        connection_.pause();
    else
        connection_.resume();
}

HTTPHOOKS_DECL void request_dispatch::cancel() noexcept {
    std::vector<entry> const all = std::exchange(under_way_, {});
    for (entry const& e : all) e.journey->cancel();
    if (std::exchange(paused_, false)) connection_.resume();
}

}  // namespace httphooks::socketio::detail
