// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/text/text_block.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace httphooks::detail;

namespace {

/// Every byte is plain, but for one in `rarity`.
std::string random_text(std::mt19937& random, std::size_t size, unsigned rarity) {
    std::string s(size, 'x');
    for (char& c : s)
        if (random() % rarity == 0) c = static_cast<char>(random());
    return s;
}

template <text_stop S>
void check_runs(unsigned rarity) {
    std::mt19937 random(5);
    for (int round = 0; round < 3000; ++round) {
        std::string const s = random_text(random, random() % 70, rarity);
        // on the heap in its exact size, so that a sanitizer sees what is read beyond
        auto const text = std::make_unique<char[]>(s.size());
        std::memcpy(text.get(), s.data(), s.size());

        std::size_t const from = s.empty() ? 0 : random() % (s.size() + 1);
        std::size_t expected = from;
        while (expected < s.size() && !is_stop<S>(s[expected])) ++expected;
        REQUIRE(find_stop<S>(text.get(), s.size(), from) == expected);
        bool any = false;
        for (char const c : s) any = any || is_stop<S>(c);
        REQUIRE(has_stop<S>(text.get(), s.size()) == any);

        std::vector<char> to(s.size() - from + text_block);
        std::size_t const n = copy_run<S>(to.data(), text.get() + from, s.size() - from);
        REQUIRE(n == expected - from);
        REQUIRE(std::string(to.data(), n) == s.substr(from, n));
    }
}

}  // namespace

TEST_CASE("runs end at the same byte whether they are looked at in blocks or byte by byte") {
    for (unsigned rarity : {2u, 12u, 200u}) {
        check_runs<text_stop::wide>(rarity);
        check_runs<text_stop::backslash>(rarity);
        check_runs<text_stop::json>(rarity);
        check_runs<text_stop::json_or_wide>(rarity);
    }
}
