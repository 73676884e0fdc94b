// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/text/nested_multipart.hpp>

#include <httphooks/message.hpp>

#include <memory>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL bool nested_multipart::begin_part(multipart_part const& part) {
    if (++count_ > limits_.parts) return false;
    std::string_view const type = part.header[field::content_type];
    auto const boundary = boundary_of(type);
    if (!is_multipart_type(type) || !boundary || part.filename()) return true;
    if (depth_ == limits_.nesting) return false;
    scanner_.emplace(*boundary, limits_);
    parts_ = std::make_unique<nested_multipart>(limits_, count_, depth_ + 1);
    return true;
}

HTTPHOOKS_DECL bool nested_multipart::put(std::string_view content) {
    if (!scanner_) return true;
    scanner_->put(content);
    return read();
}

HTTPHOOKS_DECL bool nested_multipart::end_part() {
    if (!scanner_) return true;
    scanner_->finish();
    bool const good = read();
    scanner_.reset();
    parts_.reset();
    return good;
}

/// Reads what was put into the scanner. @return whether it is good so far
inline bool nested_multipart::read() {
    using event = multipart_scanner::event;
    for (;;) {
        bool good = true;
        switch (scanner_->next()) {
            case event::wants_more:
            case event::end:
                return true;
            case event::part:
                good = parts_->begin_part({scanner_->header(), {}, {}});
                break;
            case event::content:
                good = parts_->put(scanner_->content());
                break;
            case event::part_end:
                good = parts_->end_part();
                break;
            case event::failed:
                good = false;
                break;
        }
        if (!good) return false;
    }
}

}  // namespace httphooks::detail
