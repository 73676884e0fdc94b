// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The fields of a form that a browser sent.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/form_limits.hpp>
#include <httphooks/http_error.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks {

/// One field of a form, or one file: views of the form, and of the body that it was read from.
struct form_field {
    /// The field's name.
    std::string_view name{};
    /// The field's value, or what is in the file.
    std::string_view value{};
    /// The name of a file as the client wrote it, not a path to be trusted; nothing: no file.
    std::optional<std::string_view> filename{};
    /// The Content-Type of a part of a multipart body, if it has one.
    std::string_view content_type{};
};

/** The fields of a form, in their order.

    Bytes that are not UTF-8 are kept as they are.
    @par Source
    WHATWG URL, application/x-www-form-urlencoded parsing; RFC 7578 (multipart/form-data)
    @par Example
    examples/sessions.cpp
*/
class form_data {
public:
    /// No fields.
    form_data() = default;

    /** Reads a form.
        @param content_type the message's Content-Type
        @param body the message's body, which has to outlive the form
        @return error::not_a_form: another type; error::invalid_multipart and
        error::multipart_limit: as parse_multipart; error::invalid_form: a part without a name;
        error::form_limit: a limit is exceeded
    */
    static result<form_data> parse(std::string_view content_type, std::string_view body,
                                   form_limits const& limits = {});

    /** Reads the form that a request has, which has to outlive it.
        @throws form_error what parse() says is wrong
    */
    static form_data of(request const& r, form_limits const& limits = {});

    /// The first value of that name that is no file's; empty when absent.
    std::string_view operator[](std::string_view name) const noexcept;
    /// Whether a field has that name.
    bool has(std::string_view name) const noexcept { return find(name, false) != nullptr; }
    /// Every value of that name, files left out.
    std::vector<std::string_view> all(std::string_view name) const;
    /// The first file of that name; null when absent.
    form_field const* file(std::string_view name) const noexcept { return find(name, true); }

    /// The fields and files, in their order.
    std::vector<form_field> const& fields() const noexcept { return fields_; }
    /// The first of them.
    auto begin() const noexcept { return fields_.begin(); }
    /// Behind the last of them.
    auto end() const noexcept { return fields_.end(); }
    /// How many there are.
    std::size_t size() const noexcept { return fields_.size(); }

private:
    form_field const* find(std::string_view name, bool file) const noexcept;
    inline std::string_view keep(std::string text);
    inline std::string_view decoded(std::string_view text);
    inline error_code read_pairs(std::string_view body, form_limits const& limits);
    inline error_code read_parts(std::string_view content_type, std::string_view body,
                                 form_limits const& limits);

    std::vector<form_field> fields_;
    std::forward_list<std::string> kept_;
};

/** What c.form() throws: why a body is no form.

    When a hook that answers lets it pass, the reply is a 415 for error::not_a_form, a 413 for
    error::form_limit, and a 400 for the rest.
*/
class form_error : public http_error {
public:
    /// @param why one of what form_data::parse gives
    explicit form_error(error_code why);

    /// What is wrong.
    error_code code() const noexcept { return code_; }

private:
    error_code code_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/form_data.ipp>
#endif
