// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/multipart_reader.hpp>

#include <httphooks/detail/text/header_parameter.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/multipart.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// What a parser of whole bodies would be given.
inline multipart_limits limits_of_parts(multipart_reader_limits const& l) noexcept {
    return {l.parts, l.header_bytes, l.fields, l.nesting};
}

HTTPHOOKS_DECL multipart_stream::multipart_stream(std::string_view content_type, request_body body,
                                                  multipart_reader_limits const& limits)
    : body_(std::move(body)), limits_(limits), parts_(limits_of_parts(limits), count_) {
    auto const boundary = boundary_of(content_type);
    if (!ascii_iequals(media_type(content_type), "multipart/form-data"))
        error_ = httphooks::error::not_a_form;
    else if (!boundary)
        error_ = httphooks::error::invalid_form;
    else
        scanner_.emplace(*boundary, limits_of_parts(limits));
}

HTTPHOOKS_DECL multipart_stream::~multipart_stream() {
    drop_file();
}

/// Lets go of a file that is not complete.
inline void multipart_stream::drop_file() noexcept {
    if (!file_) return;
    std::fclose(std::exchange(file_, nullptr));
    std::remove(path_.c_str());
}

inline bool multipart_stream::fail(error_code ec) {
    drop_file();
    error_ = ec;
    return true;
}

/// Ends the reading of a form that is malformed, or exceeds a limit of its parts. @return true
inline bool multipart_stream::malformed() {
    return fail(httphooks::error::invalid_form);
}

inline error_code last_file_error() noexcept {
    return {errno, boost::system::system_category()};
}

HTTPHOOKS_DECL void multipart_stream::open(std::string const& path, std::uint64_t most) {
    if (error_) return;
    path_ = path;
    most_ = most;
    written_ = 0;
    file_ = std::fopen(path.c_str(), "wbxe");
    if (!file_) error_ = last_file_error();
}

/// Writes what has come of the part to the file. @return whether that has failed
inline bool multipart_stream::write() {
    if (bytes_.size() > most_ - written_) return fail(httphooks::error::form_limit);
    if (std::fwrite(bytes_.data(), 1, bytes_.size(), file_) != bytes_.size())
        return fail(last_file_error());
    written_ += bytes_.size();
    return false;
}

/// Makes a part of its header. @return true
inline bool multipart_stream::take_header() {
    multipart_part const named{scanner_->header(), {}, {}};
    auto name = named.name();
    if (!name || !parts_.begin_part(named)) return malformed();
    part_.emplace(form_part{scanner_->header(), std::move(*name), named.filename()});
    bool const long_file = part_->filename && part_->filename->size() > limits_.name_bytes;
    if (part_->name.size() > limits_.name_bytes || long_file) {
        part_.reset();
        return fail(httphooks::error::form_limit);
    }
    in_part_ = true;
    return true;
}

HTTPHOOKS_DECL bool multipart_stream::advance(wanted w) {
    using event = multipart_scanner::event;
    bytes_ = {};
    if (error_) return true;
    if (w == wanted::bytes && !in_part_) return true;
    for (;;) {
        event const e = w == wanted::part || in_part_ ? scanner_->next() : event::part_end;
        switch (e) {
            case event::wants_more:
                return false;
            case event::part:
                return take_header();
            case event::content:
                if (!parts_.put(scanner_->content())) return malformed();
                if (w == wanted::part) break;
                bytes_ = scanner_->content();
                if (w == wanted::bytes || write()) return true;
                break;
            case event::part_end:
                in_part_ = false;
                if (!parts_.end_part()) return malformed();
                if (w == wanted::part) break;
                bytes_ = {};
                if (file_ && std::fclose(std::exchange(file_, nullptr)) != 0) {
                    error_ = last_file_error();
                    std::remove(path_.c_str());
                }
                return true;
            case event::end:
                return true;
            case event::failed:
                return malformed();
        }
    }
}

HTTPHOOKS_DECL bool multipart_stream::advance(wanted w, error_code ec, std::string_view chunk) {
    if (ec) return fail(ec);
    if (chunk.empty())
        scanner_->finish();
    else
        scanner_->put(chunk);
    return advance(w);
}

}  // namespace httphooks::detail
