// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The body of a response: text, or a range of a file that is written in pieces.
*/

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

/** A Body of Beast's, for responses.

    What writes a message of Beast's (`async_write`, `serializer`, `message_generator`) writes a
    text as it writes a `string_body`, and a file in pieces, of which one is in memory.
*/
struct response_body {
    class value_type;
    class writer;

    /// The longest piece of a file that is held in memory, in bytes.
    static constexpr std::size_t piece = 64 * 1024;

    /// Length in bytes, for `prepare_payload()`.
    static std::uint64_t size(value_type const& body) noexcept;
};

/** A text; or a range of a file, and then the text is empty.

    Copies share the file. Whatever is assigned takes the place of both; load() a file before text
    is added to it.
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
        file_.reset();
        return *this;
    }

    /// Makes it this range of a file; null: an empty text.
    void file(std::shared_ptr<file_body> range) noexcept {
        std::string::clear();
        file_ = std::move(range);
    }
    /// The range of a file; null when it is a text.
    std::shared_ptr<file_body> const& file() const noexcept { return file_; }

    /** Reads the file, if it is one's: it is a text from then on.

        @return what pread(2) reports, or io_error when the file became shorter; it is an empty text
            then
    */
    error_code load();

    /// Makes it an empty text.
    void clear() noexcept { file({}); }

private:
    std::shared_ptr<file_body> file_;
};

/// Gives a body to Beast's serializer. It fails with io_error when the file became shorter.
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
