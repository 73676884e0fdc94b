// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/parse_http_date.hpp>

#include <chrono>
#include <cstddef>
#include <ctime>
#include <optional>
#include <string_view>

namespace httphooks::http::detail {

/// Takes the parts of a date from the front of a text; once something is missing, all fails.
class date_reader {
public:
    explicit date_reader(std::string_view text) : rest_(text) {}

    /// Exactly this text.
    void skip(std::string_view text) {
        if (rest_.starts_with(text))
            rest_.remove_prefix(text.size());
        else
            ok_ = false;
    }

    /// Exactly so many digits; a blank may stand for the first of two.
    int number(std::size_t digits, bool blank = false) {
        if (rest_.size() < digits) return fail();
        std::string_view text = rest_.substr(0, digits);
        rest_.remove_prefix(digits);
        if (blank && text.front() == ' ') text.remove_prefix(1);
        int value = 0;
        for (char const c : text) {
            if (c < '0' || c > '9') return fail();
            value = value * 10 + (c - '0');
        }
        return value;
    }

    /// The index of one of the names, of which each has `length` letters.
    int name(std::string_view names, std::size_t length) {
        for (std::size_t at = 0; at < names.size(); at += length) {
            if (!rest_.starts_with(names.substr(at, length))) continue;
            rest_.remove_prefix(length);
            return static_cast<int>(at / length);
        }
        return fail();
    }

    int month() { return name("JanFebMarAprMayJunJulAugSepOctNovDec", 3) + 1; }

    /// hh:mm:ss, in seconds.
    int time_of_day() {
        int const hours = number(2);
        skip(":");
        int const minutes = number(2);
        skip(":");
        int const seconds = number(2);
        if (hours > 23 || minutes > 59 || seconds > 60) return fail();
        return hours * 3600 + minutes * 60 + seconds;
    }

    bool done() const { return ok_ && rest_.empty(); }

private:
    int fail() {
        ok_ = false;
        return 0;
    }

    std::string_view rest_;
    bool ok_ = true;
};

HTTPHOOKS_DECL std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now) {
    int year = 0;
    int month = 0;
    int day = 0;
    int seconds = 0;
    bool two_digits = false;
    date_reader in(text);
    std::size_t const comma = text.find(',');
    if (comma == 3) {  // Sun, 06 Nov 1994 08:49:37 GMT
        in.name("SunMonTueWedThuFriSat", 3);
        in.skip(", ");
        day = in.number(2);
        in.skip(" ");
        month = in.month();
        in.skip(" ");
        year = in.number(4);
        in.skip(" ");
        seconds = in.time_of_day();
        in.skip(" GMT");
    } else if (comma != text.npos && comma > 3) {  // Sunday, 06-Nov-94 08:49:37 GMT
        in.name("SunMonTueWedThuFriSat", 3);
        for (std::string_view const rest : {"day", "sday", "nesday", "rsday", "urday"})
            if (text.substr(3, comma - 3) == rest) in.skip(rest);
        in.skip(", ");
        day = in.number(2);
        in.skip("-");
        month = in.month();
        in.skip("-");
        year = in.number(2);
        in.skip(" ");
        seconds = in.time_of_day();
        in.skip(" GMT");
        two_digits = true;
    } else {  // Sun Nov  6 08:49:37 1994
        in.name("SunMonTueWedThuFriSat", 3);
        in.skip(" ");
        month = in.month();
        in.skip(" ");
        day = in.number(2, true);
        in.skip(" ");
        seconds = in.time_of_day();
        in.skip(" ");
        year = in.number(4);
    }
    if (!in.done()) return std::nullopt;

    using namespace std::chrono;
    if (two_digits) {
        auto const today = floor<days>(system_clock::from_time_t(now));
        int const this_year = static_cast<int>(year_month_day(today).year());
        year += this_year / 100 * 100;
        if (year > this_year + 50) year -= 100;
    }
    year_month_day const date(std::chrono::year(year) /
                              std::chrono::month(static_cast<unsigned>(month)) /
                              std::chrono::day(static_cast<unsigned>(day)));
    if (!date.ok()) return std::nullopt;
    return system_clock::to_time_t(sys_days(date)) + seconds;
}

}  // namespace httphooks::http::detail
