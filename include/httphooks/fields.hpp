// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The header fields of a message, in one block of memory, as Beast's messages take them.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/fields/field_store.hpp>
#include <httphooks/error.hpp>

#include <ostream>  // before verb.hpp, which needs it in Boost 1.81

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/optional.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

/// The enumerated names of header fields.
using field = beast::http::field;

/** Header fields, with the interface of Beast's basic_fields.

    An ordered multimap from names, whose case does not matter, to values; fields of one name follow
    each other. The text is kept as it goes over the wire, so writing all fields is one copy. An
    object without fields, method, target and reason owns no memory. Any change invalidates
    iterators, references and views of names and values; the arguments of a change may be such
    views. Meets Beast's requirements of Fields.

    @par Thread safety
    Distinct objects: safe. Shared objects: unsafe, unless nobody changes them.
    @par Source
    Boost.Beast, http::basic_fields. Unlike it, names and values are checked when they are set: a
    field cannot carry a line break to the wire (RFC 9110 5.5).
*/
class fields {
public:
    /// One field, with name(), name_string() and value().
    using value_type = detail::stored_field;
    /// A random access iterator over value_type const.
    using const_iterator = detail::field_store::const_iterator;
    /// The same: what an iterator points to cannot be changed through it.
    using iterator = const_iterator;
    /// Turns the fields to buffers; what Beast's serializer uses.
    class writer;

    /// The first field, in order of serialization.
    const_iterator begin() const noexcept { return store_.begin(); }
    /// One past the last field.
    const_iterator end() const noexcept { return store_.end(); }
    /// The first field, in order of serialization.
    const_iterator cbegin() const noexcept { return begin(); }
    /// One past the last field.
    const_iterator cend() const noexcept { return end(); }

    /// All fields as `Name: value\r\n`, one after another, without the empty line after them.
    std::string_view wire() const noexcept { return store_.wire(); }

    /** The value of the first field of that name.
        @throws std::out_of_range if there is none.
    */
    std::string_view at(field name) const;
    /// @copydoc at
    std::string_view at(std::string_view name) const;

    /// The value of the first field of that name, empty if there is none.
    std::string_view operator[](field name) const noexcept;
    /// @copydoc operator[]
    std::string_view operator[](std::string_view name) const noexcept;

    /// The first field of that name, or end().
    const_iterator find(field name) const noexcept { return store_.find(name); }
    /// @copydoc find
    const_iterator find(std::string_view name) const noexcept { return store_.find(name); }

    /// How many fields have that name.
    std::size_t count(field name) const noexcept { return store_.run(find(name)); }
    /// @copydoc count
    std::size_t count(std::string_view name) const noexcept { return store_.run(find(name)); }

    /// Whether a field has that name.
    bool contains(field name) const noexcept { return find(name) != end(); }
    /// @copydoc contains
    bool contains(std::string_view name) const noexcept { return find(name) != end(); }

    /// All fields of that name.
    std::pair<const_iterator, const_iterator> equal_range(field name) const noexcept;
    /// @copydoc equal_range
    std::pair<const_iterator, const_iterator> equal_range(std::string_view name) const noexcept;

    /** Adds a field, after those of the same name if there are some, else at the end.

        Blanks and tabs around the value are dropped.
        @throws system_error with error::invalid_field_name if the name is not a token, with
        error::invalid_field_value if the value holds a control character other than HTAB.
    */
    void insert(field name, std::string_view value);
    /// @copydoc insert
    void insert(std::string_view name, std::string_view value);
    /** As above, with the name's text.
        @param name The enumerated name, or field::unknown.
        @param name_string The same name, as it goes over the wire.
    */
    void insert(field name, std::string_view name_string, std::string_view value);
    void insert(field, std::nullptr_t) = delete;
    void insert(std::string_view, std::nullptr_t) = delete;
    void insert(field, std::string_view, std::nullptr_t) = delete;

    /** Removes all fields of that name and adds one, at the end.
        @throws system_error as insert(); then nothing has changed.
    */
    void set(field name, std::string_view value);
    /// @copydoc set
    void set(std::string_view name, std::string_view value);
    void set(field, std::nullptr_t) = delete;
    void set(std::string_view, std::nullptr_t) = delete;

