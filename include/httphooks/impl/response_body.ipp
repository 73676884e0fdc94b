// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/response_body.hpp>

#include <httphooks/error.hpp>
#include <httphooks/file_body.hpp>
#include <httphooks/stream_body.hpp>

#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <boost/system/errc.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace httphooks {

HTTPHOOKS_DECL std::uint64_t response_body::size(value_type const& body) noexcept {
    if (body.is_text()) return body.size();
    if (auto const s = body.stream()) return s->length().value_or(0);
    return body.file()->size();
}

HTTPHOOKS_DECL void response_body::value_type::file(std::shared_ptr<file_body> range) noexcept {
    std::string::clear();
    source_ = std::move(range);
}

HTTPHOOKS_DECL std::shared_ptr<file_body> response_body::value_type::file() const noexcept {
    if (!source_ || source_->type() != body_source::kind::file) return nullptr;
    return std::static_pointer_cast<file_body>(source_);
}

HTTPHOOKS_DECL void response_body::value_type::stream(std::shared_ptr<stream_body> s) noexcept {
    std::string::clear();
    source_ = std::move(s);
}

HTTPHOOKS_DECL std::shared_ptr<stream_body> response_body::value_type::stream() const noexcept {
    if (!source_ || source_->type() != body_source::kind::stream) return nullptr;
    return std::static_pointer_cast<stream_body>(source_);
}

HTTPHOOKS_DECL error_code response_body::value_type::load() {
    auto const range = file();
    if (!range) return {};
    source_.reset();
    try {
        auto text = range->read_all();
        if (!text) return text.error();
        if (text->size() != range->size()) return make_error_code(boost::system::errc::io_error);
        std::string::operator=(std::move(*text));
        return {};
    } catch (std::exception const&) {  // bad_alloc, or no string is so long
        return make_error_code(boost::system::errc::not_enough_memory);
    }
}

HTTPHOOKS_DECL auto response_body::writer::get(error_code& ec)
    -> boost::optional<std::pair<const_buffers_type, bool>> {
    ec = {};
    if (body_.is_text()) return {{const_buffers_type(body_.data(), body_.size()), false}};
    auto const range = body_.file();
    if (!range) {
        ec = make_error_code(boost::system::errc::not_supported);
        return boost::none;
    }
    file_body const& file = *range;
    if (at_ == file.size()) return boost::none;
    if (!piece_) piece_.reset(new char[piece]);
    auto const n = file.read(at_, piece_.get(), piece);
    if (!n) {
        ec = n.error();
    } else if (*n == 0) {
        ec = make_error_code(boost::system::errc::io_error);
    } else {
        at_ += *n;
        return {{const_buffers_type(piece_.get(), *n), at_ < file.size()}};
    }
    return boost::none;
}

}  // namespace httphooks
