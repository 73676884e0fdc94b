// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/text/http_date.hpp>

#include <array>
#include <cstddef>
#include <ctime>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL void format_http_date(std::time_t t,
                                     std::array<char, http_date_size>& out) noexcept {
    constexpr char days[] = "SunMonTueWedThuFriSat";
    constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    std::tm tm{};
    gmtime_r(&t, &tm);
    auto const two = [&](std::size_t at, int value) {
        out[at] = static_cast<char>('0' + value / 10 % 10);
        out[at + 1] = static_cast<char>('0' + value % 10);
    };
    auto const text = [&](std::size_t at, std::string_view s) {
        s.copy(out.data() + at, s.size());
    };
    text(0, {days + 3 * tm.tm_wday, 3});
    text(3, ", ");
    two(5, tm.tm_mday);
    text(7, " ");
    text(8, {months + 3 * tm.tm_mon, 3});
    text(11, " ");
    two(12, (tm.tm_year + 1900) / 100);
    two(14, tm.tm_year + 1900);
    text(16, " ");
    two(17, tm.tm_hour);
    text(19, ":");
    two(20, tm.tm_min);
    text(22, ":");
    two(23, tm.tm_sec);
    text(25, " GMT");
}

HTTPHOOKS_DECL std::string_view http_date(std::time_t t) noexcept {
    thread_local std::time_t last = -1;
    thread_local std::array<char, http_date_size> value{};
    if (t != last) {
        format_http_date(t, value);
        last = t;
    }
    return {value.data(), value.size()};
}

HTTPHOOKS_DECL std::time_t coarse_time() noexcept {
#ifdef CLOCK_REALTIME_COARSE
    std::timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec;
#else
    return std::time(nullptr);
#endif
}

}  // namespace httphooks::detail
