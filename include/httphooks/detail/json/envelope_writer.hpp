// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Writing the envelope of a response, as JSON or as JSON that stands in a JSON string.
*/

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/text/base64.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/detail/text/text_block.hpp>
#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/message.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// A form that JSON is written in: as it is.
struct plain_json {
    /// Whether quotes are escaped.
    static constexpr bool quoted = false;
    /// Appends any JSON.
    static void append(std::string& to, std::string_view json) { to.append(json); }
};

/// A literal as an argument of templates.
template <std::size_t N>
struct json_literal {
    consteval json_literal(char const (&s)[N]) { std::copy_n(s, N, text); }
    constexpr std::string_view view() const noexcept { return {text, N - 1}; }

    char text[N];
};

/// A literal with its quotes escaped, if need be.
template <json_literal Json, bool Quoted>
inline constexpr auto json_piece = [] {
    constexpr std::string_view text = Json.view();
    constexpr auto quotes = static_cast<std::size_t>(std::ranges::count(text, '"'));
    std::array<char, text.size() + (Quoted ? quotes : 0)> piece{};
    auto to = piece.begin();
    for (char const c : text) {
        if (Quoted && c == '"') *to++ = '\\';
        *to++ = c;
    }
    return piece;
}();

/** Appends JSON to a string, which is set to its size ahead.
    @tparam Form what becomes of the JSON: plain_json, or a type like it */
template <class Form>
class json_writer {
public:
    /// @param expected about how many bytes will come
    json_writer(std::string& to, std::size_t expected) : to_(to) { open(expected); }
    json_writer(json_writer const&) = delete;
    json_writer& operator=(json_writer const&) = delete;
    ~json_writer() { close(); }

    /// A literal of JSON.
    template <json_literal Json>
    void put() {
        make_room(json_piece<Json, Form::quoted>.size());
        write<Json>();
    }
    /// What becomes of no JSON: it is appended as it is.
    void put_plain(std::string_view json) {
        make_room(json.size());
        at_ = std::copy(json.begin(), json.end(), at_);
    }
    /// Any JSON.
    void put_json(std::string_view json) {
        append_with([&](std::string& to) { Form::append(to, json); });
    }
    /// A string, in quotes; bytes that are not UTF-8 become U+FFFD.
    void put_string(std::string_view s);
    /// A string that needs no escapes, in quotes.
    void put_token(std::string_view s);
    /// The inside of a string, if it is ASCII and needs no escapes; else nothing.
    bool put_if_plain(std::string_view s);
    /// The inside of any string.
    void put_escaped(std::string_view s);
    /// Has `append(std::string&)` append to the string.
    template <class Append>
    void append_with(Append append);

private:
    void open(std::size_t expected) {
        std::size_t const used = to_.size();
        to_.resize(used + expected + text_block);
        at_ = to_.data() + used;
        end_ = to_.data() + to_.size();
    }
    void close() { to_.resize(static_cast<std::size_t>(at_ - to_.data())); }
    std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    /// Sees to room for `n` bytes and a block.
    void make_room(std::size_t n) {
        if (room() >= n + text_block) [[likely]]
            return;
        close();
        open(n + to_.size() / 2);
    }
    template <json_literal Json>
    void write() noexcept {
        constexpr auto const& piece = json_piece<Json, Form::quoted>;
        std::memcpy(at_, piece.data(), piece.size());
        at_ += piece.size();
    }

    std::string& to_;
    char* at_ = nullptr;
    char* end_ = nullptr;
};

/// Writes the envelope of a response. @param id the JSON text of the member `id`, or empty
template <class Form>
void put_envelope(json_writer<Form>& out, response const& r, std::string_view id);

/// About how many bytes put_envelope() writes.
inline std::size_t envelope_size(response const& r, std::string_view id) noexcept {
    return id.size() + 2 * r.base().wire().size() + r.body().size() + 64;
}

// ---------------------------------------------------------------------------------------------

template <class Form>
void json_writer<Form>::put_string(std::string_view s) {
    make_room(s.size() + text_block);
    write<"\"">();
    if (std::size_t const n = copy_run<text_stop::json_or_wide>(at_, s.data(), s.size());
        n == s.size()) [[likely]] {
        at_ += n;
        return write<"\"">();
    }
    put_escaped(s);
    put<"\"">();
}

template <class Form>
void json_writer<Form>::put_token(std::string_view s) {
    make_room(s.size() + text_block);
    write<"\"">();
    std::memcpy(at_, s.data(), s.size());
    at_ += s.size();
    write<"\"">();
}

template <class Form>
bool json_writer<Form>::put_if_plain(std::string_view s) {
    make_room(s.size());
    if (copy_run<text_stop::json_or_wide>(at_, s.data(), s.size()) != s.size()) return false;
    at_ += s.size();
    return true;
}

template <class Form>
void json_writer<Form>::put_escaped(std::string_view s) {
    append_with([s](std::string& to) {
        if constexpr (Form::quoted) {
            std::string text = take_string();
            append_json_text(text, s);
            Form::append(to, text);
            give_string(std::move(text));
        } else {
            append_json_text(to, s);
        }
    });
}

template <class Form>
template <class Append>
void json_writer<Form>::append_with(Append append) {
    std::size_t const left = room();
    close();
    append(to_);
    at_ = to_.data() + to_.size();
    open(left);
}

template <class Form>
void put_headers(json_writer<Form>& out, fields const& from) {
    std::string joined;
    for (auto it = from.begin(), last = from.end(); it != last;) {
        if (it != from.begin()) out.template put<",">();
        out.put_token(it->name_string());
        out.template put<":">();
        auto next = it + 1;
        while (next != last && ascii_iequals(next->name_string(), it->name_string())) ++next;
        if (next - it == 1) {
            out.put_string(it->value());
        } else if (it->name() == field::set_cookie) {
            out.template put<"[">();
            for (auto one = it; one != next; ++one) {
                if (one != it) out.template put<",">();
                out.put_string(one->value());
            }
            out.template put<"]">();
        } else {
            joined.clear();
            for (auto one = it; one != next; ++one) {
                if (one != it) joined.append(", ");
                joined.append(one->value());
            }
            out.put_string(joined);
        }
        it = next;
    }
}

template <class Form>
void put_content(json_writer<Form>& out, std::string const& body) {
    out.template put<R"("content":")">();
    if (!out.put_if_plain(body)) {
        if (!is_utf8(body)) {
            out.append_with([&](std::string& to) { append_base64(to, body); });
            return out.template put<R"(","contentEncoding":"base64")">();
        }
        out.put_escaped(body);
    }
    out.template put<"\"">();
}

/// Begins an object, with the member `id` if there is one.
template <class Form>
void open_envelope(json_writer<Form>& out, std::string_view id) {
    out.template put<"{">();
    if (!id.empty()) {
        out.template put<R"("id":)">();
        out.put_json(id);
        out.template put<",">();
    }
}

/// The member `statusCode`, and the beginning of the member `headers`.
template <class Form>
void put_status(json_writer<Form>& out, unsigned status_code) {
    char code[16];
    auto const end = std::to_chars(code, code + sizeof code, status_code).ptr;
    out.template put<R"("statusCode":)">();
    out.put_plain({code, static_cast<std::size_t>(end - code)});
    out.template put<R"(,"headers":{)">();
}

template <class Form>
void put_envelope(json_writer<Form>& out, response const& r, std::string_view id) {
    open_envelope(out, id);
    put_status(out, r.result_int());
    put_headers(out, r.base());
    out.template put<"},">();
    put_content(out, r.body());
    out.template put<"}">();
}

}  // namespace httphooks::detail
