// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A reply's body that comes bit by bit: what a connection takes it from, and what may change it on
    its way.
*/

#include <httphooks/body_source.hpp>
#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks {

/// Whoever takes what a stream gives.
struct stream_sink {
    /// There is something to take, or the stream has ended or failed.
    virtual void on_stream() noexcept = 0;
    /// on_stream() comes soon: what it needs may be fetched by then.
    virtual void on_stream_soon() noexcept {}

protected:
    ~stream_sink() = default;
};

/** Changes the bytes of a stream between who writes them and the connection: compression.

    What a write ends with must not stay behind in the filter: the client is to have it.
*/
class stream_filter {
public:
    virtual ~stream_filter() = default;

    /** Appends what becomes of some bytes.

        @param text what was written, or a part of it
        @param flush whether a write ends here: nothing may be kept back
        @param out where to
        @throws anything: the stream fails
    */
    virtual void write(std::string_view text, bool flush, std::string& out) = 0;

    /// Appends what comes behind the last byte. @throws anything: the stream fails
    virtual void finish(std::string& out) = 0;
};

/** A body that comes bit by bit.

    It begins when start() is called, once, by who writes the reply; the bytes are taken, not given,
    so that they wait where they are made while the connection is busy. stream() makes one of a
    function that writes; event_source_hub has its own.

    @par Thread safety
    All functions are called on the executor that start() was given; it runs one thing at a time.
*/
class stream_body : public body_source {
public:
    /// What take() has found.
    enum class taken : std::uint8_t {
        /// Some bytes; there may be more.
        some,
        /// None now: the sink is told when that changes.
        nothing,
        /// The end: nothing comes behind what was appended.
        end,
        /// It has failed: what was promised does not come.
        failure
    };

    stream_body(stream_body const&) = delete;
    stream_body& operator=(stream_body const&) = delete;
    virtual ~stream_body();

    /// How many bytes there will be, if that is known; with a filter it is not.
    std::optional<std::uint64_t> length() const noexcept {
        return filter_ ? std::nullopt : length_;
    }

    /** Puts a filter in front of the connection; before start(), for who is going to write the
        header, which says what the filter makes of the body. */
    void filter(std::unique_ptr<stream_filter> f) noexcept { filter_ = std::move(f); }

    /// How many bytes were taken so far, before a filter.
    std::uint64_t taken_so_far() const noexcept { return taken_; }

    /// Begins. @param sink told until it calls stop(), or has taken the end or a failure
    virtual void start(asio::any_io_executor const& executor, stream_sink& sink) = 0;

    /// Whether start() was called.
    virtual bool started() const noexcept = 0;

    /** Appends some bytes.

        @param room how many at most, before a filter and framing
        @param chunked each time as a chunk of HTTP/1.1; the last one, which is empty, is the
            caller's
    */
    taken take(std::string& out, std::size_t room, bool chunked);

    /** What take() would append next, where it is kept as a chunk: it can be written from there.
        @return nothing: only take() says what there is */
    std::string_view chunk() noexcept {
        return filter_ || length_ ? std::string_view() : next_chunk();
    }
    /// What chunk() has returned is taken.
    void chunk_taken() noexcept { taken_ += consume_chunk(); }

    /// Nobody takes any more. Does not call the sink.
    virtual void stop() noexcept = 0;

    /// The fields behind the last byte; null: none.
    virtual fields const* trailers() const noexcept { return nullptr; }

    /// Has somebody told of what fails in it, unless the client has gone; before start().
    virtual void on_failure(std::function<void(error_code, std::exception_ptr)> told);

protected:
    explicit stream_body(std::optional<std::uint64_t> length) noexcept
        : body_source(kind::stream), length_(length) {}

private:
    /// The bytes that come next, as far as they are there: those of one write.
    virtual std::string_view next() noexcept = 0;
    /// So many of them are taken.
    virtual void consume(std::size_t n) = 0;
    /// The bytes of next() as a chunk of HTTP/1.1, if there is one that contains just them.
    virtual std::string_view next_chunk() noexcept { return {}; }
    /// As consume() of all of them. @return how many
    virtual std::size_t consume_chunk() noexcept { return 0; }
    /// Whether nothing comes behind next(). @param failed set if it ought to
    virtual bool ended(bool& failed) const noexcept = 0;
    /// The bytes are not those that were promised.
    virtual void break_off(error_code why, std::exception_ptr thrown) noexcept = 0;

    inline void append(std::string& out, std::string_view bytes, bool flush, bool chunked);

    bool finished_ = false;
    std::unique_ptr<stream_filter> filter_{};
    std::optional<std::uint64_t> length_;
    std::uint64_t taken_ = 0;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/stream_body.ipp>
#endif
