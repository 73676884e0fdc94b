// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/payload.hpp>

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/parse_json.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL void append_string(std::string& to, std::string_view value) {
    using namespace httphooks::detail;
    std::size_t const before = to.size();
    to.resize(before + value.size() + text_block + 2);
    char* const out = to.data() + before;
    *out = '"';
    if (copy_run<text_stop::json_or_wide>(out + 1, value.data(), value.size()) == value.size()) {
        out[value.size() + 1] = '"';
        return to.resize(before + value.size() + 2);
    }
    to.resize(before + 1);
    append_json_text(to, value);
    to.push_back('"');
}

HTTPHOOKS_DECL void append_bytes(payload& to, std::string_view value) {
    to.text.append(R"({"_placeholder":true,"num":)");
    append_number_text(to.text, to.attachments.size());
    to.text.push_back('}');
    to.attachments.emplace_back(value);
}

HTTPHOOKS_DECL nlohmann::json document_of(std::string_view text,
                                          std::span<std::string const> bytes) {
    nlohmann::json all;
    if (!parse_json(all, text)) return nullptr;
    if (bytes.empty()) return all;
    std::vector<nlohmann::json::binary_t::container_type> attachments;
    for (std::string const& a : bytes) attachments.emplace_back(a.begin(), a.end());
    // a placeholder that the application made may refer to nothing: it stays
    static_cast<void>(put_binary(all, attachments));
    return all;
}

HTTPHOOKS_DECL nlohmann::json payload_to_json(payload const& from) {
    return document_of(from.text, from.attachments);
}

HTTPHOOKS_DECL void make_payload_of_array(payload& to, nlohmann::json const& array) {
    to.clear();
    append_document(to, array);
}

}  // namespace httphooks::socketio::detail