    /** Adds what a parser has already checked: as insert(), but looks at no byte.
        @param name The enumerated name, or field::unknown.
        @param name_string The same name, a token.
        @param value Without control characters and without blanks around it.
    */
    void append_parsed(field name, std::string_view name_string, std::string_view value) {
        store_.insert(name, name_string, value);
    }
    /** As above, of a field as it goes over the wire.
        @param name The enumerated name, or field::unknown.
        @param line The name, a colon and a blank, the value, CRLF.
        @param name_size The name's size, in bytes.
    */
    void append_parsed_line(field name, std::string_view line, std::size_t name_size) {
        store_.insert_line(name, line, name_size);
    }

    /// Sets the target that a parser has already checked: looks at no byte.
    void set_parsed_target(std::string_view s) { store_.set_line(s, true); }

    /** Removes one field.
        @return The field after it, or end().
    */
    const_iterator erase(const_iterator pos) noexcept;
    /** Removes all fields of that name.
        @return How many there were.
    */
    std::size_t erase(field name) noexcept;
    /// @copydoc erase
    std::size_t erase(std::string_view name) noexcept;

    /// Removes all fields; keeps the memory, and method, target and reason.
    void clear() noexcept { store_.clear(); }
    /// Removes all fields, the method, and the target or reason; keeps the memory.
    void reset() noexcept { store_.reset(); }

    /// Exchanges the contents.
    void swap(fields& other) noexcept { store_.swap(other.store_); }
    /// Exchanges the contents.
    friend void swap(fields& a, fields& b) noexcept { a.swap(b); }

protected:
    std::string_view get_method_impl() const noexcept { return store_.method(); }
    std::string_view get_target_impl() const noexcept;
    std::string_view get_reason_impl() const noexcept { return store_.line(); }
    bool get_chunked_impl() const;
    bool get_keep_alive_impl(unsigned version) const;
    bool has_content_length_impl() const noexcept { return contains(field::content_length); }

    /// @throws system_error with error::unknown_method if the method is not a token.
    void set_method_impl(std::string_view s);
    /// @throws system_error with error::invalid_target for a blank or a control character.
    void set_target_impl(std::string_view s);
    /// @throws system_error with error::invalid_field_value for a control character.
    void set_reason_impl(std::string_view s);
    void set_chunked_impl(bool value);
    void set_content_length_impl(boost::optional<std::uint64_t> const& value);
    void set_keep_alive_impl(unsigned version, bool keep_alive);

private:
    static void check(std::string_view name, std::string_view value);
    static void check(field name, std::string_view value);
    void replace(field name, std::string_view name_string, std::string_view value);

    detail::field_store store_;
};

/// What Beast's serializer makes of a header: buffers, without copying fields.
class fields::writer {
public:
    /// The buffers of a header; they live in the writer and in the fields.
    class const_buffers_type {
    public:
        using value_type = asio::const_buffer;
        using const_iterator = asio::const_buffer const*;

        const_iterator begin() const noexcept { return first_; }
        const_iterator end() const noexcept { return last_; }

    private:
        friend class writer;
        const_buffers_type(const_iterator first, const_iterator last)
            : first_(first), last_(last) {}

        const_iterator first_;
        const_iterator last_;
    };

    /// A request's header.
    writer(fields const& f, unsigned version, beast::http::verb method);
    /// A response's header.
    writer(fields const& f, unsigned version, unsigned code);
    /// Trailer fields.
    explicit writer(fields const& f);

    writer(writer const&) = delete;
    writer& operator=(writer const&) = delete;

    /// The buffers, good as long as the fields are not changed.
    const_buffers_type get() const noexcept { return {buffers_.data(), buffers_.data() + count_}; }

private:
    void add(std::string_view s) noexcept;
    void put_version(char* to, unsigned version) noexcept;

    std::array<asio::const_buffer, 5> buffers_;
    std::size_t count_ = 0;
    char text_[16];
};

// ---------------------------------------------------------------------------------------------

inline std::string_view fields::at(field name) const {
    const_iterator const it = find(name);
    if (it == end()) throw std::out_of_range("field not found");
    return it->value();
}

inline std::string_view fields::at(std::string_view name) const {
    const_iterator const it = find(name);
    if (it == end()) throw std::out_of_range("field not found");
    return it->value();
}

