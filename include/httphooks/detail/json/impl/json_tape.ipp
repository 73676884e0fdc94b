// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/json/json_tape.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/system/recycle.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace httphooks::detail {

inline void json_tape::grow() {
    if (room_ > std::numeric_limits<std::uint32_t>::max() / 2) throw std::length_error("json_tape");
    std::uint32_t const more = room_ == 0 ? 32 : room_ * 2;
    auto* const block = static_cast<json_node*>(block_cache::allocate(more * sizeof(json_node)));
    std::copy_n(nodes_, count_, block);
    block_cache::deallocate(std::exchange(nodes_, block), room_ * sizeof(json_node));
    room_ = more;
}

/** The end of a tape that is written. While an object or an array is open, its span is the place of
    the one around it. */
class json_tape::writer {
public:
    explicit writer(json_tape& tape) noexcept : tape_(tape) { tape_.count_ = 0; }

    void add(json_kind kind, char const* first, char const* last, bool escaped = false) {
        put(kind, first, last, escaped);
    }
    void open(json_kind kind, char const* first) {
        json_node& n = put(kind, first, first + 1, false);
        n.height = 1;
        n.span = std::exchange(open_, tape_.count_ - 1);
    }
    /// Closes the innermost one. @param last behind its bracket
    void close(char const* last) noexcept {
        json_node& n = tape_.nodes_[open_];
        n.text = {n.text.data(), static_cast<std::size_t>(last - n.text.data())};
        open_ = std::exchange(n.span, tape_.count_ - open_);
        if (!is_open()) return;
        json_node& around = tape_.nodes_[open_];
        around.height = std::max(around.height, static_cast<std::uint16_t>(n.height + 1));
    }
    bool is_open() const noexcept { return open_ != none; }
    bool in_object() const noexcept {
        return is_open() && tape_.nodes_[open_].kind == json_kind::object;
    }

private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    json_node& put(json_kind kind, char const* first, char const* last, bool escaped) {
        if (tape_.count_ == tape_.room_) [[unlikely]]
            tape_.grow();
        json_node* const n = tape_.nodes_ + tape_.count_++;
        return *new (n) json_node{{kind, escaped, {first, static_cast<std::size_t>(last - first)}}};
    }

    json_tape& tape_;
    std::uint32_t open_ = none;
};

HTTPHOOKS_DECL bool json_tape::read(std::string_view text, std::size_t depth) {
    depth = std::min<std::size_t>(depth, std::numeric_limits<std::uint16_t>::max());
    char const* at = text.data();
    char const* const end = at + text.size();
    // the byte behind white space; 0 at the end
    auto const next = [&] {
        if (at != end && static_cast<unsigned char>(*at) > ' ') [[likely]]
            return *at;
        at = skip_json_blanks(at, end);
        return at == end ? '\0' : *at;
    };
    writer to(*this);
    bool in_object = false;
    bool is_name = false;
    for (;;) {
        char const c = next();
        char const* const first = at;
        if (c == '"') {
            bool escaped = false;
            if (!skip_json_string(++at, end, escaped)) return false;
            to.add(json_kind::string, first + 1, at++, escaped);
            if (is_name) {
                if (next() != ':') return false;
                ++at;
                is_name = false;
                continue;
            }
        } else if (is_name || at == end) {
            return false;
        } else if (c == '{' || c == '[') {
            if (depth-- == 0) return false;
            ++at;
            in_object = c == '{';
            to.open(in_object ? json_kind::object : json_kind::array, first);
            if (next() != (in_object ? '}' : ']')) {
                is_name = in_object;
                continue;
            }
        } else {
            json_kind kind;
            if (!skip_json_literal(at, end, kind)) return false;
            to.add(kind, first, at);
        }
        // behind a value: what ends there
        while (to.is_open() && next() == (in_object ? '}' : ']')) {
            to.close(++at);
            ++depth;
            in_object = to.in_object();
        }
        if (!to.is_open()) return next() == '\0' && at == end;
        if (next() != ',') return false;
        ++at;
        is_name = in_object;
    }
}

}  // namespace httphooks::detail
