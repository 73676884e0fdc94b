// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    What PostgreSQL notifies: a row has a number that is one, and nothing else reaches SQL; what
    says where it is says it again.
*/

#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/postgres_attachment.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require_that(bool so) {
    if (!so) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using httphooks::socketio::detail::read_postgres_attachment;
    std::string_view const input(reinterpret_cast<char const*>(data), size);
    auto const found = read_postgres_attachment(input);
    if (!found) return 0;
    if (found->row.empty()) {
        static_cast<void>(httphooks::socketio::decode_cluster_message(input));
        return 0;
    }
    require_that(found->row.size() <= 19);
    require_that(std::ranges::all_of(found->row, [](char c) { return c >= '0' && c <= '9'; }));
    require_that(found->row == "0" || found->row.front() != '0');
    auto const again = read_postgres_attachment("{\"attachmentId\":\"" + found->row + "\"}");
    require_that(again && again->row == found->row && again->uid.empty());
    return 0;
}
