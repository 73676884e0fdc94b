// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/response_body.hpp>

#include <httphooks/error.hpp>
#include <httphooks/file_body.hpp>

#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <boost/system/errc.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace httphooks {

HTTPHOOKS_DECL std::uint64_t response_body::size(value_type const& body) noexcept {
    return body.file() ? body.file()->size() : body.size();
}

HTTPHOOKS_DECL error_code response_body::value_type::load() {
    if (!file_) return {};
    auto const range = std::exchange(file_, {});
    auto text = range->read_all();
    if (!text) return text.error();
    if (text->size() != range->size()) return make_error_code(boost::system::errc::io_error);
    std::string::operator=(std::move(*text));
    return {};
}

HTTPHOOKS_DECL auto response_body::writer::get(error_code& ec)
    -> boost::optional<std::pair<const_buffers_type, bool>> {
    ec = {};
    if (!body_.file()) return {{const_buffers_type(body_.data(), body_.size()), false}};
    file_body const& file = *body_.file();
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
