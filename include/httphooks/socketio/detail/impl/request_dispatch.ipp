// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/request_dispatch.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/detail/json/stream_message.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/detail/registry/message_streams.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/engineio/detail/live_session.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/live_socket.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
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

HTTPHOOKS_DECL void make_stream_payload(payload& to, std::string_view event,
                                        httphooks::detail::stream_message const& m) {
    to.clear();
    if (event.empty()) {
        begin_payload(to);
    } else {
        begin_event(to, event);
        separate_argument(to);
    }
    if (httphooks::detail::is_utf8(m.content)) {
        httphooks::detail::append_stream_message(to.text, m);
    } else {
        std::string const none;
        httphooks::detail::append_stream_message(
            to.text, {m.id, m.head, m.trailers, m.failed, m.more, none});
        // the content comes last
        to.text.resize(to.text.size() - std::string_view("\"\"}").size());
        append_bytes(to, m.content);
        to.text.push_back('}');
    }
    end_payload(to);
}

HTTPHOOKS_DECL request_dispatch::request_dispatch(
    std::shared_ptr<httphooks::detail::message_loop> loop, origin from,
    std::weak_ptr<live_socket> of, engineio::connection below,
    std::shared_ptr<dispatch_options const> o)
    : loop_(std::move(loop)),
      origin_(std::move(from)),
      socket_(std::move(of)),
      connection_(std::move(below)),
      options_(std::move(o)) {}

inline std::size_t request_dispatch::in_flight() const noexcept {
    return under_way_.size() + (streams_ ? streams_->size() : 0);
}

HTTPHOOKS_DECL void request_dispatch::receive(arguments const& args, acknowledgement const& ack) {
    exchange_ptr ex = loop_->hooks->make_exchange(loop_->executor, this);
    std::string id;
    error_code const ec = read_request(ex->incoming(), id, args, options_->depth);
    ex->origin() = origin_;
    if (ec && ec != httphooks::error::unknown_method) {
        httphooks::detail::refuse_message(*ex, ec);
        return answer(ex, ack, id);
    }
    if (options_->stream_messages && ack && !id.empty()) [[unlikely]]
        ex->take_streams();
    if (ex->start())
        answer(ex, ack, id);
    else
        under_way_.push_back({std::move(ex), ack, std::move(id)});
    if (in_flight() >= options_->in_flight) set_paused(true);
}

inline void request_dispatch::answer(exchange_ptr const& ex, acknowledgement const& ack,
                                     std::string_view id) {
    response reply = httphooks::detail::finished_reply(*ex, httphooks::detail::every_file);
    if (!reply.body().is_text()) [[unlikely]]
        return begin_stream(*ex, reply, ack, id);
    if (ack) {
        scratch_payload out;
        make_response_payload(*out, reply, id);
        ack.answer(std::move(*out));
    }
    ex->handed_over();
    httphooks::recycle(std::move(reply));
}

/// Who writes the stream begins behind the response-listeners.
inline void request_dispatch::begin_stream(exchange& ex, response const& reply,
                                           acknowledgement const& ack, std::string_view id) {
    ex.watch(*reply.body().stream());
    ex.handed_over();
    if (!streams_) {
        httphooks::detail::stream_carrier& carrier = *this;
        streams_ = std::make_shared<httphooks::detail::message_streams>(carrier, loop_->executor);
    }
    streams_->begin(reply, id, [this, ack](httphooks::detail::stream_message const& m) {
        return send(m, ack);
    });
}

/// The last message of a stream is the acknowledgement, those before it are events.
inline bool request_dispatch::send(httphooks::detail::stream_message const& m,
                                   acknowledgement const& ack) {
    auto const s = socket_.lock();
    if (!s) return false;
    scratch_payload out;
    make_stream_payload(*out, m.more ? std::string_view(options_->stream_event) : "", m);
    if (m.more) return s->emit_now(*out);
    ack.answer(std::move(*out));
    return true;
}

HTTPHOOKS_DECL std::size_t request_dispatch::waiting() const noexcept {
    return connection_.buffered_amount();
}

HTTPHOOKS_DECL std::size_t request_dispatch::limit() const noexcept {
    engineio::options const& o = connection_.session()->settings();
    return o.queue_packets < 1024 ? 0 : o.queue_bytes;
}

HTTPHOOKS_DECL void request_dispatch::expect_drain() {
    connection_.session()->await_drain(weak_from_this());
}

HTTPHOOKS_DECL void request_dispatch::on_drained() noexcept {
    if (streams_) streams_->on_drain();
}

HTTPHOOKS_DECL void request_dispatch::on_stream_over() noexcept {
    if (in_flight() < options_->in_flight) set_paused(false);
}

HTTPHOOKS_DECL void request_dispatch::on_reply(exchange& ex) noexcept {
    auto const it =
        std::ranges::find_if(under_way_, [&ex](entry const& e) { return e.journey.get() == &ex; });
    if (it == under_way_.end()) return;
    entry const done = std::move(*it);
    under_way_.erase(it);
    answer(done.journey, done.ack, done.id);
    if (in_flight() < options_->in_flight) set_paused(false);
}

inline void request_dispatch::set_paused(bool b) {
    if (std::exchange(paused_, b) == b) return;
    engineio::detail::live_session& below = *connection_.session();
    b ? below.pause_until_gone() : below.resume_until_gone();
}

HTTPHOOKS_DECL void request_dispatch::cancel() noexcept {
    std::vector<entry> const all = std::exchange(under_way_, {});
    for (entry const& e : all) e.journey->cancel();
    if (auto const streams = std::exchange(streams_, nullptr)) streams->cancel();
    set_paused(false);
}

}  // namespace httphooks::socketio::detail