inline std::string_view fields::operator[](field name) const noexcept {
    const_iterator const it = find(name);
    return it == end() ? std::string_view() : it->value();
}

inline std::string_view fields::operator[](std::string_view name) const noexcept {
    const_iterator const it = find(name);
    return it == end() ? std::string_view() : it->value();
}

inline std::pair<fields::const_iterator, fields::const_iterator> fields::equal_range(
    field name) const noexcept {
    const_iterator const first = find(name);
    return {first, first + static_cast<std::ptrdiff_t>(store_.run(first))};
}

inline std::pair<fields::const_iterator, fields::const_iterator> fields::equal_range(
    std::string_view name) const noexcept {
    const_iterator const first = find(name);
    return {first, first + static_cast<std::ptrdiff_t>(store_.run(first))};
}

inline void fields::check(std::string_view name, std::string_view value) {
    if (!detail::is_token(name)) throw system_error(make_error_code(error::invalid_field_name));
    if (!detail::is_field_text(value))
        throw system_error(make_error_code(error::invalid_field_value));
}

inline void fields::check(field name, std::string_view value) {
    if (name == field::unknown) throw system_error(make_error_code(error::invalid_field_name));
    if (!detail::is_field_text(value))
        throw system_error(make_error_code(error::invalid_field_value));
}

inline void fields::insert(field name, std::string_view value) {
    std::string_view const name_string = beast::http::to_string(name);
    check(name, value);
    store_.insert(name, name_string, detail::trim_ows(value));
}

inline void fields::insert(std::string_view name, std::string_view value) {
    insert(beast::http::string_to_field(name), name, value);
}

inline void fields::insert(field name, std::string_view name_string, std::string_view value) {
    check(name_string, value);
    store_.insert(name, name_string, detail::trim_ows(value));
}

inline void fields::replace(field name, std::string_view name_string, std::string_view value) {
    const_iterator const old = store_.find(name_string);
    std::size_t const n = store_.run(old);
    auto const at = old - begin();
    store_.push_back(name, name_string, value);
    store_.remove(begin() + at, n);
}

inline void fields::set(field name, std::string_view value) {
    std::string_view const name_string = beast::http::to_string(name);
    check(name, value);
    replace(name, name_string, detail::trim_ows(value));
}

inline void fields::set(std::string_view name, std::string_view value) {
    check(name, value);
    replace(beast::http::string_to_field(name), name, detail::trim_ows(value));
}

inline fields::const_iterator fields::erase(const_iterator pos) noexcept {
    auto const at = pos - begin();
    store_.remove(pos, 1);
    return begin() + at;
}

inline std::size_t fields::erase(field name) noexcept {
    const_iterator const first = find(name);
    std::size_t const n = store_.run(first);
    store_.remove(first, n);
    return n;
}

inline std::size_t fields::erase(std::string_view name) noexcept {
    const_iterator const first = find(name);
    std::size_t const n = store_.run(first);
    store_.remove(first, n);
    return n;
}

inline std::string_view fields::get_target_impl() const noexcept {
    std::string_view const line = store_.line();
    return line.empty() ? line : line.substr(1);
}

inline void fields::set_method_impl(std::string_view s) {
    if (!s.empty() && !detail::is_token(s))
        throw system_error(make_error_code(error::unknown_method));
    store_.set_method(s);
}

inline void fields::set_target_impl(std::string_view s) {
    if (!detail::is_target_text(s)) throw system_error(make_error_code(error::invalid_target));
    store_.set_line(s, true);
}

inline void fields::set_reason_impl(std::string_view s) {
    if (!detail::is_field_text(s)) throw system_error(make_error_code(error::invalid_field_value));
    store_.set_line(s, false);
}

namespace detail {

/// The list's tokens without those that `drop` names, joined by `, `.
inline std::string without_tokens(std::string_view list,
                                  std::initializer_list<std::string_view> drop) {
    std::string kept;
    for (std::string_view const token : beast::http::token_list{list}) {
        bool dropped = false;
        for (std::string_view const d : drop) dropped = dropped || ascii_iequals(token, d);
        if (dropped) continue;
        if (!kept.empty()) kept += ", ";
        kept += token;
    }
    return kept;
}

/// Adds a token to a list that does not have it.
inline void add_token(std::string& list, std::string_view token) {
    if (list.empty())
        list = token;
    else if (!beast::http::token_list{list}.exists(token))
        list.append(", ").append(token);
}

/// The list's last token.
inline std::string last_token(std::string_view list) {
    std::string last;
    for (std::string_view const token : beast::http::token_list{list}) last = token;
    return last;
}

}  // namespace detail

