// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/multipart.hpp>

#include "support/catch.hpp"
#include "support/processor_time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace {

namespace hh = httphooks;
using hh::field;

auto parse(std::string_view body, std::string_view type = "multipart/form-data; boundary=b",
           hh::multipart_limits const& limits = {}) {
    return hh::parse_multipart(type, body, limits);
}

hh::error_code multipart_error(std::string_view body,
                               std::string_view type = "multipart/form-data; boundary=b") {
    auto const r = parse(body, type);
    return r ? hh::error_code() : r.error();
}

}  // namespace

TEST_CASE("a form is taken apart") {
    std::string const body =
        "--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nElmar\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\dir\\a "
        "\\\"b\\\".txt\"\r\n"
        "content-type: text/plain\r\n\r\nline 1\r\nline 2\r\n\r\n"
        "--b--\r\n";
    auto const parts = parse(body);
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 2);
    auto const& user = (*parts)[0];
    auto const& file = (*parts)[1];
    CHECK(user.body == "Elmar");
    CHECK(user.name() == std::string("user"));
    CHECK_FALSE(user.filename());
    CHECK(file.body == "line 1\r\nline 2\r\n");
    CHECK(file.name() == std::string("file"));
    CHECK(file.filename() == std::string("C:\\dir\\a \"b\".txt"));
    CHECK(file.header[field::content_type] == "text/plain");
    CHECK(file.body.data() > body.data());
    CHECK(file.body.data() < body.data() + body.size());
}

TEST_CASE("preamble, epilogue and padding are ignored") {
    auto const parts =
        parse("preamble\r\n--bb\r\n--b \t\r\n\r\nx\r\n--b-- \r\nepilogue\r\n--b\r\n");
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 1);
    CHECK((*parts)[0].body == "x");
    CHECK(parse("\r\n--b\r\n\r\nx\r\n--b--")->size() == 1);
    CHECK(parse("--b--")->empty());
    CHECK(parse("--b--\r\n")->empty());
}

TEST_CASE("what looks like a delimiter in a part belongs to the part") {
    auto const parts = parse("--b\r\n\r\n--b\r\r\n--bx\r\n-- b\r\n--b--x\n--b\r\n\r\n--b--\r\n");
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 1);
    CHECK((*parts)[0].body == "--b\r\r\n--bx\r\n-- b\r\n--b--x\n--b\r\n");
}

TEST_CASE("parts may be empty") {
    auto const parts = parse("--b\r\n\r\n\r\n--b\r\n--b\r\n\r\n--b\r\nA: b\r\n--b--");
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 4);
    for (auto const& p : *parts) CHECK(p.body.empty());
    CHECK((*parts)[3].header["a"] == "b");
}

TEST_CASE("the boundary may be quoted, and must be valid") {
    std::string const body = "--a b:c\r\n\r\nx\r\n--a b:c--";
    CHECK(parse(body, "multipart/mixed; boundary=\"a b:c\"")->size() == 1);
    CHECK(parse(body, " Multipart/Mixed;x=\"1;\\\"2\" ; BOUNDARY=\"a b:c\"")->size() == 1);
    CHECK(parse("--b\r\n\r\nx\r\n--b--", "multipart/mixed; boundary=b; charset=utf-8")->size() ==
          1);
    std::string const b70(70, 'z');
    CHECK(parse("--" + b70 + "--", "multipart/mixed; boundary=" + b70)->empty());
    for (std::string const& type :
         {std::string("multipart/mixed"), std::string("multipart/mixed; boundary="),
          std::string("multipart/mixed; boundary=\"\""), std::string("text/plain; boundary=b"),
          std::string("multipart/mixed; boundary=\"b"),
          std::string("multipart/mixed; boundary=b; boundary=b"),
          std::string("multipart/mixed; boundary=b{"),
          std::string("multipart/mixed; boundary=\"b \""),
          std::string("multipart/mixed; boundary=\"b\"x"), std::string("multipart/mixed; boundary"),
          std::string(""), "multipart/mixed; boundary=" + std::string(71, 'z')}) {
        CAPTURE(type);
        CHECK(multipart_error("--b\r\n\r\nx\r\n--b--", type) == hh::error::invalid_multipart);
    }
}

