// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/attached_packet.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/socketio/binary.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio::detail {

/// The walk over a text that append_attached() does.
class attached_walk {
public:
    attached_walk(std::string& to, std::vector<std::string>& attachments,
                  attached_packet const& from) noexcept
        : to_(to), attachments_(attachments), from_(from) {}

    void run(std::string_view text);

private:
    /// An object or an array that is open.
    struct level {
        std::size_t text;
        std::size_t attachments;
        bool marked = false;
        std::optional<std::size_t> num{};
    };
    enum class member { other, mark, num };

    std::size_t string(std::string_view text);
    std::size_t scalar(std::string_view text);
    void close();

    std::string& to_;
    std::vector<std::string>& attachments_;
    attached_packet const& from_;
    std::vector<level> open_{};
    /// The member whose value is next.
    member next_ = member::other;
};

/// Takes a string, which may be the name of a member. @return its size, with the quotes
HTTPHOOKS_DECL std::size_t attached_walk::string(std::string_view text) {
    std::size_t end = 1;
    while (text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    next_ = member::other;
    std::size_t const behind = text.find_first_not_of(" \t\r\n", end + 1);
    if (behind != text.npos && text[behind] == ':') {
        std::string name;
        httphooks::detail::append_unescaped(
            name, {httphooks::detail::json_kind::string, true, text.substr(1, end - 1)});
        if (name == "_placeholder") {
            next_ = member::mark;
            open_.back().marked = false;
        } else if (name == "num") {
            next_ = member::num;
            open_.back().num.reset();
        }
    }
    return end + 1;
}

/// Takes a number, true, false or null. @return its size
HTTPHOOKS_DECL std::size_t attached_walk::scalar(std::string_view text) {
    std::size_t const end = std::min(text.find_first_of(" \t\r\n,]}"), text.size());
    std::string_view const value = text.substr(0, end);
    if (next_ == member::mark) open_.back().marked = value == "true";
    std::size_t num = 0;
    if (next_ == member::num &&
        std::from_chars(value.data(), value.data() + end, num).ptr == value.data() + end)
        open_.back().num = num;
    next_ = member::other;
    return end;
}

/// An object or an array ends: a placeholder gives way to one with a number of its own.
HTTPHOOKS_DECL void attached_walk::close() {
    level const l = open_.back();
    open_.pop_back();
    if (!l.marked || !l.num || *l.num >= from_.places.size() || !from_.places[*l.num]) return;
    to_.resize(l.text);
    attachments_.resize(l.attachments);
    to_.append(R"({"_placeholder":true,"num":)").append(std::to_string(attachments_.size()));
    to_.push_back('}');
    attachments_.emplace_back(binary_text(*from_.places[*l.num]));
}

HTTPHOOKS_DECL void attached_walk::run(std::string_view text) {
    while (!text.empty()) {
        std::size_t n = 1;
        char const c = text.front();
        if (c == '{' || c == '[') {
            open_.push_back({to_.size(), attachments_.size()});
            next_ = member::other;
        } else if (c == '"') {
            n = string(text);
        } else if (c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) {
            n = scalar(text);
        }
        to_.append(text.substr(0, n));
        text.remove_prefix(n);
        if (c == '}' || c == ']') close();
    }
}

HTTPHOOKS_DECL void append_attached(std::string& to, std::vector<std::string>& attachments,
                                    std::string_view text, attached_packet const& from) {
    attached_walk(to, attachments, from).run(text);
}

}  // namespace httphooks::socketio::detail