inline bool fields::get_chunked_impl() const {
    const_iterator const it = find(field::transfer_encoding);
    return it != end() && detail::ascii_iequals(detail::last_token(it->value()), "chunked");
}

inline bool fields::get_keep_alive_impl(unsigned version) const {
    bool kept = version >= 11;
    auto const [first, last] = equal_range(field::connection);
    for (auto it = first; it != last; ++it) {
        beast::http::token_list tokens{it->value()};
        if (tokens.exists("close")) return false;
        kept = kept || tokens.exists("keep-alive");
    }
    return kept;
}

inline void fields::set_chunked_impl(bool value) {
    const_iterator const it = find(field::transfer_encoding);
    if (it == end()) {
        if (value) set(field::transfer_encoding, "chunked");
        return;
    }
    bool const chunked = detail::ascii_iequals(detail::last_token(it->value()), "chunked");
    if (chunked == value) return;
    std::string list = detail::without_tokens(it->value(), {});
    if (value)
        list += list.empty() ? "chunked" : ", chunked";
    else
        list.resize(list.rfind(',') == list.npos ? 0 : list.rfind(','));
    if (list.empty())
        erase(field::transfer_encoding);
    else
        set(field::transfer_encoding, list);
}

inline void fields::set_content_length_impl(boost::optional<std::uint64_t> const& value) {
    if (!value) {
        erase(field::content_length);
        return;
    }
    char digits[20];
    auto const done = std::to_chars(digits, digits + sizeof digits, *value);
    replace(field::content_length, "Content-Length",
            {digits, static_cast<std::size_t>(done.ptr - digits)});
}

inline void fields::set_keep_alive_impl(unsigned version, bool keep_alive) {
    std::string_view const value = (*this)[field::connection];
    std::string list;
    if (version < 11 && keep_alive) {
        list = detail::without_tokens(value, {"close"});
        detail::add_token(list, "keep-alive");
    } else if (version >= 11 && !keep_alive) {
        list = detail::without_tokens(value, {"keep-alive"});
        detail::add_token(list, "close");
    } else {
        list = detail::without_tokens(value, {"close", "keep-alive"});
    }
    if (list.empty())
        erase(field::connection);
    else
        set(field::connection, list);
}

inline void fields::writer::add(std::string_view s) noexcept {
    if (!s.empty()) buffers_[count_++] = asio::const_buffer(s.data(), s.size());
}

inline void fields::writer::put_version(char* to, unsigned version) noexcept {
    std::memcpy(to, "HTTP/", 5);
    to[5] = static_cast<char>('0' + version / 10);
    to[6] = '.';
    to[7] = static_cast<char>('0' + version % 10);
}

inline fields::writer::writer(fields const& f) {
    add(f.wire());
    add("\r\n");
}

inline fields::writer::writer(fields const& f, unsigned version, beast::http::verb method) {
    add(method == beast::http::verb::unknown ? f.store_.method()
                                             : std::string_view(beast::http::to_string(method)));
    add(f.store_.line());
    text_[0] = ' ';
    put_version(text_ + 1, version);
    text_[9] = '\r';
    text_[10] = '\n';
    add({text_, 11});
    add(f.wire());
    add("\r\n");
}

inline fields::writer::writer(fields const& f, unsigned version, unsigned code) {
    put_version(text_, version);
    text_[8] = ' ';
    text_[9] = static_cast<char>('0' + code / 100);
    text_[10] = static_cast<char>('0' + code / 10 % 10);
    text_[11] = static_cast<char>('0' + code % 10);
    text_[12] = ' ';
    add({text_, 13});
    std::string_view reason = f.store_.line();
    if (reason.empty())
        reason = beast::http::obsolete_reason(static_cast<beast::http::status>(code));
    add(reason);
    std::memcpy(text_ + 13, "\r\n", 2);
    add({text_ + 13, 2});
    add(f.wire());
    add("\r\n");
}

}  // namespace httphooks
