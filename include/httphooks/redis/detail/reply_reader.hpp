// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Reads what Redis sends, within limits.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/value.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

struct redisReader;

namespace httphooks::redis::detail {

/// How large a reply may be.
struct reply_limits {
    /// Bytes of all texts.
    std::size_t bytes = 64 * 1024 * 1024;
    /// Values, arrays counted too.
    std::size_t elements = 1024 * 1024;
    /// How deep arrays may be nested.
    std::size_t depth = 7;
};

/// What is made of a reply while it is read.
class reply_sink {
public:
    reply_sink(reply_sink const&) = delete;
    reply_sink& operator=(reply_sink const&) = delete;

    /// A reply begins.
    virtual void clear() noexcept = 0;
    /** Takes a value.
        @param parent what put() has returned for the array that it is in; null: it is the reply
        @param text of a text
        @param number of a number; the size of an array, whose values follow
        @return what stands for it; not null */
    virtual void* put(void* parent, value_kind kind, std::string_view text,
                      std::int64_t number) = 0;

protected:
    reply_sink() = default;
    ~reply_sink() = default;
};

/// Makes a value of a reply.
class value_builder final : public reply_sink {
public:
    HTTPHOOKS_DECL void clear() noexcept override;
    HTTPHOOKS_DECL void* put(void* parent, value_kind kind, std::string_view text,
                             std::int64_t number) override;

    /// Whether the reply is an error.
    bool is_error() const noexcept { return root_.is_error(); }
    /// The reply; once it is complete.
    value take() { return std::exchange(root_, value()); }

private:
    value root_{};
};

/** Reads replies out of bytes that come in pieces. After an error it reads nothing more.

    @par Source
    hiredis, redisReader */
class reply_reader {
public:
    explicit reply_reader(reply_limits const& limits);
    reply_reader(reply_reader const&) = delete;
    reply_reader& operator=(reply_reader const&) = delete;
    ~reply_reader();

    /// How many bytes feed() takes best at a time.
    static constexpr std::size_t piece = 8 * 1024;

    /// Whether all that was fed is read, so that a reply begins with what comes next.
    bool at_beginning() const noexcept;

    /// How many of the bytes that come next can be fed at a time, and none of the reply behind: not
    /// more than a piece. @param bytes not empty
    std::size_t portion(std::string_view bytes) const noexcept;

    /// Takes bytes. @return not_enough_memory
    error_code feed(std::string_view bytes);

    /** Reads on.
        @param sink gets the reply; the same one until it is complete
        @return whether it is
        @param ec error::bad_reply, error::reply_limit, not_enough_memory */
    bool next(reply_sink& sink, error_code& ec);

private:
    struct callbacks;

    /// How long the line is that says how long a text is.
    static constexpr std::size_t longest_size = 32;

    struct freed {
        void operator()(redisReader* r) const noexcept;
    };

    /// What was fed and is not read.
    inline std::string_view rest() const noexcept;
    /// What is known of a reply that is not complete: whether its rest may come.
    inline error_code judge_rest() const noexcept;

    reply_limits limits_;
    std::unique_ptr<redisReader, freed> reader_;
    reply_sink* sink_ = nullptr;
    std::size_t bytes_ = 0;
    std::size_t elements_ = 0;
    error_code refused_{};
};

}  // namespace httphooks::redis::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/detail/impl/reply_reader.ipp>
#endif
