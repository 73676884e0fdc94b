// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/msgpack_scanner.hpp>

#include <httphooks/detail/text/utf8.hpp>

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL bool append_date(std::string& to, std::int64_t milliseconds) {
    using namespace std::chrono;
    constexpr std::int64_t first = -62167219200000;  // of the year 0
    constexpr std::int64_t behind = 253402300800000;
    if (milliseconds < first || milliseconds >= behind) return false;
    sys_time<std::chrono::milliseconds> const at{std::chrono::milliseconds(milliseconds)};
    auto const day = floor<days>(at);
    year_month_day const date(day);
    hh_mm_ss const time(at - day);
    auto const put = [&to](std::int64_t n, int digits, char behind_it) {
        std::string const plain = std::to_string(n);
        to.append(static_cast<std::size_t>(digits) - plain.size(), '0') += plain;
        to.push_back(behind_it);
    };
    put(static_cast<int>(date.year()), 4, '-');
    put(static_cast<unsigned>(date.month()), 2, '-');
    put(static_cast<unsigned>(date.day()), 2, 'T');
    put(time.hours().count(), 2, ':');
    put(time.minutes().count(), 2, ':');
    put(time.seconds().count(), 2, '.');
    put(time.subseconds().count(), 3, 'Z');
    return true;
}

HTTPHOOKS_DECL bool msgpack_scanner::number(std::uint64_t& to, std::size_t size) noexcept {
    if (rest_.size() < size) return false;
    to = 0;
    for (std::size_t i = 0; i < size; ++i) to = to << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return true;
}

HTTPHOOKS_DECL bool msgpack_scanner::bytes(msgpack_item& to, std::uint64_t size) noexcept {
    if (rest_.size() < size) return false;
    to.kind = msgpack_kind::bytes;
    to.text = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(to.text.size());
    return true;
}

HTTPHOOKS_DECL bool msgpack_scanner::text(msgpack_item& to, std::uint64_t size) noexcept {
    if (!bytes(to, size) || (looks_ && !httphooks::detail::is_utf8(to.text))) return false;
    to.kind = msgpack_kind::text;
    return true;
}

HTTPHOOKS_DECL bool msgpack_scanner::several(msgpack_item& to, msgpack_kind kind,
                                             std::uint64_t size) noexcept {
    to.kind = kind;
    to.number = size;
    return size <= rest_.size();
}

HTTPHOOKS_DECL bool msgpack_scanner::timestamp(msgpack_item& to, std::uint64_t size) noexcept {
    std::uint64_t nanoseconds = 0;
    std::uint64_t seconds = 0;
    if (size == 12 && !number(nanoseconds, 4)) return false;
    if (!number(seconds, size == 4 ? 4 : 8)) return false;
    if (size == 8) {
        nanoseconds = seconds >> 34;
        seconds &= (std::uint64_t{1} << 34) - 1;
    }
    constexpr std::int64_t most = std::int64_t{1} << 40;  // far beyond what has a text
    auto const whole = static_cast<std::int64_t>(seconds);
    to.kind = msgpack_kind::date;
    to.integer = (whole > most    ? most
                  : whole < -most ? -most
                                  : whole) *
                     1000 +
                 static_cast<std::int64_t>(nanoseconds / 1'000'000);
    return true;
}

HTTPHOOKS_DECL bool msgpack_scanner::extension(msgpack_item& to, std::uint64_t size,
                                               bool fixed) noexcept {
    std::uint64_t type = 0;
    if (!number(type, 1)) return false;
    if (type == 0xff && (fixed ? size == 4 || size == 8 : size == 12)) return timestamp(to, size);
    if (!fixed || type != 0 || (size != 1 && size != 8)) return bytes(to, size);
    std::uint64_t bits = 0;
    if (!number(bits, static_cast<std::size_t>(size))) return false;
    to.kind = size == 1 ? msgpack_kind::nil : msgpack_kind::date;
    to.integer = static_cast<std::int64_t>(bits);
    return true;
}

HTTPHOOKS_DECL bool msgpack_scanner::next(msgpack_item& to) noexcept {
    std::uint64_t first = 0;
    if (!number(first, 1)) return false;
    auto const positive = [&](std::uint64_t n) {
        to.kind = msgpack_kind::positive;
        to.number = n;
        return true;
    };
    auto const integer = [&](std::int64_t n) {
        to.kind = msgpack_kind::integer;
        to.integer = n;
        return true;
    };
    auto const real = [&](double d) {
        to.kind = msgpack_kind::real;
        to.real = d;
        return true;
    };
    if (first < 0x80) return positive(first);
    if (first < 0x90) return several(to, msgpack_kind::map, first & 15);
    if (first < 0xa0) return several(to, msgpack_kind::array, first & 15);
    if (first < 0xc0) return text(to, first & 31);
    if (first >= 0xe0) return integer(static_cast<std::int64_t>(first) - 256);

    std::uint64_t n = 0;
    auto const sized = [&](std::uint64_t smallest) {
        return number(n, std::size_t{1} << (first - smallest));
    };
    switch (first) {
        case 0xc0:
            to.kind = msgpack_kind::nil;
            return true;
        case 0xc2:
        case 0xc3:
            to.kind = msgpack_kind::boolean;
            to.number = first & 1;
            return true;
        case 0xc4:
        case 0xc5:
        case 0xc6:
            return sized(0xc4) && bytes(to, n);
        case 0xc7:
        case 0xc8:
        case 0xc9:
            return sized(0xc7) && extension(to, n, false);
        case 0xca:
            return number(n, 4) && real(std::bit_cast<float>(static_cast<std::uint32_t>(n)));
        case 0xcb:
            return number(n, 8) && real(std::bit_cast<double>(n));
        case 0xcc:
        case 0xcd:
        case 0xce:
        case 0xcf:
            return sized(0xcc) && positive(n);
        case 0xd0:
        case 0xd1:
        case 0xd2:
        case 0xd3: {
            if (!sized(0xd0)) return false;
            auto const unused = 64 - (8u << (first - 0xd0));
            return integer(static_cast<std::int64_t>(n << unused) >> unused);
        }
        case 0xd4:
        case 0xd5:
        case 0xd6:
        case 0xd7:
        case 0xd8:
            return extension(to, std::uint64_t{1} << (first - 0xd4), true);
        case 0xd9:
        case 0xda:
        case 0xdb:
            return sized(0xd9) && text(to, n);
        case 0xdc:
        case 0xdd:
            return number(n, first == 0xdc ? 2 : 4) && several(to, msgpack_kind::array, n);
        case 0xde:
        case 0xdf:
            return number(n, first == 0xde ? 2 : 4) && several(to, msgpack_kind::map, n);
        default:
            return false;
    }
}

HTTPHOOKS_DECL bool msgpack_scanner::skip() noexcept {
    msgpack_item item;
    std::uint64_t missing = 1;
    looks_ = false;
    for (; missing != 0 && next(item); --missing) {
        if (item.kind == msgpack_kind::array) missing += item.number;
        if (item.kind == msgpack_kind::map) missing += 2 * item.number;
    }
    looks_ = true;
    return missing == 0;
}

}  // namespace httphooks::socketio::detail
