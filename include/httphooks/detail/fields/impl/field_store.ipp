// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/fields/field_store.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/text/http_text.hpp>

#include <boost/beast/http/field.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL field_store& field_store::operator=(field_store const& other) {
    if (this != &other) copy(other);
    return *this;
}

HTTPHOOKS_DECL field_store& field_store::operator=(field_store&& other) noexcept {
    if (this != &other) {
        block_cache::deallocate(block_, capacity_);
        take(other);
    }
    return *this;
}

HTTPHOOKS_DECL void field_store::take(field_store& other) noexcept {
    block_ = std::exchange(other.block_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
    text_size_ = std::exchange(other.text_size_, 0);
    method_size_ = std::exchange(other.method_size_, 0);
    line_size_ = std::exchange(other.line_size_, 0);
    count_ = std::exchange(other.count_, 0);
    names_ = std::exchange(other.names_, 0);
}

HTTPHOOKS_DECL void field_store::swap(field_store& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(capacity_, other.capacity_);
    std::swap(text_size_, other.text_size_);
    std::swap(method_size_, other.method_size_);
    std::swap(line_size_, other.line_size_);
    std::swap(count_, other.count_);
    std::swap(names_, other.names_);
}

inline void field_store::fill_from(char const* block,
                                           stored_field const* index_end) noexcept {
    if (text_size_) std::memcpy(block_, block, text_size_);
    stored_field* const mine = this->index_end();
    for (std::ptrdiff_t i = 1; i <= static_cast<std::ptrdiff_t>(count_); ++i) {
        stored_field entry = index_end[-i];
        entry.text_ = block_ + (entry.text_ - block);
        ::new (static_cast<void*>(mine - i)) stored_field(entry);
    }
}

HTTPHOOKS_DECL void field_store::copy(field_store const& other) {
    std::size_t const need = other.text_size_ + other.count_ * sizeof(stored_field);
    if (need > capacity_) {
        std::size_t const size = block_cache::rounded(need);
        char* const block = static_cast<char*>(block_cache::allocate(size));
        block_cache::deallocate(std::exchange(block_, block), capacity_);
        capacity_ = static_cast<std::uint32_t>(size);
    }
    text_size_ = other.text_size_;
    method_size_ = other.method_size_;
    line_size_ = other.line_size_;
    count_ = other.count_;
    names_ = other.names_;
    fill_from(other.block_, other.index_end());
}

inline void field_store::make_room(std::size_t text, std::size_t fields, old_block& old) {
    if (text > largest_block) throw std::length_error("header fields too large");
    std::size_t const need = text_size_ + text + (count_ + fields) * sizeof(stored_field);
    if (need > capacity_) grow(need, old);
}

HTTPHOOKS_DECL void field_store::grow(std::size_t need, old_block& old) {
    if (need > largest_block) throw std::length_error("header fields too large");
    std::size_t const size = block_cache::rounded(std::bit_ceil(std::max(need, first_block)));
    char* const block = static_cast<char*>(block_cache::allocate(size));
    stored_field const* const old_index_end = index_end();
    old.data = std::exchange(block_, block);
    old.size = std::exchange(capacity_, static_cast<std::uint32_t>(size));
    fill_from(old.data, old_index_end);
}

HTTPHOOKS_DECL void field_store::grow(std::size_t need) {
    old_block old;
    grow(need, old);
}

inline void field_store::shift(stored_field* first, stored_field* last,
                                       std::ptrdiff_t by) noexcept {
    for (; first != last; ++first) first->text_ += by;
}

inline void field_store::replace_start(std::size_t pos, std::size_t old_size,
                                               std::string_view s, bool blank) {
    std::size_t const new_size = s.empty() ? 0 : s.size() + (blank ? 1 : 0);
    if (new_size == 0 && old_size == 0) return;
    if (std::less_equal<>()(static_cast<char const*>(block_), s.data()) &&
        std::less<>()(s.data(), static_cast<char const*>(block_ + text_size_)))
        return replace_start(pos, old_size, std::string(s), blank);
    old_block old;
    if (new_size > old_size) make_room(new_size - old_size, 0, old);
    std::size_t const tail = pos + old_size;
    auto const by = static_cast<std::ptrdiff_t>(new_size) - static_cast<std::ptrdiff_t>(old_size);
    if (by != 0) {
        if (tail != text_size_)
            std::memmove(block_ + pos + new_size, block_ + tail, text_size_ - tail);
        shift(index_end() - count_, index_end(), by);
    }
    text_size_ = static_cast<std::uint32_t>(text_size_ - old_size + new_size);
    char* to = block_ + pos;
    if (new_size > s.size()) *to++ = ' ';
    if (!s.empty()) std::memcpy(to, s.data(), s.size());
}

HTTPHOOKS_DECL void field_store::set_method(std::string_view s) {
    if (s.empty() && method_size_ == 0) return;
    replace_start(0, method_size_, s, false);
    method_size_ = static_cast<std::uint32_t>(s.size());
}

HTTPHOOKS_DECL void field_store::set_line(std::string_view s, bool blank) {
    std::size_t const size = s.empty() ? 0 : s.size() + (blank ? 1 : 0);
    if (text_size_ == method_size_ && size > 0) {  // nothing but a method: a parser's first step
        old_block old;
        make_room(size, 0, old);
        char* to = block_ + text_size_;
        if (blank) *to++ = ' ';
        std::memcpy(to, s.data(), s.size());
        text_size_ += static_cast<std::uint32_t>(size);
    } else {
        replace_start(method_size_, line_size_, s, blank);
    }
    line_size_ = static_cast<std::uint32_t>(size);
}

HTTPHOOKS_DECL void field_store::push_back(beast::http::field id, std::string_view name,
                                           std::string_view value, std::uint64_t bit) {
    if (name.size() > largest_name) throw std::length_error("field name too large");
    if (value.size() > largest_block) throw std::length_error("field value too large");
    old_block old;
    std::size_t const size = name.size() + value.size() + 4;
    make_room(size, 1, old);
    char* to = block_ + text_size_;
    ::new (static_cast<void*>(index_end() - count_ - 1))
        stored_field(to, id, name.size(), value.size());
    to = copy_text(to, name);
    *to++ = ':';
    *to++ = ' ';
    to = copy_text(to, value);
    *to++ = '\r';
    *to++ = '\n';
    text_size_ += static_cast<std::uint32_t>(size);
    ++count_;
    names_ |= bit;
}

HTTPHOOKS_DECL void field_store::insert(beast::http::field id, std::string_view name,
                                        std::string_view value) {
    std::uint64_t const bit = name_bit(name);
    if (names_ & bit)
        if (const_iterator const first = find(name); first != end())
            return insert_beside(first, id, name, value, bit);
    push_back(id, name, value, bit);
}

HTTPHOOKS_DECL void field_store::insert_line(beast::http::field id, std::string_view line,
                                             std::size_t name_size) {
    std::string_view const name(line.data(), name_size);
    std::size_t const value_size = line.size() - name_size - 4;
    std::uint64_t const bit = name_bit(name);
    if ((names_ & bit) && find(id, name) != end()) [[unlikely]]
        return insert(id, name, {line.data() + name_size + 2, value_size});
    std::size_t const need = text_size_ + line.size() + (count_ + 1) * sizeof(stored_field);
    if (need > capacity_) grow(need);
    char* const to = block_ + text_size_;
    std::memcpy(to, line.data(), line.size());
    ++count_;
    ::new (static_cast<void*>(index_end() - count_)) stored_field(to, id, name_size, value_size);
    text_size_ += static_cast<std::uint32_t>(line.size());
    names_ |= bit;
}

inline void field_store::insert_beside(const_iterator first, beast::http::field id,
                                               std::string_view name, std::string_view value,
                                               std::uint64_t bit) {
    std::size_t const at = static_cast<std::size_t>(first - begin()) + run(first);
    push_back(id, name, value, bit);
    std::size_t const behind = count_ - 1 - at;
    if (behind == 0) return;

    stored_field* const low = index_end() - count_;
    stored_field* const place = index_end() - at - 1;
    stored_field const added = *low;
    std::size_t const size = added.wire_size();
    char* const from = block_ + (place->text_ - block_);
    std::rotate(from, block_ + text_size_ - size, block_ + text_size_);
    std::memmove(low, low + 1, behind * sizeof(stored_field));
    *place = added;
    place->text_ = from;
    shift(low, place, static_cast<std::ptrdiff_t>(size));
}

HTTPHOOKS_DECL void field_store::remove(const_iterator pos, std::size_t n) noexcept {
    if (n == 0) return;
    std::size_t const at = static_cast<std::size_t>(pos - begin());
    std::size_t size = 0;
    for (std::size_t i = 0; i < n; ++i) size += pos[static_cast<std::ptrdiff_t>(i)].wire_size();
    char* const from = block_ + (pos->text_ - block_);
    std::memmove(from, from + size, static_cast<std::size_t>(block_ + text_size_ - (from + size)));
    text_size_ -= static_cast<std::uint32_t>(size);
    stored_field* const low = index_end() - count_;
    std::size_t const behind = count_ - at - n;
    std::memmove(low + n, low, behind * sizeof(stored_field));
    count_ -= static_cast<std::uint32_t>(n);
    shift(low + n, low + n + behind, -static_cast<std::ptrdiff_t>(size));
    if (count_ == 0) names_ = 0;
}

HTTPHOOKS_DECL void field_store::clear() noexcept {
    text_size_ = static_cast<std::uint32_t>(start_size());
    count_ = 0;
    names_ = 0;
}

HTTPHOOKS_DECL field_store::const_iterator field_store::find(beast::http::field id) const noexcept {
    const_iterator it = begin();
    for (const_iterator const last = end(); it != last && it->id_ != id;) ++it;
    return it;
}

HTTPHOOKS_DECL field_store::const_iterator field_store::find(std::string_view name) const noexcept {
    if (!(names_ & name_bit(name))) return end();
    const_iterator it = begin();
    for (const_iterator const last = end(); it != last && !ascii_iequals(it->name_string(), name);)
        ++it;
    return it;
}

HTTPHOOKS_DECL std::size_t field_store::run(const_iterator first) const noexcept {
    std::size_t n = 0;
    for (const_iterator it = first;
         it != end() && ascii_iequals(it->name_string(), first->name_string()); ++it)
        ++n;
    return n;
}

}  // namespace httphooks::detail
