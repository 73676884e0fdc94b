// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Whatever a request for a file says, the reply holds bytes of the file, where it says they are.
*/

#include <httphooks/http/detail/file_reply.hpp>
#include <httphooks/multipart.hpp>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace hh = httphooks;
namespace detail = httphooks::http::detail;

constexpr std::string_view content = "0123456789abcdefghijklmnopqrstuvwxyz";

void require(bool holds) {
    if (!holds) std::abort();
}

void check(std::string_view part, std::string_view range) {
    std::string expected = "bytes ";
    auto const at = content.find(part);
    require(at != content.npos && !part.empty());
    expected += std::to_string(at) + "-" + std::to_string(at + part.size() - 1) + "/" +
                std::to_string(content.size());
    require(range == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static int const file = [] {
        int const made = ::memfd_create("file_reply", 0);
        require(made >= 0 && ::write(made, content.data(), content.size()) ==
                                 static_cast<ssize_t>(content.size()));
        return made;
    }();
    struct stat facts {};
    require(::fstat(file, &facts) == 0);
    facts.st_mtim = {784111777, 5};

    // One field a line, its first letter the name.
    hh::request r(hh::verb::get, "/", 11);
    std::string_view input(reinterpret_cast<char const*>(data), size);
    while (!input.empty()) {
        std::string_view const line = input.substr(0, input.find('\n'));
        input.remove_prefix(std::min(line.size() + 1, input.size()));
        if (line.empty() || !hh::detail::is_field_text(line)) continue;
        hh::field name = hh::field::range;
        if (line[0] == 'n') name = hh::field::if_none_match;
        if (line[0] == 'm') name = hh::field::if_match;
        if (line[0] == 's') name = hh::field::if_modified_since;
        if (line[0] == 'u') name = hh::field::if_unmodified_since;
        if (line[0] == 'i') name = hh::field::if_range;
        r.insert(name, line.substr(1));
    }

    hh::response message = detail::reply_with_file(r, detail::unique_descriptor(::dup(file)), facts,
                                                   {"text/plain", "no-store", 1000}, 800'000'000);
    require(!message.body().load());
    std::string const& body = message.body();
    switch (message.result_int()) {
        case 200:
            require(body == content);
            break;
        case 206:
            if (message.contains(hh::field::content_range)) {
                check(body, message[hh::field::content_range]);
                break;
            }
            {
                auto const parts = hh::parse_multipart(message[hh::field::content_type], body);
                require(parts && parts->size() > 1 && parts->size() <= 16);
                for (auto const& part : *parts)
                    check(part.body, part.header[hh::field::content_range]);
            }
            break;
        case 304:
            require(body.empty());
            break;
        case 416:
            require(message[hh::field::content_range] == "bytes */36");
            break;
        default:
            require(message.result_int() == 412);
    }
    return 0;
}
