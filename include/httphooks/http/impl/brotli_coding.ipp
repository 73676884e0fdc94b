// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/brotli_coding.hpp>

#include <httphooks/detail/system/brotli_memory.hpp>

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace httphooks::http {

namespace detail {

inline std::uint8_t const* brotli_bytes(std::string_view s) noexcept {
    return reinterpret_cast<std::uint8_t const*>(s.data());
}

inline void append_brotli(std::string& out, std::uint8_t const* bytes, std::size_t n) {
    if (n > 0) out.append(reinterpret_cast<char const*>(bytes), n);
}

class brotli_encoder final : public content_encoder {
public:
    explicit brotli_encoder(int quality) : quality_(static_cast<std::uint32_t>(quality)) {}

    HTTPHOOKS_DECL void begin() override;
    HTTPHOOKS_DECL void write(std::string_view bytes, std::string& out) override {
        run(BROTLI_OPERATION_PROCESS, bytes, out);
    }
    HTTPHOOKS_DECL void flush(std::string& out) override { run(BROTLI_OPERATION_FLUSH, {}, out); }
    HTTPHOOKS_DECL void end(std::string& out) override {
        run(BROTLI_OPERATION_FINISH, {}, out);
        state_.reset();
    }

private:
    struct destroy {
        void operator()(BrotliEncoderState* s) const noexcept { BrotliEncoderDestroyInstance(s); }
    };

    inline void run(BrotliEncoderOperation what, std::string_view bytes, std::string& out);

    std::uint32_t const quality_;
    httphooks::detail::brotli_memory memory_{};
    std::unique_ptr<BrotliEncoderState, destroy> state_{};
};

HTTPHOOKS_DECL void brotli_encoder::begin() {
    using httphooks::detail::brotli_memory;
    constexpr std::uint32_t window_bits = 18;  // 256 KiB: more is of little use to replies
    state_.reset();
    state_.reset(BrotliEncoderCreateInstance(&brotli_memory::allocate, &brotli_memory::deallocate,
                                             &memory_));
    if (!state_) throw std::bad_alloc();
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY, quality_);
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_LGWIN, window_bits);
}

inline void brotli_encoder::run(BrotliEncoderOperation what, std::string_view bytes,
                                std::string& out) {
    std::size_t left = bytes.size();
    std::uint8_t const* next = brotli_bytes(bytes);
    do {
        std::size_t room = 0;
        if (!state_ ||
            !BrotliEncoderCompressStream(state_.get(), what, &left, &next, &room, nullptr, nullptr))
            throw std::bad_alloc();
        std::size_t n = 0;
        std::uint8_t const* const come = BrotliEncoderTakeOutput(state_.get(), &n);
        append_brotli(out, come, n);
    } while (left > 0 || BrotliEncoderHasMoreOutput(state_.get()));
}

class brotli_decoder final : public content_decoder {
public:
    HTTPHOOKS_DECL void begin() override;
    HTTPHOOKS_DECL decoded write(std::string_view bytes, std::uint64_t most,
                                 std::string& out) override;
    HTTPHOOKS_DECL bool whole() const noexcept override { return ended_; }

private:
    struct destroy {
        void operator()(BrotliDecoderState* s) const noexcept { BrotliDecoderDestroyInstance(s); }
    };

    httphooks::detail::brotli_memory memory_{};
    std::unique_ptr<BrotliDecoderState, destroy> state_{};
    bool ended_ = false;
};

HTTPHOOKS_DECL void brotli_decoder::begin() {
    using httphooks::detail::brotli_memory;
    ended_ = false;
    state_.reset();
    state_.reset(BrotliDecoderCreateInstance(&brotli_memory::allocate, &brotli_memory::deallocate,
                                             &memory_));
    if (!state_) throw std::bad_alloc();
}

HTTPHOOKS_DECL decoded brotli_decoder::write(std::string_view bytes, std::uint64_t most,
                                             std::string& out) {
    std::size_t const before = out.size();
    std::size_t left = bytes.size();
    std::uint8_t const* next = brotli_bytes(bytes);
    if (ended_) return bytes.empty() ? decoded::good : decoded::broken;
    for (;;) {
        std::size_t room = 0;
        auto const result =
            BrotliDecoderDecompressStream(state_.get(), &left, &next, &room, nullptr, nullptr);
        if (result == BROTLI_DECODER_RESULT_ERROR) return decoded::broken;
        std::size_t n = 0;
        std::uint8_t const* const come = BrotliDecoderTakeOutput(state_.get(), &n);
        if (n > most - (out.size() - before)) return decoded::too_big;
        append_brotli(out, come, n);
        if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT &&
            !BrotliDecoderHasMoreOutput(state_.get()))
            return decoded::good;
        if (result == BROTLI_DECODER_RESULT_SUCCESS) break;
    }
    ended_ = true;
    state_.reset();
    return left == 0 ? decoded::good : decoded::broken;
}

class brotli_content_coding final : public content_coding {
public:
    explicit brotli_content_coding(int quality) : content_coding("br"), quality_(quality) {
        if (quality < BROTLI_MIN_QUALITY || quality > BROTLI_MAX_QUALITY)
            throw std::invalid_argument("brotli: its quality is 0 to 11");
    }

private:
    HTTPHOOKS_DECL std::unique_ptr<content_encoder> make_encoder() const override;
    HTTPHOOKS_DECL std::unique_ptr<content_decoder> make_decoder() const override;

    int const quality_;
};

HTTPHOOKS_DECL std::unique_ptr<content_encoder> brotli_content_coding::make_encoder() const {
    return std::make_unique<brotli_encoder>(quality_);
}
HTTPHOOKS_DECL std::unique_ptr<content_decoder> brotli_content_coding::make_decoder() const {
    return std::make_unique<brotli_decoder>();
}

}  // namespace detail

HTTPHOOKS_DECL std::shared_ptr<content_coding const> brotli(int quality) {
    return std::make_shared<detail::brotli_content_coding>(quality);
}

}  // namespace httphooks::http
