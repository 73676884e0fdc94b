// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    What a server sends is the same response however it is split, and never exceeds the limits.
*/

#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/detail/response_parser.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace hh = httphooks;

void require(bool holds) {
    if (!holds) std::abort();
}

/// What becomes of an input that comes in two pieces.
struct outcome {
    hh::http::detail::response_parser parser{header_limit, body_limit, false};
    hh::error_code ec{};
    std::string rest{};

    static constexpr std::size_t header_limit = 200;
    static constexpr std::size_t body_limit = 100;

    outcome(std::string_view input, std::size_t cut) : rest(input.substr(0, cut)) {
        rest.erase(0, parser.put(rest, ec));
        if (ec) return;
        rest += input.substr(cut);
        rest.erase(0, parser.put(rest, ec));
    }
};

void check_url(std::string_view text) {
    auto const url = hh::http::absolute_url::parse(text);
    if (!url) return;
    auto const again = hh::http::absolute_url::parse((url->tls ? "https://" : "http://") +
                                                     url->host_field() + url->target);
    require(again.has_value() && again->host == url->host && again->port == url->port &&
            again->target == url->target);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const input(reinterpret_cast<char const*>(data) + 1, size - 1);
    check_url(input);

    outcome whole(input, input.size());
    outcome split(input, std::min<std::size_t>(data[0], input.size()));
    for (outcome* o : {&whole, &split})
        require(o->parser.get().body().size() <= outcome::body_limit);
    require(whole.parser.done() == split.parser.done());
    if (!whole.parser.done() || whole.ec || split.ec) return 0;
    require(whole.rest == split.rest);
    require(whole.parser.keep_alive() == split.parser.keep_alive());
    require(whole.parser.get().result_int() == split.parser.get().result_int());
    require(whole.parser.get().body() == split.parser.get().body());
    require(whole.parser.get().base().wire() == split.parser.get().base().wire());
    return 0;
}
