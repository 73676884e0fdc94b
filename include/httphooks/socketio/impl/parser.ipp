// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/parser.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/json/json_tape.hpp>
#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/binary_places.hpp>
#include <httphooks/socketio/detail/number_name.hpp>
#include <httphooks/socketio/detail/parse_json.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/detail/read_msgpack.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/packet.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

HTTPHOOKS_DECL error_code decoder::receive(std::string_view data, bool binary, incoming& to,
                                           bool& complete) {
    to.id.reset();
    to.event = {};
    to.has_name = false;
    to.args = {};
    to.count_ = 0;
    to.many_.clear();
    complete = false;
    if (binary && kind_ == parser::msgpack) {
        error_code const e = read_binary_packet(data, to);
        complete = !e;
        return e;
    }
    if (binary) return take_attachment(data, to, complete);
    if (pending_) return error::missing_attachment;
    if (kind_ == parser::msgpack) return error::bad_payload;
    return read_text(data, to, complete);
}

inline error_code decoder::read_text(std::string_view text, incoming& to, bool& complete) {
    packet_header header;
    if (error_code const e = read_packet(header, text, limits_.attachments)) return e;
    if (header.nsp.size() > limits_.namespace_length) return error::bad_namespace;
    to.type = header.type;
    to.nsp = header.nsp;
    to.id = header.id;
    if (error_code const e = read_payload(to, header)) return e;
    complete = header.attachments == 0;
    if (!is_binary(header.type)) return {};

    to.type = header.type == packet_type::binary_event ? packet_type::event : packet_type::ack;
    if (complete) {
        pending none;
        return put_attachments(to, header.payload, none);
    }
    if (text.size() > limits_.bytes) return error::too_large;
    pending_ = std::make_unique<pending>();
    pending_->text = text;
    pending_->missing = header.attachments;
    pending_->size = text.size();
    return {};
}

inline error_code decoder::read_payload(incoming& to, packet_header const& header) {
    std::string_view const payload = header.payload;
    if (payload.empty()) return {};
    switch (header.type) {
        case packet_type::event:
        case packet_type::binary_event:
            if (error_code const e = read_array(to, payload)) return e;
            return read_name(to);
        case packet_type::ack:
        case packet_type::binary_ack:
            if (error_code const e = read_array(to, payload)) return e;
            to.args = {to.values(), to.count_};
            return {};
        default:
            break;
    }
    bool const is_text = header.type == packet_type::connect_error && payload[0] == '"';
    if (payload[0] != '{' && !is_text) return error::bad_payload;
    if (!to.tape_.read(payload, limits_.depth)) return error::bad_payload;
    to.add(to.tape_.root());
    to.args = {to.values(), 1};
    return {};
}

inline error_code decoder::read_array(incoming& to, std::string_view payload) {
    if (payload[0] != '[') return error::bad_payload;
    if (to.tape_.read(payload, limits_.depth)) {
        each_element(to.tape_.root(), [&to](auto const& value) { to.add(value); });
        return {};
    }
    httphooks::detail::json_scanner deep(payload, std::numeric_limits<std::size_t>::max());
    httphooks::detail::json_slice all;
    return deep.value(all) && deep.at_end() ? error::too_deep : error::bad_payload;
}

inline error_code decoder::read_name(incoming& to) {
    using httphooks::detail::json_kind;
    if (to.count_ == 0) return error::bad_event_name;
    auto const& name = *to.values()[0];
    if (name.kind == json_kind::number) {
        to.name_ = detail::number_name(name.text);
        to.event = to.name_;
    } else if (name.kind != json_kind::string) {
        return error::bad_event_name;
    } else if (name.escaped) {
        to.name_.clear();
        httphooks::detail::append_unescaped(to.name_, name);
        to.event = to.name_;
    } else {
        to.event = name.text;
    }
    if (is_reserved_event(to.event)) return error::reserved_event;
    to.has_name = true;
    to.args = {to.values() + 1, to.count_ - 1};
    return {};
}

inline error_code decoder::take_attachment(std::string_view data, incoming& to,
                                                   bool& complete) {
    if (!pending_) return error::unexpected_attachment;
    if (data.size() > limits_.bytes - pending_->size) return error::too_large;
    pending_->size += data.size();
    pending_->attachments.emplace_back(data.begin(), data.end());
    if (--pending_->missing != 0) return {};

    auto const all = std::move(pending_);
    to.text_ = std::move(all->text);
    packet_header header;
    error_code e = read_packet(header, to.text_, limits_.attachments);
    to.nsp = header.nsp;
    to.id = header.id;
    to.type = header.type == packet_type::binary_event ? packet_type::event : packet_type::ack;
    if (!e) e = read_payload(to, header);
    if (!e) e = put_attachments(to, header.payload, *all);
    complete = !e;
    return e;
}

