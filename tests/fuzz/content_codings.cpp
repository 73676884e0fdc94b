// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Compressed bodies: what a client says that it takes, what is decompressed has its limit, in
    whatever steps it comes, and what is compressed comes back as it was.
*/

#include <httphooks/http/accept_encoding.hpp>
#include <httphooks/http/brotli_coding.hpp>
#include <httphooks/http/compress.hpp>
#include <httphooks/http/decompress.hpp>
#include <httphooks/http/zlib_codings.hpp>
#include <httphooks/message.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hh = httphooks;
using hh::http::decoded;

namespace {

void require(bool so) {
    if (!so) std::abort();
}

using codings = std::vector<std::shared_ptr<hh::http::content_coding const>>;

codings const& all() {
    static codings const list{hh::http::gzip(1), hh::http::deflate(1), hh::http::brotli(1)};
    return list;
}

/// A reply to a request with these fields says what its body is.
void reply_to(std::string_view accept, std::string const& body) {
    static hh::http::compress const by({.codings = all(), .threshold = 1});
    hh::request r(hh::verb::get, "/", 11);
    r.set_parsed_target("/");
    r.append_parsed(hh::field::accept_encoding, "Accept-Encoding", accept);
    hh::response reply = hh::make_response(hh::status::ok, body, "text/plain");
    by.apply(r, reply);
    std::string_view const coding = reply[hh::field::content_encoding];
    if (coding.empty()) return require(reply.body() == body);
    hh::http::accept_encoding const accepted(r);
    require(accepted.quality(coding) > 0);
    std::string out;
    for (auto const& c : all())
        if (c->name() == coding)
            require(c->decode(reply.body(), body.size(), out) == decoded::good);
    require(out == body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    hh::http::content_coding const& coding = *all()[data[0] % 3];
    std::size_t const most = data[0] & 4 ? 300u : 70'000u;
    std::size_t const step = 1 + data[1];
    std::string_view const bytes(reinterpret_cast<char const*>(data) + 2, size - 2);

    std::string whole;
    decoded const at_once = coding.decode(bytes, most, whole);
    std::string pieces;
    auto const d = coding.decoder();
    decoded in_steps = decoded::good;
    for (std::size_t at = 0; at < bytes.size() && in_steps == decoded::good; at += step)
        in_steps = d->write(bytes.substr(at, step), most - pieces.size(), pieces);
    if (in_steps == decoded::good && !d->whole()) in_steps = decoded::broken;
    require((at_once == decoded::good) == (in_steps == decoded::good));
    if (at_once == decoded::good) require(whole.size() <= most && pieces == whole);

    auto const e = coding.encoder();
    std::string packed;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        e->write(bytes.substr(at, step), packed);
        if (data[0] & 8) e->flush(packed);
    }
    e->end(packed);
    std::string back;
    require(coding.decode(packed, bytes.size(), back) == decoded::good && back == bytes);

    std::string_view const line = bytes.substr(0, bytes.find('\n'));
    if (line.find_first_of(std::string_view("\r\0", 2)) == line.npos)
        reply_to(line, std::string(bytes.substr(line.size())));
    return 0;
}
