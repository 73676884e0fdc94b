// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/accept_encoding.hpp>

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace hh = httphooks;

namespace {

hh::fields accepting(std::initializer_list<std::string_view> values) {
    hh::fields header;
    for (auto const value : values) header.insert(hh::field::accept_encoding, value);
    return header;
}

/// Which of three codings is preferred; "identity" for none.
std::string preferred(std::initializer_list<std::string_view> values) {
    static constexpr std::array<std::string_view, 3> codings{"br", "gzip", "deflate"};
    auto const header = accepting(values);
    auto const best = hh::http::accept_encoding(header).preferred(codings);
    return best == hh::http::accept_encoding::npos ? "identity" : std::string(codings[best]);
}

int quality(std::string_view value, std::string_view coding) {
    auto const header = accepting({value});
    return hh::http::accept_encoding(header).quality(coding);
}

}  // namespace

TEST_CASE("without Accept-Encoding nothing is compressed, nor with an empty one") {
    CHECK(preferred({}) == "identity");
    CHECK(preferred({""}) == "identity");
    CHECK(preferred({" , ,"}) == "identity");
    CHECK_FALSE(hh::http::accept_encoding(hh::fields()).given());
}

TEST_CASE("of what a client wants most the server's first coding is used") {
    CHECK(preferred({"gzip, deflate, br"}) == "br");
    CHECK(preferred({"gzip, deflate"}) == "gzip");
    CHECK(preferred({"deflate"}) == "deflate");
    CHECK(preferred({"GZip"}) == "gzip");
    CHECK(preferred({"x-gzip"}) == "gzip");
    CHECK(preferred({"zstd, compress"}) == "identity");
    CHECK(preferred({"gzip", "br"}) == "br");
}

TEST_CASE("quality values decide before the server's order") {
    CHECK(preferred({"br;q=0.5, gzip;q=0.8, deflate;q=0.1"}) == "gzip");
    CHECK(preferred({"br;q=0.5, gzip; Q=0.501"}) == "gzip");
    CHECK(preferred({"br;q=0, gzip;q=0.001"}) == "gzip");
    CHECK(preferred({"br;q=0"}) == "identity");
    CHECK(preferred({"gzip;q=0.5, identity;q=0.6"}) == "identity");
    CHECK(preferred({"gzip;q=0.5, identity;q=0.5"}) == "gzip");
    CHECK(preferred({"gzip;q=0.5, gzip;q=0"}) == "gzip");
}

TEST_CASE("a star stands for what is not named") {
    CHECK(preferred({"*"}) == "br");
    CHECK(preferred({"br;q=0, *"}) == "gzip");
    CHECK(preferred({"*;q=0"}) == "identity");
    CHECK(preferred({"*;q=0, gzip"}) == "gzip");
    CHECK(preferred({"gzip;q=0.2, *;q=0.5"}) == "br");
    CHECK(quality("gzip;q=0.2, *;q=0.5", "identity") == 500);
}

TEST_CASE("a client may refuse what is not compressed") {
    auto const refuses = [](std::string_view value) {
        auto const header = accepting({value});
        return hh::http::accept_encoding(header).refuses_identity();
    };
    CHECK(refuses("identity;q=0"));
    CHECK(refuses("gzip, identity;q=0.000"));
    CHECK(refuses("*;q=0"));
    CHECK_FALSE(refuses("*;q=0, identity"));
    CHECK_FALSE(refuses("gzip"));
    CHECK_FALSE(refuses(""));
    CHECK_FALSE(hh::http::accept_encoding(hh::fields()).refuses_identity());
    CHECK(preferred({"identity;q=0"}) == "identity");
    CHECK(preferred({"identity;q=0, *;q=0.1"}) == "br");
}

TEST_CASE("a malformed quality value is none") {
    for (std::string const q :
         {"", "2", "1.001", "0.1234", "x", "-1", "0x1", ".5", "0.5x", "1.0000"})
        CHECK(quality("gzip;q=" + q, "gzip") == 0);
    CHECK(quality("gzip;q=1.", "gzip") == 1000);
    CHECK(quality("gzip;level=9;q=0.25", "gzip") == 250);
    CHECK(quality("gzip;q", "gzip") == 1000);
}

TEST_CASE("a long Accept-Encoding takes time in proportion to its length") {
    std::string value;
    for (int i = 0; i < 20'000; ++i) value += "a;q=0.1;q=0.2,";
    CHECK(preferred({value}) == "identity");
    CHECK(preferred({value + "gzip"}) == "gzip");
}
