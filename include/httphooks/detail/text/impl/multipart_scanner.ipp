// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/text/multipart_scanner.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL multipart_scanner::multipart_scanner(std::string_view boundary,
                                                    multipart_limits const& limits)
    : limits_(limits), delimiter_("\r\n--"), input_(kept_) {
    delimiter_.append(boundary);
}

HTTPHOOKS_DECL void multipart_scanner::put(std::string_view bytes) {
    at_ = 0;
    if (!kept_.empty()) bytes = kept_.append(bytes);
    input_ = bytes;
}

HTTPHOOKS_DECL void multipart_scanner::finish() {
    finished_ = true;
    at_ = 0;
    input_ = kept_;
}

/// Keeps the rest, until there is more.
inline multipart_scanner::event multipart_scanner::want_more() {
    if (finished_) return fail();
    std::string rest(this->rest());
    kept_.swap(rest);
    input_ = {};
    at_ = 0;
    return event::wants_more;
}

inline multipart_scanner::event multipart_scanner::fail() noexcept {
    state_ = state::failed;
    return event::failed;
}

/// Whether a text begins with a delimiter. @param length of the delimiter
inline multipart_scanner::found multipart_scanner::look(std::string_view text,
                                                        std::size_t& length) const noexcept {
    found const end = finished_ ? found::nothing : found::unsure;
    std::size_t at = std::min(text.size(), delimiter_.size());
    if (text.substr(0, at) != std::string_view(delimiter_).substr(0, at)) return found::nothing;
    if (at < delimiter_.size()) return end;
    std::string_view const behind = text.substr(at, 2);
    if (behind == "-") return end;
    bool const closing = behind == "--";
    if (closing) at += 2;
    std::size_t const padding = at;
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    if (at - padding > limits_.header_bytes) return found::nothing;
    std::string_view const line_end = text.substr(at, 2);
    length = at + 2;
    if (line_end == "\r\n" || (closing && finished_ && line_end.empty()))
        return closing ? found::closing : found::delimiter;
    return line_end.empty() || line_end == "\r" ? end : found::nothing;
}

/// How many of the last bytes may be the beginning of a delimiter.
inline std::size_t multipart_scanner::doubtful(std::string_view text) const noexcept {
    if (finished_) return 0;
    std::size_t n = std::min(text.size(), delimiter_.size() - 1);
    while (n > 0 && !delimiter_.starts_with(text.substr(text.size() - n))) --n;
    return n;
}

HTTPHOOKS_DECL multipart_scanner::event multipart_scanner::next() {
    for (;;) {
        switch (state_) {
            case state::preamble:
            case state::body:
                if (event const e = read_body(); e != event::content || state_ == state::body)
                    return e;
                break;
            case state::header:
                return read_header();
            case state::between:
                if (++parts_ > limits_.parts) return fail();
                state_ = state::header;
                break;
            case state::closed:
                return event::end;
            case state::failed:
                return event::failed;
        }
    }
}

/// Reads on to the next delimiter.
inline multipart_scanner::event multipart_scanner::read_body() {
    std::size_t length = 0;
    for (std::size_t from = at_;;) {
        std::size_t const place = std::min(input_.find(delimiter_, from), input_.size());
        found const f = place < input_.size() ? look(input_.substr(place), length) : found::unsure;
        if (f == found::nothing) {
            from = place + 2;
            continue;
        }
        std::size_t end = place;
        if (place == input_.size()) end -= doubtful(rest());
        if (end > at_ + line_break_) {
            content_ = input_.substr(at_ + line_break_, end - at_ - line_break_);
            line_break_ = 0;
            at_ = end;
            return event::content;
        }
        if (f == found::unsure) return want_more();
        bool const in_part = state_ == state::body;
        state_ = f == found::closing ? state::closed : state::between;
        at_ = std::min(place + length - 2, input_.size());
        if (in_part) return event::part_end;
        return event::content;  // of which nobody hears
    }
}

/// Reads the lines behind a delimiter, from the line break that ends it.
inline multipart_scanner::event multipart_scanner::read_header() {
    for (;;) {
        std::size_t length = 0;
        found const f = look(rest(), length);
        if (f == found::unsure) return want_more();
        std::size_t const end = f == found::nothing ? rest().find("\r\n", 2) : 2;
        if (end == std::string_view::npos) {
            if (header_text_.size() + rest().size() > limits_.header_bytes + 4) return fail();
            return want_more();
        }
        std::string_view const line = rest().substr(2, end - 2);
        if (f == found::nothing) at_ += end;
        if (!line.empty()) {
            header_text_.append(line).append("\r\n");
            if (header_text_.size() > limits_.header_bytes) return fail();
            continue;
        }
        std::string_view text = header_text_;
        header_.clear();
        error_code const ec = read_part_header(text, header_, limits_);
        header_text_.clear();
        if (ec) return fail();
        state_ = state::body;
        line_break_ = 2;
        return event::part;
    }
}

}  // namespace httphooks::detail
