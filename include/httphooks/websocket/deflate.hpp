// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Compressed messages, permessage-deflate: what is wanted, what two sides agree on. No I/O.

    Who compresses is in websocket/zlib_deflate.hpp.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/websocket/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket {

/// What one side wants of compressed messages.
struct deflate_options {
    /// Bytes of a message, below which it is sent as it is; that of node.
    std::size_t threshold = 1024;
    /// 1, fast, to 9, small; -1 is zlib's default, which is 6.
    int level = -1;
    /// How much memory a compressor has, 1 to 9; 8 is 128 KiB. zlib's memLevel.
    int memory_level = 8;
    /// How far the server's messages refer back at most: a power of two, 9 to 15.
    int server_max_window_bits = 15;
    /// How far the client's messages refer back at most, 9 to 15.
    int client_max_window_bits = 15;
    /** The server's messages do not refer to earlier ones. Then its compressors are two a thread,
        one of them for messages below 2 KiB, and a broadcast is compressed once; else each
        connection has one, of some 256 KiB. */
    bool server_no_context_takeover = true;
    /// The same for the client's messages; a context is some 44 KiB on the side that reads.
    bool client_no_context_takeover = true;
};

/// What both sides have agreed on.
struct deflate_parameters {
    int server_max_window_bits = 15;
    int client_max_window_bits = 15;
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;

    bool operator==(deflate_parameters const&) const = default;
};

/// What a server answers to an offer.
struct deflate_acceptance {
    deflate_parameters parameters{};
    /// The value of Sec-WebSocket-Extensions.
    std::string reply{};
};

/** Chooses the first of a client's offers that can be accepted.
    @param extensions the values of Sec-WebSocket-Extensions, separated by commas
    @return nothing: none can, there is none, or the text is malformed
    @par Source
    RFC 7692 5.1, 7.1; RFC 6455 9.1 */
std::optional<deflate_acceptance> accept_deflate(std::string_view extensions,
                                                 deflate_options const& o);

/// What a client offers: the value of Sec-WebSocket-Extensions.
std::string offer_deflate(deflate_options const& o);

/** Reads a server's answer to offer_deflate(o).
    @param extensions as above; not empty
    @return error::not_offered: it says what was not offered, or less than was asked for
    @par Source
    RFC 7692 5.2, 7.1 */
result<deflate_parameters> read_deflate_reply(std::string_view extensions,
                                              deflate_options const& o);

/// How inflating has ended.
enum class inflate_result : std::uint8_t {
    done,
    /// The data are not what DEFLATE makes.
    broken,
    /// The message is longer than may be.
    too_big,
};

/** Compresses and decompresses the messages of one connection, on its thread.
    @par Source
    RFC 7692 7.2 */
class message_codec {
public:
    message_codec(message_codec const&) = delete;
    message_codec& operator=(message_codec const&) = delete;
    virtual ~message_codec() = default;

    /** Appends a message in its compressed form.
        @return false: it is to be sent as it is, and `out` is what it was */
    virtual bool deflate(std::string_view message, std::string& out) = 0;
    /** Appends a message that was compressed.
        @param most how many bytes it may have */
    virtual inflate_result inflate(std::string_view data, std::size_t most, std::string& out) = 0;
    /// Lets go of memory that the next message can do without. Called while nothing is sent.
    virtual void rest() noexcept = 0;

    /// Bytes of a message, below which it is sent as it is.
    std::size_t threshold() const noexcept { return threshold_; }
    /// Whether messages refer to earlier ones, in either direction.
    bool has_context() const noexcept { return has_context_; }
    /// Whether there was a message since this was asked last.
    bool take_used() noexcept { return std::exchange(used_, false); }
    /// Names what deflate() makes: codecs of one id make the same of a message. 0: none does.
    std::uint64_t id() const noexcept { return id_; }

protected:
    message_codec(std::size_t threshold, bool has_context, std::uint64_t id) noexcept
        : threshold_(threshold), id_(id), has_context_(has_context) {}

    /// For take_used().
    void note_use() noexcept { used_ = true; }

private:
    std::size_t const threshold_;
    std::uint64_t const id_;
    bool const has_context_;
    bool used_ = false;
};

/// Makes the codecs of connections; see zlib_deflate().
class message_deflate {
public:
    message_deflate(message_deflate const&) = delete;
    message_deflate& operator=(message_deflate const&) = delete;
    virtual ~message_deflate() = default;

    /// A codec for one side of a connection. On any thread.
    virtual std::unique_ptr<message_codec> make(role self,
                                                deflate_parameters const& agreed) const = 0;

    /// What is wanted.
    deflate_options const& options() const noexcept { return options_; }

protected:
    explicit message_deflate(deflate_options const& o) noexcept : options_(o) {}

private:
    deflate_options const options_;
};

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/deflate.ipp>
#endif