TEST_CASE("a body without its last delimiter is refused") {
    std::string const whole = "--b\r\nA: b\r\n\r\nx\r\n--b--";
    REQUIRE(parse(whole).has_value());
    for (std::size_t n = 0; n < whole.size(); ++n) {
        CAPTURE(n);
        CHECK(multipart_error(whole.substr(0, n)) == hh::error::invalid_multipart);
    }
    CHECK(multipart_error("--c\r\n\r\nx\r\n--c--") == hh::error::invalid_multipart);
}

TEST_CASE("a malformed part header is refused") {
    for (std::string_view header : {"no colon", ": v", "a b: c", "a : c", "A: b\nC: d", "A: \x01",
                                    " A: b", "A: b\r\n folded", "A\x80: b", "A: \x7f"}) {
        CAPTURE(header);
        std::string const body = "--b\r\n" + std::string(header) + "\r\n\r\nx\r\n--b--";
        CHECK(multipart_error(body) == hh::error::invalid_multipart);
    }
}

TEST_CASE("each limit is kept") {
    auto const many = [](int n) {
        std::string s;
        for (int i = 0; i < n; ++i) s += "--b\r\n\r\n\r\n";
        return s + "--b--";
    };
    CHECK(parse(many(128))->size() == 128);
    CHECK(multipart_error(many(129)) == hh::error::multipart_limit);

    auto const fields = [](int n) {
        std::string s = "--b\r\n";
        for (int i = 0; i < n; ++i) s += "A: b\r\n";
        return s + "\r\nx\r\n--b--";
    };
    CHECK(parse(fields(16)).has_value());
    CHECK(multipart_error(fields(17)) == hh::error::multipart_limit);

    auto const bytes = [](std::size_t n) {
        return "--b\r\nA: " + std::string(n - 5, 'v') + "\r\n\r\nx\r\n--b--";
    };
    CHECK(parse(bytes(8192)).has_value());
    CHECK(multipart_error(bytes(8193)) == hh::error::multipart_limit);
    CHECK(multipart_error(bytes(1 << 20)) == hh::error::multipart_limit);
}

TEST_CASE("a part may be of several parts, once") {
    std::string const inner = "--i\r\n\r\nin\r\n--i--";
    std::string const type = "Content-Type: multipart/mixed; boundary=";
    std::string const body = "--b\r\n" + type + "i\r\n\r\n" + inner + "\r\n--b--";
    auto const parts = parse(body);
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 1);
    REQUIRE((*parts)[0].parts.size() == 1);
    CHECK((*parts)[0].parts[0].body == "in");
    CHECK((*parts)[0].body == inner);

    std::string const middle = "--m\r\n" + type + "i\r\n\r\n" + inner + "\r\n--m--";
    CHECK(multipart_error("--b\r\n" + type + "m\r\n\r\n" + middle + "\r\n--b--") ==
          hh::error::multipart_limit);
    CHECK(multipart_error("--b\r\n" + type + "i\r\n\r\nnot it\r\n--b--") ==
          hh::error::invalid_multipart);
}

TEST_CASE("a part of several parts without a boundary, or in a file, is left as it is") {
    std::string const saved = "From: <Saved by a browser>\r\n\r\n--no delimiter\r\n--b x";
    for (std::string const type :
         {"multipart/related", "multipart/related; boundary=", "multipart/mixed; boundary=\"{\"",
          "multipart/mixed; boundary=i; boundary=j", "Multipart/X; charset=utf-8"}) {
        CAPTURE(type);
        std::string const form =
            "--b\r\nContent-Disposition: form-data; name=\"f\"\r\nContent-Type: " + type +
            "\r\n\r\n" + saved + "\r\n--b\r\n\r\nx\r\n--b--";
        auto const parts = parse(form);
        REQUIRE(parts.has_value());
        REQUIRE(parts->size() == 2);
        CHECK((*parts)[0].body == saved);
        CHECK((*parts)[0].parts.empty());
        CHECK((*parts)[1].body == "x");
    }
    std::string const upload =
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"page.mht\"\r\n"
        "Content-Type: multipart/related; boundary=i\r\n\r\n" +
        saved + "\r\n--b--";
    auto const file = parse(upload);
    REQUIRE(file.has_value());
    CHECK((*file)[0].body == saved);
    CHECK((*file)[0].parts.empty());

    std::string const outer =
        "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"
        "--i\r\nContent-Type: multipart/related\r\n\r\n--j\r\n--i--\r\n--b--";
    auto const nested = parse(outer);
    REQUIRE(nested.has_value());
    REQUIRE((*nested)[0].parts.size() == 1);
    CHECK((*nested)[0].parts[0].body == "--j");
}

