// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/read_msgpack.hpp>

#include <httphooks/detail/text/utf8.hpp>

#include <nlohmann/json.hpp>

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio::detail {

/// A Date's milliseconds as text, null for what JSON has no text for.
inline nlohmann::json date_text(std::int64_t milliseconds) {
    using namespace std::chrono;
    constexpr std::int64_t first = -62167219200000;  // of the year 0
    constexpr std::int64_t behind = 253402300800000;
    if (milliseconds < first || milliseconds >= behind) return nullptr;
    sys_time<std::chrono::milliseconds> const at{std::chrono::milliseconds(milliseconds)};
    auto const day = floor<days>(at);
    year_month_day const date(day);
    hh_mm_ss const time(at - day);
    std::string text;
    auto const put = [&text](std::int64_t n, int digits, char behind_it) {
        std::string const plain = std::to_string(n);
        text.append(static_cast<std::size_t>(digits) - plain.size(), '0') += plain;
        text.push_back(behind_it);
    };
    put(static_cast<int>(date.year()), 4, '-');
    put(static_cast<unsigned>(date.month()), 2, '-');
    put(static_cast<unsigned>(date.day()), 2, 'T');
    put(time.hours().count(), 2, ':');
    put(time.minutes().count(), 2, ':');
    put(time.seconds().count(), 2, '.');
    put(time.subseconds().count(), 3, 'Z');
    return text;
}

class msgpack_reader {
public:
    explicit msgpack_reader(std::string_view data) noexcept : rest_(data) {}

    bool value(nlohmann::json& to, std::size_t depth);
    bool at_end() const noexcept { return rest_.empty(); }

private:
    /// A number of `size` bytes, big end first. @return whether it is there
    bool number(std::uint64_t& to, std::size_t size) noexcept;
    bool bytes(std::string_view& to, std::uint64_t size) noexcept;
    bool text(std::string& to, std::uint64_t size);
    bool key(std::string& to);
    bool array(nlohmann::json& to, std::uint64_t size, std::size_t depth);
    bool map(nlohmann::json& to, std::uint64_t size, std::size_t depth);
    bool binary(nlohmann::json& to, std::uint64_t size);
    bool extension(nlohmann::json& to, std::uint64_t size, bool fixed);

    std::string_view rest_;
};

HTTPHOOKS_DECL bool msgpack_reader::number(std::uint64_t& to, std::size_t size) noexcept {
    if (rest_.size() < size) return false;
    to = 0;
    for (std::size_t i = 0; i < size; ++i) to = to << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return true;
}

HTTPHOOKS_DECL bool msgpack_reader::bytes(std::string_view& to, std::uint64_t size) noexcept {
    if (rest_.size() < size) return false;
    to = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(to.size());
    return true;
}

HTTPHOOKS_DECL bool msgpack_reader::text(std::string& to, std::uint64_t size) {
    std::string_view s;
    if (!bytes(s, size) || !httphooks::detail::is_utf8(s)) return false;
    to = s;
    return true;
}

HTTPHOOKS_DECL bool msgpack_reader::key(std::string& to) {
    std::uint64_t first = 0;
    if (!number(first, 1)) return false;
    if (first >= 0xa0 && first < 0xc0) return text(to, first & 31);
    std::uint64_t size = 0;
    return first >= 0xd9 && first <= 0xdb && number(size, std::size_t{1} << (first - 0xd9)) &&
           text(to, size);
}

HTTPHOOKS_DECL bool msgpack_reader::array(nlohmann::json& to, std::uint64_t size,
                                          std::size_t depth) {
    if (depth == 0 || size > rest_.size()) return false;
    to = nlohmann::json::array();
    for (; size != 0; --size) {
        nlohmann::json element;
        if (!value(element, depth - 1)) return false;
        to.push_back(std::move(element));
    }
    return true;
}

HTTPHOOKS_DECL bool msgpack_reader::map(nlohmann::json& to, std::uint64_t size, std::size_t depth) {
    if (depth == 0 || size > rest_.size()) return false;
    to = nlohmann::json::object();
    std::string name;
    for (; size != 0; --size)
        if (!key(name) || !value(to[name], depth - 1)) return false;
    return true;
}

HTTPHOOKS_DECL bool msgpack_reader::binary(nlohmann::json& to, std::uint64_t size) {
    std::string_view s;
    if (!bytes(s, size)) return false;
    to = nlohmann::json::binary({s.begin(), s.end()});
    return true;
}

HTTPHOOKS_DECL bool msgpack_reader::extension(nlohmann::json& to, std::uint64_t size, bool fixed) {
    std::uint64_t type = 0;
    if (!number(type, 1)) return false;
    if (!fixed || type != 0 || (size != 1 && size != 8)) return binary(to, size);
    std::uint64_t bits = 0;
    if (!number(bits, static_cast<std::size_t>(size))) return false;
    to = size == 1 ? nlohmann::json() : date_text(static_cast<std::int64_t>(bits));
    return true;
}

HTTPHOOKS_DECL bool msgpack_reader::value(nlohmann::json& to, std::size_t depth) {
    std::uint64_t first = 0;
    if (!number(first, 1)) return false;
    if (first < 0x80) return to = first, true;
    if (first < 0x90) return map(to, first & 15, depth);
    if (first < 0xa0) return array(to, first & 15, depth);
    if (first >= 0xe0) return to = static_cast<std::int64_t>(first) - 256, true;

    std::string s;
    std::uint64_t n = 0;
    auto const sized = [&](std::uint64_t smallest) {
        return number(n, std::size_t{1} << (first - smallest));
    };
    if (first < 0xc0 || (first >= 0xd9 && first <= 0xdb)) {
        if (first < 0xc0)
            n = first & 31;
        else if (!sized(0xd9))
            return false;
        if (!text(s, n)) return false;
        to = std::move(s);
        return true;
    }
    switch (first) {
        case 0xc0:
            return to = nullptr, true;
        case 0xc2:
        case 0xc3:
            return to = first == 0xc3, true;
        case 0xc4:
        case 0xc5:
        case 0xc6:
            return sized(0xc4) && binary(to, n);
        case 0xc7:
        case 0xc8:
        case 0xc9:
            return sized(0xc7) && extension(to, n, false);
        case 0xca:
            if (!number(n, 4)) return false;
            return to = std::bit_cast<float>(static_cast<std::uint32_t>(n)), true;
        case 0xcb:
            if (!number(n, 8)) return false;
            return to = std::bit_cast<double>(n), true;
        case 0xcc:
        case 0xcd:
        case 0xce:
        case 0xcf:
            if (!sized(0xcc)) return false;
            return to = n, true;
        case 0xd0:
        case 0xd1:
        case 0xd2:
        case 0xd3: {
            if (!sized(0xd0)) return false;
            auto const unused = 64 - (8u << (first - 0xd0));
            return to = static_cast<std::int64_t>(n << unused) >> unused, true;
        }
        case 0xd4:
        case 0xd5:
        case 0xd6:
        case 0xd7:
        case 0xd8:
            return extension(to, std::uint64_t{1} << (first - 0xd4), true);
        case 0xdc:
        case 0xdd:
            return number(n, first == 0xdc ? 2 : 4) && array(to, n, depth);
        case 0xde:
        case 0xdf:
            return number(n, first == 0xde ? 2 : 4) && map(to, n, depth);
        default:
            return false;
    }
}

HTTPHOOKS_DECL bool read_msgpack(nlohmann::json& to, std::string_view data, std::size_t depth) {
    msgpack_reader reader(data);
    return reader.value(to, depth) && reader.at_end();
}

}  // namespace httphooks::socketio::detail
