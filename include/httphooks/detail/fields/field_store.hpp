// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One block of memory with the text of a message's header and an index into it.

    The block begins with the start line's variable text (method, target or reason), then the fields
    as they go over the wire. The index grows down from the block's end, one entry a field.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/recycle.hpp>

#include <boost/beast/http/field.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <string_view>

namespace httphooks::detail {

/// A view of one field: valid until the fields that it came from are changed.
class stored_field {
public:
    /// The enumerated name; field::unknown for a name that is not in the enumeration.
    beast::http::field name() const noexcept { return id_; }
    /// The name as it was given.
    std::string_view name_string() const noexcept { return {text_, name_size_}; }
    /// The value.
    std::string_view value() const noexcept { return {text_ + name_size_ + 2, value_size_}; }

private:
    friend class field_store;

    stored_field(char const* text, beast::http::field id, std::size_t name, std::size_t value)
        : text_(text),
          value_size_(static_cast<std::uint32_t>(value)),
          name_size_(static_cast<std::uint16_t>(name)),
          id_(id) {}

    std::size_t wire_size() const noexcept { return std::size_t{name_size_} + value_size_ + 4; }

    char const* text_;
    std::uint32_t value_size_;
    std::uint16_t name_size_;
    beast::http::field id_;
};

/// Copies a text that is mostly short; returns the place behind the copy.
inline char* copy_text(char* to, std::string_view s) noexcept {
    char const* from = s.data();
    std::size_t const n = s.size();
    if (n >= 8 && n <= 64) {
        std::uint64_t word;
        for (std::size_t i = 0; i + 8 < n; i += 8) {
            std::memcpy(&word, from + i, 8);
            std::memcpy(to + i, &word, 8);
        }
        std::memcpy(&word, from + n - 8, 8);
        std::memcpy(to + n - 8, &word, 8);
    } else if (n > 64) {
        std::memcpy(to, from, n);
    } else if (n >= 4) {
        std::uint32_t first;
        std::uint32_t last;
        std::memcpy(&first, from, 4);
        std::memcpy(&last, from + n - 4, 4);
        std::memcpy(to, &first, 4);
        std::memcpy(to + n - 4, &last, 4);
    } else {
        for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
    }
    return to + n;
}

class field_store {
public:
    using const_iterator = std::reverse_iterator<stored_field const*>;

    field_store() = default;
    field_store(field_store const& other) { copy(other); }
    field_store(field_store&& other) noexcept { take(other); }
    field_store& operator=(field_store const& other);
    field_store& operator=(field_store&& other) noexcept;
    ~field_store() { block_cache::deallocate(block_, capacity_); }

    void swap(field_store& other) noexcept;

    const_iterator begin() const noexcept { return const_iterator(index_end()); }
    const_iterator end() const noexcept { return const_iterator(index_end() - count_); }

    /// All fields as they go over the wire.
    std::string_view wire() const noexcept {
        return {block_ + start_size(), text_size_ - start_size()};
    }
    std::string_view method() const noexcept { return {block_, method_size_}; }
    /// The target or the reason.
    std::string_view line() const noexcept { return {block_ + method_size_, line_size_}; }

    void set_method(std::string_view s);
    /// Sets the target or the reason, with a blank before it if `blank` and `s` is not empty.
    void set_line(std::string_view s, bool blank);

    /// Appends a field without looking at its bytes; it may point into the block.
    void push_back(beast::http::field id, std::string_view name, std::string_view value) {
        push_back(id, name, value, name_bit(name));
    }
    /// As push_back(), but next to the fields of the same name when there are some.
    void insert(beast::http::field id, std::string_view name, std::string_view value);
    /// As insert(), of `name: value` and CRLF outside the block, the name's size given.
    void insert_line(beast::http::field id, std::string_view line, std::size_t name_size);
    /// Removes `n` fields from `pos` on.
    void remove(const_iterator pos, std::size_t n) noexcept;
    /// Removes all fields; keeps the memory, the method and the line.
    void clear() noexcept;
    /// Removes everything; keeps the memory.
    void reset() noexcept {
        text_size_ = method_size_ = line_size_ = count_ = 0;
        names_ = 0;
    }

    const_iterator find(beast::http::field id) const noexcept;
    const_iterator find(std::string_view name) const noexcept;
    /// Of that name, which `id` is if it is in the enumeration.
    const_iterator find(beast::http::field id, std::string_view name) const noexcept {
        return id == beast::http::field::unknown ? find(name) : find(id);
    }
    /// How many fields from `first` on have the name of the first one.
    std::size_t run(const_iterator first) const noexcept;

private:
    static constexpr std::size_t first_block = 1024;
    static constexpr std::size_t largest_block = std::size_t{1} << 30;
    static constexpr std::size_t largest_name = (std::numeric_limits<std::uint16_t>::max)();

    struct old_block {
        char* data = nullptr;
        std::size_t size = 0;

        old_block() = default;
        old_block(old_block const&) = delete;
        old_block& operator=(old_block const&) = delete;
        ~old_block() { block_cache::deallocate(data, size); }
    };

    /// A set of names, one bit each, so that a name that is not there is mostly known at once.
    static std::uint64_t name_bit(std::string_view name) noexcept {
        if (name.empty()) return 1;
        unsigned const first = static_cast<unsigned char>(name.front()) | 0x20u;
        unsigned const last = static_cast<unsigned char>(name.back()) | 0x20u;
        return std::uint64_t{1} << ((name.size() * 7 + first * 3 + last) & 63u);
    }

    std::size_t start_size() const noexcept { return std::size_t{method_size_} + line_size_; }
    stored_field* index_end() const noexcept {
        return reinterpret_cast<stored_field*>(block_ + capacity_);
    }

    void copy(field_store const& other);
    /// Becomes what the other was, which becomes empty; the own block must have been given back.
    void take(field_store& other) noexcept;
    void push_back(beast::http::field id, std::string_view name, std::string_view value,
                   std::uint64_t bit);
    inline void insert_beside(const_iterator first, beast::http::field id, std::string_view name,
                       std::string_view value, std::uint64_t bit);
    /// Makes room for `text` more bytes and `fields` more entries; the old block goes to `old`.
    inline void make_room(std::size_t text, std::size_t fields, old_block& old);
    void grow(std::size_t need, old_block& old);
    void grow(std::size_t need);
    /// Copies other's text and entries to the (large enough) block.
    inline void fill_from(char const* block, stored_field const* index_end) noexcept;
    inline void replace_start(std::size_t pos, std::size_t old_size, std::string_view s, bool blank);
    inline void shift(stored_field* first, stored_field* last, std::ptrdiff_t by) noexcept;

    char* block_ = nullptr;
    std::uint32_t capacity_ = 0;
    std::uint32_t text_size_ = 0;
    std::uint32_t method_size_ = 0;
    std::uint32_t line_size_ = 0;
    std::uint32_t count_ = 0;
    std::uint64_t names_ = 0;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/fields/impl/field_store.ipp>
#endif
