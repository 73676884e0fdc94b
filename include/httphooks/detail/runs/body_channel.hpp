// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is between a request's body that comes and the hook that reads it.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// Who has the bytes of a body that is still to come.
struct body_feed {
    /// The reader waits for bytes.
    virtual void on_read() noexcept = 0;

protected:
    ~body_feed() = default;
};

/** Hands the bytes of a body to one reader, when it asks for them.

    What comes is kept only while the reader waits: wants() says whether more is to be put in, and
    no more than what was put in at once is ever kept.

    @par Thread safety
    begin_read() and the others that begin: all threads, one at a time. All else on the executor,
    which runs one thing at a time while the body comes.
*/
class body_channel final : public std::enable_shared_from_this<body_channel> {
public:
    /// Completes a read, or a skip, with the number of bytes.
    using handler = asio::any_completion_handler<void(error_code, std::size_t)>;
    /// Completes with bytes that stay until the next read; none: the body has ended.
    using chunk_handler = asio::any_completion_handler<void(error_code, std::string_view)>;

    /// For a body that is to come. @param size its length in bytes, if it is known
    body_channel(asio::any_io_executor executor, std::optional<std::uint64_t> size);
    /// For a body that is in its request.
    body_channel(asio::any_io_executor executor, std::shared_ptr<request const> whole);
    body_channel(body_channel const&) = delete;
    body_channel& operator=(body_channel const&) = delete;

    asio::any_io_executor const& executor() const noexcept { return executor_; }
    std::optional<std::uint64_t> size() const noexcept { return size_; }

    /// Reads what there is, at least a byte; at the end of the body eof.
    static void begin_read(std::shared_ptr<body_channel> c, asio::mutable_buffer to, handler h);
    /// Reads a piece, in the channel's own memory.
    static void begin_chunk(std::shared_ptr<body_channel> c, chunk_handler h);
    /// Reads what is left for nothing.
    static void begin_skip(std::shared_ptr<body_channel> c, handler h);

    /// Sets who is told when the reader waits; null: nobody.
    void attach(body_feed* source) noexcept { source_ = source; }
    /// Whether the reader waits for more.
    bool wants() const noexcept;
    /// How many bytes of a body that is to come are in memory.
    std::size_t buffered() const noexcept { return kept_.size() - at_ + chunk_.size(); }
    /// Whether the reader waits at all.
    bool waits() const noexcept { return want_ != want::nothing; }
    /// Takes bytes of the body.
    void put(std::string_view bytes);
    /// Nothing more comes at once: the reader gets what has come.
    void flush();
    /// The body is whole.
    void finish();
    /// The body will not be whole.
    void fail(error_code why);

private:
    enum class want : std::uint8_t { nothing, some, chunk, skip };

    static constexpr std::size_t most_chunk = 64 * 1024;

    inline void read(asio::mutable_buffer to, handler h);
    inline void read_chunk(chunk_handler h);
    inline void skip(handler h);
    inline void wait(want w, asio::cancellation_slot slot);
    inline std::string_view take(std::size_t most) noexcept;
    inline void complete(error_code ec);
    void cancel(std::uint64_t operation);

    asio::any_io_executor executor_;
    std::optional<std::uint64_t> size_;
    body_feed* source_ = nullptr;
    std::shared_ptr<request const> whole_{};
    /// What has come and was not asked for.
    std::string kept_{};
    /// How much of it, or of the request's body, was read.
    std::size_t at_ = 0;
    /// What the last read of a piece gave.
    std::string chunk_{};
    asio::mutable_buffer to_{};
    std::size_t filled_ = 0;
    handler handler_{};
    chunk_handler chunk_handler_{};
    error_code why_{};
    std::uint64_t operations_ = 0;
    want want_ = want::nothing;
    bool ended_ = false;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/body_channel.ipp>
#endif