/// Makes a document of a payload that has been read, and puts the attachments into it.
inline error_code decoder::put_attachments(incoming& to, std::string_view payload,
                                                   pending& all) {
    if (payload.empty()) return {};
    auto packet = std::make_shared<detail::attached_packet>();
    if (!detail::parse_json(packet->document, payload)) return error::bad_payload;
    detail::binary_places found{all.attachments, {}};
    found.places.resize(all.attachments.size());
    found.room = limits_.bytes - std::min(all.size, limits_.bytes);
    if (!found.put(packet->document))
        return found.too_large ? error::too_large : error::bad_placeholder;
    packet->places = std::move(found.places);
    packet->text = payload;
    each_element(to.tape_.root(), [&](auto const& value) {
        std::string_view const text = written(value);
        packet->elements.push_back(
            std::string_view(packet->text)
                .substr(static_cast<std::size_t>(text.data() - payload.data()), text.size()));
    });
    std::size_t const first = to.type == packet_type::event ? 1 : 0;
    to.args = arguments(std::shared_ptr<detail::attached_packet const>(std::move(packet)), first);
    return {};
}

inline error_code decoder::name_of_document(incoming& to, nlohmann::json const& array) {
    if (array.empty()) return error::bad_event_name;
    nlohmann::json const& name = array.front();
    if (name.is_string())
        to.event = name.get_ref<std::string const&>();
    else if (name.is_number())
        to.event = to.name_ = detail::number_name(name.dump());
    else
        return error::bad_event_name;
    to.has_name = true;
    return is_reserved_event(to.event) ? error_code(error::reserved_event) : error_code();
}

inline error_code decoder::read_binary_packet(std::string_view data, incoming& to) {
    auto document = std::make_shared<nlohmann::json>();
    // the packet's own map is not the payload's
    if (!detail::read_msgpack(*document, data, limits_.depth + 1)) return error::bad_payload;
    if (!document->is_object()) return error::bad_payload;
    to.document_ = document;
    auto const type = document->find("type");
    if (type == document->end() || !type->is_number_unsigned() || type->get<std::uint64_t>() > 4)
        return error::unknown_type;
    to.type = static_cast<packet_type>(type->get<std::uint64_t>());
    auto const nsp = document->find("nsp");
    if (nsp == document->end() || !nsp->is_string()) return error::bad_namespace;
    to.nsp = nsp->get_ref<std::string const&>();
    if (to.nsp.size() > limits_.namespace_length) return error::bad_namespace;
    if (auto const id = document->find("id"); id != document->end() && !id->is_null()) {
        if (!id->is_number_unsigned()) return error::bad_id;
        to.id = id->get<std::uint64_t>();
    }
    auto const found = document->find("data");
    bool const is_array = to.type == packet_type::event || to.type == packet_type::ack;
    if (found == document->end() || found->is_null()) {
        bool const may_lack = to.type == packet_type::connect || to.type == packet_type::disconnect;
        return may_lack ? error_code() : error_code(error::bad_payload);
    }
    if (is_array) {
        if (!found->is_array()) return error::bad_payload;
        if (to.type == packet_type::event)
            if (error_code const e = name_of_document(to, *found)) return e;
        to.args = arguments(std::shared_ptr<nlohmann::json const>(document, &*found),
                            to.type == packet_type::event ? 1 : 0);
        return {};
    }
    bool const good = to.type == packet_type::connect_error
                          ? found->is_object() || found->is_string()
                          : to.type == packet_type::connect && found->is_object();
    if (!good) return error::bad_payload;
    auto one = nlohmann::json::array();
    one.push_back(std::move(*found));
    to.args = arguments(std::make_shared<nlohmann::json const>(std::move(one)), 0);
    return {};
}

HTTPHOOKS_DECL void append_msgpack(std::string& to, packet_header const& header,
                                   std::span<std::string const> attachments) {
    nlohmann::json packet;
    packet["type"] = static_cast<int>(header.type);
    packet["nsp"] = header.nsp;
    if (header.id) packet["id"] = *header.id;
    if (!header.payload.empty()) packet["data"] = detail::document_of(header.payload, attachments);
    nlohmann::json::to_msgpack(packet, to);
}

namespace detail {

HTTPHOOKS_DECL void append_messages(std::vector<engineio::packet>& to, parser kind,
                                    packet_header header,
                                    std::span<std::string const> attachments) {
    std::string& text = to.emplace_back().data;
    if (kind == parser::msgpack) {
        to.back().binary = true;
        return append_msgpack(text, header, attachments);
    }
    if (!attachments.empty()) {
        header.type =
            header.type == packet_type::event ? packet_type::binary_event : packet_type::binary_ack;
        header.attachments = attachments.size();
    }
    text.reserve(header.nsp.size() + header.payload.size() + 32);
    append_packet(text, header);
    for (std::string const& a : attachments)
        to.push_back({engineio::packet_type::message, true, a});
}

inline engineio::prepared_message encode_packet(parser kind, packet_header const& header,
                                                std::span<std::string const> attachments) {
    std::vector<engineio::packet> messages;
    messages.reserve(1 + attachments.size());
    append_messages(messages, kind, header, attachments);
    return engineio::prepared_message(std::move(messages));
}

}  // namespace detail

HTTPHOOKS_DECL engineio::prepared_message encode(parser kind, packet_header header,
                                                 detail::payload const& data) {
    header.payload = data.text;
    return detail::encode_packet(kind, header, data.attachments);
}

HTTPHOOKS_DECL engineio::prepared_message encode(parser kind, packet_header const& header) {
    return detail::encode_packet(kind, header, {});
}

}  // namespace httphooks::socketio
