// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Envelopes: what is taken is JSON, nothing gets a line break into a header, and a response's
    envelope is JSON that gives its body back.
*/

#include <httphooks/detail/text/base64.hpp>
#include <httphooks/envelope.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace {

void must(bool condition) {
    if (!condition) std::abort();
}

/// Whether nlohmann has no objection. It refuses numbers that a double cannot hold and lone
/// surrogates, both of which are JSON (RFC 8259 6 and 8.2): of these it is not asked.
bool is_json(std::string_view text) {
    if (text.find("\\ud") != text.npos || text.find("\\uD") != text.npos) return true;
    try {
        nlohmann::json const parsed = nlohmann::json::parse(text);
        static_cast<void>(parsed);
    } catch (nlohmann::json::out_of_range const&) {
        return true;
    } catch (nlohmann::json::parse_error const&) {
        return false;
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    namespace hh = httphooks;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    hh::envelope::received r;
    auto const ec = hh::envelope::decode(text, r);
    if (!ec || ec == hh::error::unknown_method) must(is_json(text));
    if (!r.id.empty()) must(is_json(r.id));
    if (!nlohmann::json::accept(r.id)) r.id = {};
    for (auto const& f : r.message) {
        must(hh::detail::is_token(f.name_string()));
        must(hh::detail::is_field_text(f.value()));
    }
    must(hh::detail::is_target_text(r.message.target()));

    hh::response reply(hh::status::ok, 11);
    for (auto const& f : r.message) reply.append_parsed(f.name(), f.name_string(), f.value());
    reply.body() = ec ? std::string(text) : r.message.body();
    auto const json = nlohmann::json::parse(hh::envelope::encode(reply, r.id));
    must(json["statusCode"] == 200);
    must(json.contains("id") == !r.id.empty());
    std::string body = json["content"];
    if (json.contains("contentEncoding")) {
        std::string bytes;
        must(hh::detail::append_from_base64(bytes, body));
        body = std::move(bytes);
    }
    must(body == reply.body());
    return 0;
}
