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
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/optional.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
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

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/fields.ipp>
#endif