TEST_CASE("the name of a file may be spelled with a charset") {
    auto const name_of = [](std::string const& parameters) {
        std::string const form =
            "--b\r\nContent-Disposition: form-data; " + parameters + "\r\n\r\nx\r\n--b--";
        auto const parts = parse(form);
        REQUIRE(parts.has_value());
        return (*parts)[0].filename().value_or("(none)");
    };
    CHECK(name_of("filename*=UTF-8''%e2%82%ac%20rates.txt") == "\xE2\x82\xAC rates.txt");
    CHECK(name_of("name=\"f\"; FileName*=utf-8'en'a%2Fb") == "a/b");
    CHECK(name_of("filename*=iso-8859-1''%A3.txt") == "\xC2\xA3.txt");
    CHECK(name_of("filename*=\"UTF-8''quoted.txt\"") == "quoted.txt");
    CHECK(name_of("filename*=UTF-8''") == "");
    CHECK(name_of("filename=\"EUR.txt\"; filename*=UTF-8''%e2%82%ac.txt") == "\xE2\x82\xAC.txt");
    for (std::string const bad : {"UTF-8''%e2%82", "UTF-8''%zz", "UTF-8''a%0Ab", "UTF-8''a%00",
                                  "KOI8-R''a", "a.txt", "UTF-8'a.txt", ""}) {
        CAPTURE(bad);
        CHECK(name_of("filename*=" + bad) == "(none)");
        CHECK(name_of("filename*=" + bad + "; filename=plain.txt") == "plain.txt");
    }
}

TEST_CASE("a mebibyte of prefixes of the delimiter takes no time to speak of") {
    for (std::string_view const prefix :
         {"\r\n--", "\r\n--bbbbbbb", "\r\r\n", "--b\r\n", "\r\n--bb\r\n"}) {
        std::string body = "--bbbbbbbb\r\n\r\n";
        while (body.size() < (1u << 20)) body += prefix;
        double const start = support::processor_seconds();
        auto const parts = parse(body + "\r\n--bbbbbbbb--", "multipart/mixed; boundary=bbbbbbbb");
        CHECK(support::processor_seconds() - start < 0.5);
        CHECK(parts.has_value());
    }
}

TEST_CASE("what is put together is taken apart again") {
    std::vector<hh::multipart_part> parts(3);
    parts[0].header.set(field::content_disposition, "form-data; name=\"a\"");
    parts[0].body = "1";
    parts[1].body = "\r\n--";
    parts[2].header.set("X", "y");
    std::string const body = hh::compose_multipart(parts, "a=b");
    CHECK(body ==
          "--a=b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
          "--a=b\r\n\r\n\r\n--\r\n--a=b\r\nX: y\r\n\r\n\r\n--a=b--\r\n");
    auto const again = parse(body, "multipart/mixed; boundary=\"a=b\"");
    REQUIRE(again.has_value());
    REQUIRE(again->size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK((*again)[i].body == parts[i].body);
        CHECK((*again)[i].header.wire() == parts[i].header.wire());
    }
    CHECK_THROWS_AS(hh::compose_multipart(parts, ""), std::invalid_argument);
    CHECK_THROWS_AS(hh::compose_multipart(parts, "a\r\nb"), std::invalid_argument);
    CHECK_THROWS_AS(hh::compose_multipart(parts, std::string(71, 'a')), std::invalid_argument);
}

TEST_CASE("a random boundary is of 128 bits and occurs in no part") {
    std::string const one = hh::random_boundary({});
    std::string const two = hh::random_boundary({});
    CHECK(one.size() == 32);
    CHECK(hh::is_boundary(one));
    CHECK(one != two);
    std::uint64_t n = 0;
    auto const source = [&n] { return ++n; };
    CHECK(hh::random_boundary({}, source) == "00000000000000010000000000000002");
    auto const zero = [] { return std::uint64_t{0}; };
    std::string const zeros(32, '0');
    std::vector<std::string_view> texts = {"x", zeros};
    CHECK(hh::random_boundary(texts, zero) == zeros + "-0");
    std::string const more = zeros + "-0 " + zeros + "-1";
    texts.push_back(more);
    CHECK(hh::random_boundary(texts, zero) == zeros + "-2");
}
