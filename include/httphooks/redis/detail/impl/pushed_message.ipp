// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/detail/pushed_message.hpp>

#include <cstddef>
#include <string_view>

namespace httphooks::redis::detail {

/// Reads texts, one after another.
class pushed_texts {
public:
    pushed_texts(char const* begin, char const* end) noexcept : at_(begin), end_(end) {}

    /// Takes a text: `$5\r\nhello\r\n`.
    pushed next(std::string_view& to) noexcept {
        constexpr std::size_t most = std::size_t{1} << 40;
        if (at_ == end_) return pushed::unfinished;
        if (*at_ != '$') return pushed::other;
        char const* digit = at_ + 1;
        std::size_t size = 0;
        for (; digit != end_ && *digit >= '0' && *digit <= '9'; ++digit) {
            size = size * 10 + static_cast<std::size_t>(*digit - '0');
            if (size > most) return pushed::other;
        }
        if (end_ - digit < 2)
            return digit == end_ || *digit == '\r' ? pushed::unfinished : pushed::other;
        if (digit == at_ + 1 || digit[0] != '\r' || digit[1] != '\n') return pushed::other;
        if (at_[1] == '0' && digit != at_ + 2) return pushed::other;  // as Redis' own reader says
        char const* const text = digit + 2;
        if (static_cast<std::size_t>(end_ - text) < size + 2) return pushed::unfinished;
        if (text[size] != '\r' || text[size + 1] != '\n') return pushed::other;
        to = {text, size};
        at_ = text + size + 2;
        return pushed::message;
    }
    char const* at() const noexcept { return at_; }

private:
    char const* at_;
    char const* end_;
};

/// Reads on behind the name of what it is.
inline pushed read_texts(std::string_view bytes, std::size_t from, subscription kind, message& to,
                         std::size_t& size) noexcept {
    pushed_texts texts(bytes.data() + from, bytes.data() + bytes.size());
    pushed found = pushed::message;
    to.kind = kind;
    to.pattern = {};
    if (kind == subscription::pattern) found = texts.next(to.pattern);
    if (found == pushed::message) found = texts.next(to.channel);
    if (found == pushed::message) found = texts.next(to.payload);
    size = static_cast<std::size_t>(texts.at() - bytes.data());
    return found;
}

HTTPHOOKS_DECL pushed read_pushed(std::string_view bytes, message& to, std::size_t& size) noexcept {
    constexpr std::string_view pattern = "*4\r\n$8\r\npmessage\r\n";
    constexpr std::string_view channel = "*3\r\n$7\r\nmessage\r\n";
    constexpr std::string_view shard = "*3\r\n$8\r\nsmessage\r\n";
    if (bytes.starts_with(pattern))
        return read_texts(bytes, pattern.size(), subscription::pattern, to, size);
    if (bytes.starts_with(channel))
        return read_texts(bytes, channel.size(), subscription::channel, to, size);
    if (bytes.starts_with(shard))
        return read_texts(bytes, shard.size(), subscription::shard, to, size);
    bool const begun =
        pattern.starts_with(bytes) || channel.starts_with(bytes) || shard.starts_with(bytes);
    return begun ? pushed::unfinished : pushed::other;
}

}  // namespace httphooks::redis::detail
