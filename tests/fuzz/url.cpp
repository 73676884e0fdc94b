// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Any target is refused, or normalised once and for all.
*/

#include <httphooks/detail/text/url_chars.hpp>
#include <httphooks/url.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

bool is_canonical(std::string_view path) {
    if (path == "*") return true;
    if (path.empty() || path.front() != '/') return false;
    if (path.find("//") != std::string_view::npos) return false;
    std::string padded(path);
    padded += '/';
    return padded.find("/./") == std::string::npos && padded.find("/../") == std::string::npos &&
           padded.find('\0') == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    // A copy of the exact size, so that a read beyond it is seen.
    std::string const target(reinterpret_cast<char const*>(data), size);
    httphooks::url location;
    for (bool const fragment : {false, true}) {
        if (location.parse(target, fragment)) {
            require(location.path().empty() && location.query().empty());
            continue;
        }
        require(is_canonical(location.path()));
        require(fragment || !location.has_fragment());
        std::string const once(location.path());
        httphooks::url again;
        require(!again.parse(once));
        require(again.path() == once && !again.has_query());

        std::size_t read = 0;
        for (auto const& [key, value] : httphooks::query_view(location.query())) {
            read += key.size() + value.size();
            require(httphooks::form_decode(httphooks::form_encode(key)) == key);
            require(httphooks::percent_decode(httphooks::percent_encode(value)) == value);
            require(httphooks::detail::equals_decoded(value, httphooks::form_decode(value), true));
        }
        require(read <= location.query().size());
    }
    return 0;
}
