// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Multipart bodies: the first line is the Content-Type, the rest the body. Parts stay within the
    body and the limits, and can be put together and taken apart again, responses too.
*/

#include <httphooks/multi_response.hpp>
#include <httphooks/multipart.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace hh = httphooks;

void must(bool condition) {
    if (!condition) std::abort();
}

std::size_t check(std::vector<hh::multipart_part> const& parts, std::string_view body) {
    std::size_t count = parts.size();
    for (auto const& p : parts) {
        must(p.body.empty() || (p.body.data() >= body.data() &&
                                p.body.data() + p.body.size() <= body.data() + body.size()));
        must(p.header.wire().size() <= 3 * 8192);
        must(p.header.end() - p.header.begin() <= 16);
        static_cast<void>(p.name());
        static_cast<void>(p.filename());
        count += check(p.parts, p.body);
    }
    return count;
}

void round_trip(std::vector<hh::multipart_part> const& parts) {
    std::vector<std::string_view> texts;
    for (auto const& p : parts) {
        texts.push_back(p.header.wire());
        texts.push_back(p.body);
    }
    std::string const boundary = hh::random_boundary(texts, [] { return std::uint64_t{0}; });
    std::string const body = hh::compose_multipart(parts, boundary);
    auto const again = hh::parse_multipart("multipart/mixed; boundary=" + boundary, body);
    must(again.has_value() && again->size() == parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        must((*again)[i].body == parts[i].body);
        must((*again)[i].header.wire() == parts[i].header.wire());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    std::size_t const line = text.find('\n');
    if (line == text.npos) return 0;
    std::string_view const type = text.substr(0, line);
    std::string_view const body = text.substr(line + 1);
    if (auto const parts = hh::parse_multipart(type, body)) {
        must(check(*parts, body) <= 128);
        round_trip(*parts);
    }

    if (!hh::detail::is_field_text(type)) return 0;
    auto const reply = hh::make_response(hh::status::accepted, std::string(body), type);
    if (auto const all = hh::parse_multi_response(reply)) {
        auto const again = hh::parse_multi_response(hh::collapse(*all));
        must(again.has_value() && again->size() == all->size());
        for (std::size_t i = 0; i < all->size(); ++i) {
            must((*again)[i].result_int() == (*all)[i].result_int());
            must((*again)[i].body() == (*all)[i].body());
            must((*again)[i].wire() == (*all)[i].wire());
        }
    }
    return 0;
}
