// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What compresses and decompresses bodies; the compressors themselves are elsewhere. No I/O.
*/

#include <httphooks/config.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace httphooks::http {

/** Compresses one body after another, each as it comes.

    begin(), then any number of write() and flush(), then end(), or begin() again. What comes of it
    is appended.

    @par Thread safety
    One thread at a time. */
class content_encoder {
public:
    content_encoder() = default;
    content_encoder(content_encoder const&) = delete;
    content_encoder& operator=(content_encoder const&) = delete;
    virtual ~content_encoder() = default;

    /// Begins a body; what was there of another one is dropped.
    virtual void begin() = 0;
    /// Takes bytes of the body; what comes of them may come later.
    virtual void write(std::string_view bytes, std::string& out) = 0;
    /// Has all that was written come, so that it can be read as far as that.
    virtual void flush(std::string& out) = 0;
    /// Ends the body.
    virtual void end(std::string& out) = 0;
};

/// What became of compressed bytes.
enum class decoded : std::uint8_t {
    /// They were decompressed.
    good,
    /// They are not what they should be, or are no more.
    broken,
    /// There is more in them than is taken.
    too_big,
};

/** Decompresses one body after another, each as it comes.

    @par Thread safety
    One thread at a time. */
class content_decoder {
public:
    content_decoder() = default;
    content_decoder(content_decoder const&) = delete;
    content_decoder& operator=(content_decoder const&) = delete;
    virtual ~content_decoder() = default;

    /// Begins a body; what was there of another one is dropped.
    virtual void begin() = 0;
    /** Takes bytes of the body, and appends all that comes of them.
        @param most how many bytes may come of these; more are never made than that, and what the
            coding itself has to remember */
    virtual decoded write(std::string_view bytes, std::uint64_t most, std::string& out) = 0;
    /// Whether the body is whole.
    virtual bool whole() const noexcept = 0;
};

class content_coding;

namespace detail {

/// Gives an encoder or a decoder back, for the thread's next body.
struct coder_return {
    std::uint64_t key = 0;

    void operator()(content_encoder* e) const noexcept;
    void operator()(content_decoder* d) const noexcept;
};

}  // namespace detail

/// An encoder for one body; kept for another one when it goes.
using content_encoder_ptr = std::unique_ptr<content_encoder, detail::coder_return>;
/// A decoder for one body; kept for another one when it goes.
using content_decoder_ptr = std::unique_ptr<content_decoder, detail::coder_return>;

/** A way to compress bodies that has a name in Content-Encoding: gzip() and deflate() by zlib,
    brotli() by libbrotli, or one of your own.

    Encoders and decoders are reused: each thread keeps some that nobody uses.

    @par Thread safety
    Several threads may use it at once. */
class content_coding {
public:
    /// @param name a token, as "gzip"
    /// @throws std::invalid_argument it is none
    explicit content_coding(std::string name);
    content_coding(content_coding const&) = delete;
    content_coding& operator=(content_coding const&) = delete;
    virtual ~content_coding() = default;

    /// Its name in Content-Encoding and Accept-Encoding.
    std::string const& name() const noexcept { return name_; }

    /// An encoder at the beginning of a body.
    content_encoder_ptr encoder() const;
    /// A decoder at the beginning of a body.
    content_decoder_ptr decoder() const;

    /// Appends a whole body, compressed.
    void encode(std::string_view body, std::string& out) const;
    /** Appends a whole body, decompressed. `out` is of no use unless it is good.
        @param most how many bytes it may have */
    decoded decode(std::string_view body, std::uint64_t most, std::string& out) const;

protected:
    /// @throws std::bad_alloc there is no memory for it
    virtual std::unique_ptr<content_encoder> make_encoder() const = 0;
    /// @copydoc make_encoder
    virtual std::unique_ptr<content_decoder> make_decoder() const = 0;

private:
    std::string name_;
    /// Whose encoders and decoders are the same.
    std::uint64_t key_;
};

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/content_coding.ipp>
#endif
