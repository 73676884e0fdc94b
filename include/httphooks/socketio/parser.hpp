// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Socket.IO packets from and to the messages of Engine.IO, bytes included. No I/O.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/json/json_tape.hpp>
#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/packet.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio {

/// What a decoder takes.
struct decoder_limits {
    /// How deep objects and arrays may be nested in a payload.
    std::size_t depth = 200;
    /// How many attachments a packet may have.
    std::size_t attachments = 10;
    /// Bytes of a packet with its attachments, each as often as a placeholder stands for it.
    std::size_t bytes = 16 * 1024 * 1024;
    /// Bytes of a namespace's name.
    std::size_t namespace_length = 256;
};

/** A packet that has come, complete. It refers to the message that it came in, and is good until
    the next one is decoded; it stays where it is, for it refers to itself too. */
class incoming {
public:
    incoming() = default;
    incoming(incoming const&) = delete;
    incoming& operator=(incoming const&) = delete;

    /// Never one of the binary types.
    packet_type type = packet_type::event;
    /// The namespace; of old clients with a query.
    std::string_view nsp{};
    /// What an acknowledgement refers to.
    std::optional<std::uint64_t> id{};
    /// The name of an event; that of a number is its text.
    std::string_view event{};
    /// Whether there is a name: an event without any payload has none.
    bool has_name = false;
    /// What comes with an event or an acknowledgement; one argument or none for others.
    arguments args{};

private:
    friend class decoder;

    void add(httphooks::detail::json_node const& value) {
        if (count_ < few_.size()) {
            few_[count_++] = &value;
            return;
        }
        if (many_.empty()) many_.assign(few_.begin(), few_.end());
        many_.push_back(&value);
        ++count_;
    }
    httphooks::detail::json_node const* const* values() const noexcept {
        return count_ <= few_.size() ? few_.data() : many_.data();
    }

    httphooks::detail::json_tape tape_;
    std::array<httphooks::detail::json_node const*, 6> few_;
    std::vector<httphooks::detail::json_node const*> many_;
    std::size_t count_ = 0;
    std::string name_;
    std::string text_;
    std::shared_ptr<nlohmann::json const> document_;
};

/** Makes packets of the messages of one connection. Nothing is copied of a packet without
    attachments in JSON.

    @par Source
    Socket.IO protocol 5; where it is silent, socket.io-parser 4.2 */
class decoder {
public:
    explicit decoder(parser kind = parser::json, decoder_limits const& limits = {}) noexcept
        : limits_(limits), kind_(kind) {}

    /** Takes a message.
        @param to the packet, if there is one
        @param complete whether there is; not so when attachments are still to come
        @return what of the message is against the protocol: the connection is to be closed */
    error_code receive(std::string_view data, bool binary, incoming& to, bool& complete);

    /// Whether attachments of a packet are still to come.
    bool waiting() const noexcept { return pending_ != nullptr; }
    /// How many bytes of that packet are kept.
    std::size_t kept() const noexcept { return pending_ ? pending_->size : 0; }

private:
    struct pending {
        std::string text;
        std::vector<nlohmann::json::binary_t::container_type> attachments;
        std::size_t missing = 0;
        std::size_t size = 0;
    };

    inline error_code read_text(std::string_view text, incoming& to, bool& complete);
    inline error_code read_payload(incoming& to, packet_header const& header);
    inline error_code read_array(incoming& to, std::string_view payload);
    inline error_code read_name(incoming& to);
    inline error_code take_attachment(std::string_view data, incoming& to, bool& complete);
    inline error_code put_attachments(incoming& to, std::string_view payload, pending& all);
    inline error_code read_binary_packet(std::string_view data, incoming& to);
    inline error_code name_of_document(incoming& to, nlohmann::json const& array);

    decoder_limits limits_;
    std::unique_ptr<pending> pending_;
    parser kind_;
};

/** Appends a packet as a binary message of the msgpack parser.
    @param header its payload is JSON text
    @param attachments what the placeholders in it stand for */
void append_msgpack(std::string& to, packet_header const& header,
                    std::span<std::string const> attachments = {});

namespace detail {

/// Appends the messages of a packet: its own, and its attachments.
void append_messages(std::vector<engineio::packet>& to, parser kind, packet_header header,
                     std::span<std::string const> attachments);

}  // namespace detail

/** A packet as what a connection sends; the attachments follow it at once.
    @param header of a type that is not binary; its payload is not looked at */
engineio::prepared_message encode(parser kind, packet_header header, detail::payload const& data);

/// A packet whose payload is in the header.
engineio::prepared_message encode(parser kind, packet_header const& header);

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/parser.ipp>
#endif
