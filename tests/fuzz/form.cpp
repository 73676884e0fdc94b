// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Forms: the first line is the Content-Type, the rest the body. Fields stay within the limits, and
    those of an encoded form can be encoded and read again.
*/

#include <httphooks/form_data.hpp>
#include <httphooks/url.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace hh = httphooks;

void must(bool condition) {
    if (!condition) std::abort();
}

constexpr std::string_view urlencoded = "application/x-www-form-urlencoded";
constexpr hh::form_limits limits{.fields = 16, .name_bytes = 64, .value_bytes = 256};

void check(hh::form_data const& form) {
    must(form.size() <= limits.fields);
    for (auto const& f : form) {
        must(f.name.size() <= limits.name_bytes && f.value.size() <= limits.value_bytes);
        must(f.filename ? form.file(f.name) != nullptr : form.has(f.name));
    }
}

void round_trip(hh::form_data const& form) {
    std::string body;
    for (auto const& f : form)
        body.append(hh::form_encode(f.name))
            .append("=")
            .append(hh::form_encode(f.value))
            .append("&");
    auto const again = hh::form_data::parse(urlencoded, body, limits);
    must(again.has_value() && again->size() == form.size());
    for (std::size_t i = 0; i < form.size(); ++i) {
        must(again->fields()[i].name == form.fields()[i].name);
        must(again->fields()[i].value == form.fields()[i].value);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    std::size_t const line = text.find('\n');
    if (line == text.npos) return 0;
    std::string_view const body = text.substr(line + 1);
    if (auto form = hh::form_data::parse(text.substr(0, line), body, limits)) {
        hh::form_data const moved = std::move(*form);
        check(moved);
        round_trip(moved);
    }
    if (auto const form = hh::form_data::parse(urlencoded, body, limits)) {
        check(*form);
        round_trip(*form);
    }
    return 0;
}
