// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    What Redis sends is the same however it is split, and never exceeds the limits.
*/

#include <httphooks/redis/detail/cluster_slots.hpp>
#include <httphooks/redis/detail/push_reader.hpp>
#include <httphooks/redis/detail/pushed_message.hpp>
#include <httphooks/redis/detail/reply_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

namespace redis = httphooks::redis;
using redis::value;

void require(bool holds) {
    if (!holds) std::abort();
}

constexpr redis::detail::reply_limits limits{200, 50, 4};

struct measure {
    std::size_t bytes = 0;
    std::size_t values = 0;
    std::size_t depth = 0;

    void take(value const& v, std::size_t arrays) {
        ++values;
        bytes += v.text().size();
        if (v.is_array()) depth = std::max(depth, ++arrays);
        for (value const& e : v.elements()) take(e, arrays);
    }
};

template <class Sink, class Take>
bool read(std::vector<std::string_view> const& pieces, Sink& sink, Take take) {
    redis::detail::reply_reader reader(limits);
    httphooks::error_code ec;
    for (std::string_view const piece : pieces) {
        if (reader.feed(piece)) return false;
        while (reader.next(sink, ec)) take();
        if (ec) return false;
    }
    return true;
}

std::vector<value> values_of(std::vector<std::string_view> const& pieces, bool& good) {
    std::vector<value> list;
    redis::detail::value_builder builder;
    good = read(pieces, builder, [&] { list.push_back(builder.take()); });
    return list;
}

/// A message that is read where it is, is what the reader makes of the same bytes.
void check_message(std::string_view input) {
    redis::message m;
    std::size_t size = 0;
    if (redis::detail::read_pushed(input, m, size) != redis::detail::pushed::message) return;
    redis::detail::reply_reader reader({});
    redis::detail::push_reader push;
    httphooks::error_code ec;
    std::string_view rest = input.substr(0, size);
    bool complete = false;
    while (!rest.empty()) {
        require(!complete);
        std::size_t const n = reader.portion(rest);
        require(n > 0 && !reader.feed(rest.substr(0, n)));
        rest.remove_prefix(n);
        complete = reader.next(push, ec);
    }
    require(complete && !ec && reader.at_beginning());
    bool const by_pattern = m.kind == redis::subscription::pattern;
    std::size_t const at = by_pattern ? 2 : 1;
    require(push.size() == at + 2 && push[at] == m.channel && push[at + 1] == m.payload);
    require(m.pattern == (by_pattern ? push[1] : std::string_view()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const input(reinterpret_cast<char const*>(data) + 1, size - 1);
    std::size_t const cut = std::min<std::size_t>(data[0], input.size());

    bool whole_is_good = false;
    bool split_is_good = false;
    auto const whole = values_of({input}, whole_is_good);
    auto const split = values_of({input.substr(0, cut), input.substr(cut)}, split_is_good);
    // the rest of a reply may be refused before it comes
    require(whole_is_good == split_is_good && whole == split);
    for (value const& v : whole) {
        measure m;
        m.take(v, 0);
        require(m.bytes <= limits.bytes && m.values <= limits.elements && m.depth <= limits.depth);
        static_cast<void>(redis::detail::read_slots(v));
        static_cast<void>(redis::detail::read_redirection(v.text()));
    }

    std::size_t pushes = 0;
    redis::detail::push_reader push;
    read({input}, push, [&] {
        require(push.size() <= 4 && push[4].empty());
        ++pushes;
    });
    require(pushes == whole.size());
    check_message(input);
    return 0;
}
