// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Requests as a parser and its guard see them: the verdict must not depend on how bytes are split.
*/

#include <httphooks/http/detail/request_parser.hpp>
#include <httphooks/http/framing_guard.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

namespace hh = httphooks;

struct verdict {
    hh::status refusal = hh::status::unknown;
    bool done = false;
    std::size_t header = 0;
    std::string body{};

    bool decided() const { return done || refusal != hh::status::unknown; }

    /// A parser may see an error in the last bytes only when more follow; else all must agree.
    bool agrees(verdict const& v) const {
        if (!decided() || !v.decided()) return !done && !v.done;
        return refusal == v.refusal && done == v.done && header == v.header && body == v.body;
    }
};

verdict judge(std::string_view all, std::size_t piece) {
    hh::http::framing_guard guard;
    hh::request message;
    std::optional<hh::http::detail::request_parser> parser;
    verdict v;
    std::size_t used = 0;
    for (std::size_t have = 0; have < all.size();) {
        have = std::min(have + piece, all.size());
        if (!parser) {
            if (std::size_t const blank = guard.skip(all.substr(0, have))) {
                all.remove_prefix(blank);
                have -= blank;
            }
            std::size_t const n = guard.scan(all.substr(0, have));
            if (n == 0) continue;
            if (n == hh::http::framing_guard::refused) {
                v.refusal = guard.refusal();
                return v;
            }
            used = v.header = n;
            parser.emplace(message, guard);
            if (!parser->put_header(all.substr(0, n)) ||
                (!parser->done() && !parser->limit_body(2000))) {
                v.refusal = parser->refusal();
                return v;
            }
        }
        while (!parser->done() && used < have) {
            std::size_t taken = 0;
            if (!parser->put_body(all.substr(used, have - used), taken)) {
                v.refusal = parser->refusal();
                return v;
            }
            used += taken;
            if (taken == 0) break;
        }
        if (parser->done()) break;
    }
    v.done = parser && parser->done();
    if (v.done) v.body = message.body();
    return v;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 4096) return 0;
    std::string_view const all(reinterpret_cast<char const*>(data), size);
    verdict const whole = judge(all, all.size() + 1);
    if (!whole.agrees(judge(all, 1)) || !whole.agrees(judge(all, 7))) std::abort();
    return 0;
}
