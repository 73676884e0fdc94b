// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A form with files, read part by part while it comes.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/multipart_scanner.hpp>
#include <httphooks/detail/text/nested_multipart.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/message.hpp>
#include <httphooks/multipart.hpp>
#include <httphooks/request_body.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

/// A field of a form, or a file, whose bytes are still to be read.
struct form_part {
    /// Its header.
    fields header{};
    /// The field's name.
    std::string name{};
    /// The file's name as the client wrote it: not a path to be trusted; nothing: it is no file.
    std::optional<std::string> filename{};

    /// Its media type; empty when it says none.
    std::string_view content_type() const { return header[field::content_type]; }
};

/// What a form that is read part by part may hold.
struct multipart_reader_limits {
    /// Fields, files included, and the parts of those that are multipart bodies themselves.
    std::size_t parts = 128;
    /// Bytes of one part's header.
    std::size_t header_bytes = 8192;
    /// Header fields of one part.
    std::size_t fields = 16;
    /// Bytes of the name of a field, and of a file.
    std::size_t name_bytes = 1024;
    /// How deep a field may be a multipart body itself: 0 is not at all. Its bytes are read as any.
    std::size_t nesting = 1;
};

namespace detail {

/// What the copies of a multipart_reader share.
class multipart_stream {
public:
    /// What is asked for.
    enum class wanted : std::uint8_t { part, bytes, file };

    multipart_stream(std::string_view content_type, request_body body,
                     multipart_reader_limits const& limits);
    multipart_stream(multipart_stream const&) = delete;
    multipart_stream& operator=(multipart_stream const&) = delete;
    ~multipart_stream();

    request_body& body() noexcept { return body_; }

    /// Has what comes written to a new file. @param most bytes
    void open(std::string const& path, std::uint64_t most);
    /// Goes on with what there is. @return whether there is a result
    bool advance(wanted w);
    /// Takes what the body has given. @return the same
    bool advance(wanted w, error_code ec, std::string_view chunk);

    error_code error() const noexcept { return error_; }
    std::optional<form_part> take_part() { return std::exchange(part_, std::nullopt); }
    std::string_view bytes() const noexcept { return bytes_; }
    std::uint64_t written() const noexcept { return written_; }

private:
    inline bool fail(error_code ec);
    inline bool malformed();
    inline bool take_header();
    inline bool write();
    inline void drop_file() noexcept;

    request_body body_;
    multipart_reader_limits limits_;
    std::optional<multipart_scanner> scanner_{};
    std::size_t count_ = 0;
    nested_multipart parts_;
    /// Why there are no more parts, from when on nothing is read.
    error_code error_{};
    std::optional<form_part> part_{};
    std::string_view bytes_{};
    std::FILE* file_ = nullptr;
    std::string path_{};
    std::uint64_t most_ = 0;
    std::uint64_t written_ = 0;
    bool in_part_ = false;
};

/// One operation of a multipart_reader. @tparam Complete gives a handler what there is
template <class Complete>
class multipart_operation {
public:
    multipart_operation(std::shared_ptr<multipart_stream> s, multipart_stream::wanted w)
        : stream_(std::move(s)), wanted_(w) {}

    template <class Self>
    void operator()(Self& self) {
        if (ready_) return Complete()(self, *stream_);
        ready_ = stream_->advance(wanted_);
        if (ready_)
            asio::post(stream_->body().get_executor(), std::move(self));
        else
            read(self);
    }
    template <class Self>
    void operator()(Self& self, error_code ec, std::string_view chunk) {
        if (!stream_->advance(wanted_, ec, chunk)) return read(self);
        Complete()(self, *stream_);
    }

private:
    template <class Self>
    void read(Self& self) {
        request_body const body = stream_->body();
        body.async_read_chunk(std::move(self));
    }

    std::shared_ptr<multipart_stream> stream_;
    multipart_stream::wanted wanted_;
    bool ready_ = false;
};

struct complete_part {
    template <class Self>
    void operator()(Self& self, multipart_stream& s) const {
        self.complete(s.error(), s.take_part());
    }
};
struct complete_bytes {
    template <class Self>
    void operator()(Self& self, multipart_stream& s) const {
        self.complete(s.error(), s.bytes());
    }
};
struct complete_file {
    template <class Self>
    void operator()(Self& self, multipart_stream& s) const {
        self.complete(s.error(), s.written());
    }
};

}  // namespace detail

/** Reads a form, `multipart/form-data`, part by part from a request_body: files of any size take no
    more memory than a piece of them.

    Ask for the next part, read its bytes, ask for the next one: what was not read of a part is
    skipped. An operation ends with error::not_a_form when the request is of another type,
    error::invalid_form when the form is malformed or exceeds another limit than that of names,
    error::form_limit when a name is too long, or with what a read of the body ends with. A hook
    that lets them pass answers with 415, 400 or 413, as c.form() does.

    Copies are one reader.

    @par Thread safety
    All threads, one operation at a time.
    @par Example
    examples/upload.cpp
    @par Source
    RFC 7578
*/
class multipart_reader {
public:
    using executor_type = asio::any_io_executor;

    /// @param header whose Content-Type says how the parts are told from each other
    multipart_reader(request const& header, request_body body,
                     multipart_reader_limits const& limits = {})
        : stream_(std::make_shared<detail::multipart_stream>(header[field::content_type],
                                                             std::move(body), limits)) {}

    /// Where operations complete whose handler has no executor of its own.
    executor_type get_executor() const noexcept { return stream_->body().get_executor(); }

    /** Reads the header of the next part.
        @par Completes with
        the part; nothing at the end of the form */
    template <asio::completion_token_for<void(error_code, std::optional<form_part>)> Token =
                  asio::use_awaitable_t<>>
    auto async_next_part(Token&& token = Token()) const {
        return compose<detail::complete_part, void(error_code, std::optional<form_part>)>(
            detail::multipart_stream::wanted::part, token);
    }

    /** Reads some bytes of the part.
        @par Completes with
        the bytes, which stay until the next operation; none at the end of the part */
    template <asio::completion_token_for<void(error_code, std::string_view)> Token =
                  asio::use_awaitable_t<>>
    auto async_read_chunk(Token&& token = Token()) const {
        return compose<detail::complete_bytes, void(error_code, std::string_view)>(
            detail::multipart_stream::wanted::bytes, token);
    }

    /** Writes what is left of the part to a file, a piece at a time, in place: the loop waits for
        the disk. When it fails there is no file.

        @param path of a file that is not there yet; do not make it of form_part::filename
        @param most bytes
        @par Completes with
        the number of bytes; error::form_limit when there are more, or why the file cannot be
        written */
    template <
        asio::completion_token_for<void(error_code, std::uint64_t)> Token = asio::use_awaitable_t<>>
    auto async_save_to(std::string const& path, std::uint64_t most, Token&& token = Token()) const {
        stream_->open(path, most);
        return compose<detail::complete_file, void(error_code, std::uint64_t)>(
            detail::multipart_stream::wanted::file, token);
    }

private:
    template <class Complete, class Signature, class Token>
    auto compose(detail::multipart_stream::wanted w, Token& token) const {
        return asio::async_compose<Token, Signature>(
            detail::multipart_operation<Complete>(stream_, w), token, get_executor());
    }

    std::shared_ptr<detail::multipart_stream> stream_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/multipart_reader.ipp>
#endif
