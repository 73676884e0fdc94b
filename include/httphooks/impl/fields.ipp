// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/fields.hpp>

#include <httphooks/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/optional.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

HTTPHOOKS_DECL std::string_view fields::at(field name) const {
    const_iterator const it = find(name);
    if (it == end()) throw std::out_of_range("field not found");
    return it->value();
}

HTTPHOOKS_DECL std::string_view fields::at(std::string_view name) const {
    const_iterator const it = find(name);
    if (it == end()) throw std::out_of_range("field not found");
    return it->value();
}

HTTPHOOKS_DECL std::string_view fields::operator[](field name) const noexcept {
    const_iterator const it = find(name);
    return it == end() ? std::string_view() : it->value();
}

HTTPHOOKS_DECL std::string_view fields::operator[](std::string_view name) const noexcept {
    const_iterator const it = find(name);
    return it == end() ? std::string_view() : it->value();
}

HTTPHOOKS_DECL std::pair<fields::const_iterator, fields::const_iterator> fields::equal_range(
    field name) const noexcept {
    const_iterator const first = find(name);
    return {first, first + static_cast<std::ptrdiff_t>(store_.run(first))};
}

HTTPHOOKS_DECL std::pair<fields::const_iterator, fields::const_iterator> fields::equal_range(
    std::string_view name) const noexcept {
    const_iterator const first = find(name);
    return {first, first + static_cast<std::ptrdiff_t>(store_.run(first))};
}

HTTPHOOKS_DECL void fields::check(std::string_view name, std::string_view value) {
    if (!detail::is_token(name)) throw system_error(make_error_code(error::invalid_field_name));
    if (!detail::is_field_text(value))
        throw system_error(make_error_code(error::invalid_field_value));
}

HTTPHOOKS_DECL void fields::check(field name, std::string_view value) {
    if (name == field::unknown) throw system_error(make_error_code(error::invalid_field_name));
    if (!detail::is_field_text(value))
        throw system_error(make_error_code(error::invalid_field_value));
}

HTTPHOOKS_DECL void fields::insert(field name, std::string_view value) {
    std::string_view const name_string = beast::http::to_string(name);
    check(name, value);
    store_.insert(name, name_string, detail::trim_ows(value));
}

HTTPHOOKS_DECL void fields::insert(std::string_view name, std::string_view value) {
    insert(beast::http::string_to_field(name), name, value);
}

HTTPHOOKS_DECL void fields::insert(field name, std::string_view name_string,
                                   std::string_view value) {
    check(name_string, value);
    store_.insert(name, name_string, detail::trim_ows(value));
}

HTTPHOOKS_DECL void fields::replace(field name, std::string_view name_string,
                                    std::string_view value) {
    const_iterator const old = store_.find(name_string);
    std::size_t const n = store_.run(old);
    auto const at = old - begin();
    store_.push_back(name, name_string, value);
    store_.remove(begin() + at, n);
}

HTTPHOOKS_DECL void fields::set(field name, std::string_view value) {
    std::string_view const name_string = beast::http::to_string(name);
    check(name, value);
    replace(name, name_string, detail::trim_ows(value));
}

HTTPHOOKS_DECL void fields::set(std::string_view name, std::string_view value) {
    check(name, value);
    replace(beast::http::string_to_field(name), name, detail::trim_ows(value));
}

HTTPHOOKS_DECL fields::const_iterator fields::erase(const_iterator pos) noexcept {
    auto const at = pos - begin();
    store_.remove(pos, 1);
    return begin() + at;
}

HTTPHOOKS_DECL std::size_t fields::erase(field name) noexcept {
    const_iterator const first = find(name);
    std::size_t const n = store_.run(first);
    store_.remove(first, n);
    return n;
}

HTTPHOOKS_DECL std::size_t fields::erase(std::string_view name) noexcept {
    const_iterator const first = find(name);
    std::size_t const n = store_.run(first);
    store_.remove(first, n);
    return n;
}

HTTPHOOKS_DECL std::string_view fields::get_target_impl() const noexcept {
    std::string_view const line = store_.line();
    return line.empty() ? line : line.substr(1);
}

HTTPHOOKS_DECL void fields::set_method_impl(std::string_view s) {
    if (!s.empty() && !detail::is_token(s))
        throw system_error(make_error_code(error::unknown_method));
    store_.set_method(s);
}

HTTPHOOKS_DECL void fields::set_target_impl(std::string_view s) {
    if (!detail::is_target_text(s)) throw system_error(make_error_code(error::invalid_target));
    store_.set_line(s, true);
}

HTTPHOOKS_DECL void fields::set_reason_impl(std::string_view s) {
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

HTTPHOOKS_DECL bool fields::get_chunked_impl() const {
    const_iterator const it = find(field::transfer_encoding);
    return it != end() && detail::ascii_iequals(detail::last_token(it->value()), "chunked");
}

HTTPHOOKS_DECL bool fields::get_keep_alive_impl(unsigned version) const {
    bool kept = version >= 11;
    auto const [first, last] = equal_range(field::connection);
    for (auto it = first; it != last; ++it) {
        beast::http::token_list tokens{it->value()};
        if (tokens.exists("close")) return false;
        kept = kept || tokens.exists("keep-alive");
    }
    return kept;
}

HTTPHOOKS_DECL void fields::set_chunked_impl(bool value) {
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

HTTPHOOKS_DECL void fields::set_content_length_impl(boost::optional<std::uint64_t> const& value) {
    if (!value) {
        erase(field::content_length);
        return;
    }
    char digits[20];
    auto const done = std::to_chars(digits, digits + sizeof digits, *value);
    replace(field::content_length, "Content-Length",
            {digits, static_cast<std::size_t>(done.ptr - digits)});
}

HTTPHOOKS_DECL void fields::set_keep_alive_impl(unsigned version, bool keep_alive) {
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

HTTPHOOKS_DECL void fields::writer::add(std::string_view s) noexcept {
    if (!s.empty()) buffers_[count_++] = asio::const_buffer(s.data(), s.size());
}

HTTPHOOKS_DECL void fields::writer::put_version(char* to, unsigned version) noexcept {
    std::memcpy(to, "HTTP/", 5);
    to[5] = static_cast<char>('0' + version / 10);
    to[6] = '.';
    to[7] = static_cast<char>('0' + version % 10);
}

HTTPHOOKS_DECL fields::writer::writer(fields const& f) {
    add(f.wire());
    add("\r\n");
}

HTTPHOOKS_DECL fields::writer::writer(fields const& f, unsigned version, beast::http::verb method) {
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

HTTPHOOKS_DECL fields::writer::writer(fields const& f, unsigned version, unsigned code) {
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
