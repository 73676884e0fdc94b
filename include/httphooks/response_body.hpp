// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The body of a response: text, a range of a file that is written in pieces, or a stream.
*/

#include <httphooks/body_source.hpp>
#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/file_body.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace httphooks {

class stream_body;

/** A Body of Beast's, for responses.

    What writes a message of Beast's (`async_write`, `serializer`, `message_generator`) writes a
    text as it writes a `string_body`, and a file in pieces, of which one is in memory.
*/
struct response_body {
    class value_type;
    class writer;

    /// The longest piece of a file that is held in memory, in bytes.
    static constexpr std::size_t piece = 64 * 1024;

    /// Length in bytes, for `prepare_payload()`; 0 of a stream whose length is not known.
    static std::uint64_t size(value_type const& body) noexcept;
};

/** A text; or a range of a file or a stream, and then the text is empty.

    Copies share the file or the stream. Whatever is assigned takes its place; load() a file before
    text is added to it.
*/
class response_body::value_type : public std::string {
public:
    using std::string::string;
    value_type() = default;
    value_type(std::string const& text) : std::string(text) {}
    value_type(std::string&& text) noexcept : std::string(std::move(text)) {}

    /// Makes it what a std::string may be assigned.
    template <class Text>
    requires(!std::same_as<std::remove_cvref_t<Text>, value_type> &&
             std::is_assignable_v<std::string&, Text>) value_type&
    operator=(Text&& text) {
        std::string::operator=(std::forward<Text>(text));
        source_.reset();
        return *this;
    }

    /// Whether it is a text.
    bool is_text() const noexcept { return !source_; }

    /// Makes it this range of a file; null: an empty text.
    void file(std::shared_ptr<file_body> range) noexcept;
    /// The range of a file; null when it is none.
    std::shared_ptr<file_body> file() const noexcept;

    /// Makes it this stream; null: an empty text.
    void stream(std::shared_ptr<stream_body> s) noexcept;
    /// The stream; null when it is none.
    std::shared_ptr<stream_body> stream() const noexcept;

    /** Reads the file, if it is one's: it is a text from then on. A stream stays one.

        @return what pread(2) reports, io_error when the file became shorter, or not_enough_memory;
            it is an empty text then
    */
    error_code load();

    /// Makes it an empty text.
    void clear() noexcept {
        std::string::clear();
        source_.reset();
    }

    /// The file or the stream; null when it is a text.
    std::shared_ptr<body_source> const& source() const noexcept { return source_; }

private:
    std::shared_ptr<body_source> source_;
};

/// Gives a body to Beast's serializer. It fails with io_error when the file became shorter, and
/// with not_supported for a stream.
class response_body::writer {
public:
    using const_buffers_type = asio::const_buffer;

    template <bool IsRequest, class Fields>
    writer(beast::http::header<IsRequest, Fields> const&, value_type const& body) noexcept
        : body_(body) {}

    void init(error_code& ec) noexcept { ec = {}; }

    /// The next piece, and whether others follow.
    boost::optional<std::pair<const_buffers_type, bool>> get(error_code& ec);

private:
    value_type const& body_;
    std::uint64_t at_ = 0;
    std::unique_ptr<char[]> piece_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/response_body.ipp>
#endif
