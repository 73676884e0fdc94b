// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Multipart bodies that come in pieces: the first byte is the size of the pieces, the rest the
    body. What is found is what is found in the whole body.
*/

#include <httphooks/detail/text/multipart_scanner.hpp>
#include <httphooks/detail/text/nested_multipart.hpp>
#include <httphooks/multipart.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace hh = httphooks;

void must(bool condition) {
    if (!condition) std::abort();
}

struct found_part {
    std::string header{};
    std::string body{};
};

/// The parts; nothing: the body is none.
bool scan(std::string_view body, std::size_t piece, hh::multipart_limits const& limits,
          std::vector<found_part>& parts) {
    using event = hh::detail::multipart_scanner::event;
    hh::detail::multipart_scanner scanner("b", limits);
    std::size_t count = 0;
    hh::detail::nested_multipart nested(limits, count);
    std::unique_ptr<char[]> memory;  // exactly as large as the piece
    for (bool in_part = false;;) {
        event const e = scanner.next();
        switch (e) {
            case event::wants_more: {
                std::string_view const next = body.substr(0, piece);
                if (next.empty()) {
                    scanner.finish();
                    break;
                }
                memory = std::make_unique<char[]>(next.size());
                next.copy(memory.get(), next.size());
                scanner.put({memory.get(), next.size()});
                body.remove_prefix(next.size());
                break;
            }
            case event::part:
                must(!std::exchange(in_part, true));
                parts.push_back({std::string(scanner.header().wire()), {}});
                if (!nested.begin_part({scanner.header(), {}, {}})) return false;
                break;
            case event::content:
                must(in_part && !scanner.content().empty());
                parts.back().body += scanner.content();
                if (!nested.put(scanner.content())) return false;
                break;
            case event::part_end:
                must(std::exchange(in_part, false));
                if (!nested.end_part()) return false;
                break;
            case event::end:
                must(!in_part);
                return true;
            case event::failed:
                return false;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const body(reinterpret_cast<char const*>(data + 1), size - 1);
    hh::multipart_limits limits;
    limits.header_bytes = 1 << 20;
    limits.nesting = 1000;
    std::vector<found_part> parts;
    std::vector<found_part> whole;
    bool const good = scan(body, data[0] + std::size_t(1), limits, parts);
    must(good == scan(body, size, limits, whole));
    auto const parsed = hh::parse_multipart("multipart/form-data; boundary=b", body, limits);
    must(good == parsed.has_value());
    if (!good) return 0;
    must(parts.size() == whole.size() && parsed->size() == parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        must(parts[i].header == whole[i].header && parts[i].body == whole[i].body);
        must(parts[i].header == (*parsed)[i].header.wire());
        must(parts[i].body == (*parsed)[i].body);
    }
    return 0;
}
