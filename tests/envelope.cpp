// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/envelope.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace hh = httphooks;
namespace envelope = httphooks::envelope;
using hh::error;
using hh::field;
using hh::status;
using hh::verb;

hh::error_code error_of(std::string_view json) {
    envelope::received r;
    return envelope::decode(json, r);
}

hh::request decoded(std::string_view json) {
    envelope::received r;
    auto const ec = envelope::decode(json, r);
    CAPTURE(json, ec.message());
    REQUIRE(!ec);
    return r.message;
}

std::string id_of(std::string_view json) {
    envelope::received r;
    static_cast<void>(envelope::decode(json, r));
    return std::string(r.id);
}

/// A request to `/` with these further members.
std::string with(std::string const& members) {
    return R"({"method":"GET","url":"/",)" + members + "}";
}

}  // namespace

TEST_CASE("an envelope becomes a request") {
    hh::request const r = decoded(
        R"( { "method" : "POST", "url":"/a?b=c#d", "headers":{"X-One":"1","Accept":"text/html"},)"
        R"("content":"line\nbreak" } )");
    CHECK(r.method() == verb::post);
    CHECK(r.target() == "/a?b=c#d");
    CHECK(r.version() == 11);
    CHECK(r.wire() == "X-One: 1\r\nAccept: text/html\r\n");
    CHECK(r[field::accept] == "text/html");
    CHECK(r.body() == "line\nbreak");
    hh::request const least = decoded(R"({"url":"/","method":"get"})");
    CHECK(least.method() == verb::get);
    CHECK(least.wire().empty());
    CHECK(least.body().empty());
}

TEST_CASE("a method may be in any case, and an unknown one leaves the request complete") {
    CHECK(decoded(R"({"method":"dElEtE","url":"/"})").method() == verb::delete_);
    CHECK(decoded(R"({"method":"m-search","url":"/"})").method() == verb::msearch);
    envelope::received r;
    auto const ec = envelope::decode(R"({"id":7,"method":"brew","url":"/pot","content":"x"})", r);
    CHECK(ec == error::unknown_method);
    CHECK(r.id == "7");
    CHECK(r.message.method_string() == "BREW");
    CHECK(r.message.target() == "/pot");
    CHECK(r.message.body() == "x");
    CHECK(error_of(R"({"method":"","url":"/"})") == error::invalid_envelope);
    CHECK(error_of(R"({"method":"G T","url":"/"})") == error::invalid_envelope);
    CHECK(error_of(R"({"method":1,"url":"/"})") == error::invalid_envelope);
    CHECK(error_of(R"({"url":"/"})") == error::invalid_envelope);
}

TEST_CASE("a url is a path or an absolute http address") {
    CHECK(decoded(R"({"method":"GET","url":"http://host/x"})").target() == "http://host/x");
    CHECK(decoded(R"({"method":"GET","url":"HTTPS://host/x"})").target() == "HTTPS://host/x");
    CHECK(decoded(R"({"method":"GET","url":"\/x\u002fy"})").target() == "/x/y");
    for (std::string_view url :
         {"", "*", "x", "ftp://h/", "http:/x", "/a b", "/a\\r\\nX: y", "/\\u0000"})
        CHECK(error_of(R"({"method":"GET","url":")" + std::string(url) + R"("})") ==
              error::invalid_target);
    CHECK(error_of(R"({"method":"GET"})") == error::invalid_envelope);
    CHECK(error_of(R"({"method":"GET","url":null})") == error::invalid_envelope);
}

TEST_CASE("an id of any type is kept as it was written") {
    for (std::string_view id : {"1", "-1.50e3", R"("a\u0041\"")", R"("")", "null", "true",
                                R"({ "a" : [1, 2] })", "[]", "12345678901234567890"}) {
        CHECK(id_of(with("\"id\": " + std::string(id) + " ")) == id);
        CHECK(id_of("{\"id\":" + std::string(id) + "}") == id);
    }
    CHECK(id_of(with(R"("x":1)")).empty());
    CHECK(id_of(with(R"("id":1,"id":2)")) == "2");
    CHECK(id_of(R"({"id":"x","method":)") == "\"x\"");
    CHECK(id_of("{\"id\":\"x\",\"y\":\"\xff\"}") == "\"x\"");
    CHECK(id_of("{\"id\":\"\xff\"}").empty());
    CHECK(id_of(R"({"id":"x)").empty());
}

TEST_CASE("header values are texts, numbers, booleans, or arrays of them") {
    hh::request const r = decoded(with(
        R"("headers":{"A":1.50,"B":true,"C":false,"D":["x",2,true],"E":[],"F":" x\ty ","G":""})"));
    CHECK(r.wire() ==
          "A: 1.50\r\nB: true\r\nC: false\r\nD: x\r\nD: 2\r\nD: true\r\nF: x\ty\r\nG: \r\n");
    for (std::string_view value : {"null", "{}", "[null]", "[[]]", "[{}]", "[\"a\",[\"b\"]]"})
        CHECK(error_of(with(R"("headers":{"A":)" + std::string(value) + "}")) ==
              error::invalid_envelope);
    for (std::string_view headers : {"[]", "\"x\"", "1", "true"})
        CHECK(error_of(with("\"headers\":" + std::string(headers))) == error::invalid_envelope);
    CHECK(decoded(with(R"("headers":null)")).wire().empty());
}

TEST_CASE("no header gets a line break in") {
    CHECK(error_of(with(R"("headers":{"A":"b\r\nC: d"})")) == error::invalid_field_value);
    CHECK(error_of(with(R"("headers":{"A":["x","b\u000a"]})")) == error::invalid_field_value);
    CHECK(error_of(with(R"("headers":{"A":"\u0000"})")) == error::invalid_field_value);
    CHECK(error_of(with(R"("headers":{"Host":"b\r\n"})")) == error::invalid_field_value);
    CHECK(error_of(with(R"("headers":{"A: b\r\nC":"d"})")) == error::invalid_field_name);
    CHECK(error_of(with(R"("headers":{"":"d"})")) == error::invalid_field_name);
    CHECK(error_of(with("\"headers\":{\"\u00e9\":\"d\"}")) == error::invalid_field_name);
}

TEST_CASE("of a name in several cases the last one counts") {
    hh::request const r = decoded(with(R"("headers":{"A":"1","b":"2","a":["3","4"],"b":"5"})"));
    CHECK(r.wire() == "a: 3\r\na: 4\r\nb: 5\r\n");
}

TEST_CASE("a message cannot claim what only the connection says") {
    for (std::string_view name :
         {"Host", "HOST", "x-forwarded-for", "X_Forwarded_For", "X-FORWARDED-PROTO", "forwarded",
          "Forwarded", "x-httphooks-request-type", "X_HTTPHOOKS-Hook_Type_Filter", "connection",
          "Content-Length", "content_length", "transfer-encoding", "Upgrade", "te", "Trailer",
          "Keep-Alive", "Proxy-Connection", "X-\\u0046orwarded-Host"}) {
        CAPTURE(name);
        CHECK(
            decoded(with("\"headers\":{\"" + std::string(name) + "\":\"x\",\"B\":\"c\"}")).wire() ==
            "B: c\r\n");
    }
    CHECK(
        decoded(with(R"("headers":{"Authorization":"a","Cookie":"b","X-Forwarded":"c"})")).wire() ==
        "Authorization: a\r\nCookie: b\r\nX-Forwarded: c\r\n");
}

TEST_CASE("the number of fields is limited") {
    auto const many = [](std::size_t n) {
        std::string s = R"("headers":{"A":[1)";
        for (std::size_t i = 1; i < n; ++i) s += ",1";
        return with(s + "]}");
    };
    CHECK(decoded(many(envelope::most_fields)).count("A") == envelope::most_fields);
    CHECK(error_of(many(envelope::most_fields + 1)) == error::invalid_envelope);
}

TEST_CASE("content is text, nothing, or JSON as it was written") {
    CHECK(decoded(with(R"("content":"")")).body().empty());
    CHECK(decoded(with(R"("content":null)")).body().empty());
    CHECK(decoded(with(R"("content":null)")).wire().empty());
    CHECK(decoded(with(R"("content":"a\u0000b")")).body() == std::string("a\0b", 3));
    for (std::string_view json : {R"({ "a" : [1.0, "\u0041"] })", "[ ]", "1e2", "true", "false"}) {
        hh::request const r = decoded(with("\"content\": " + std::string(json) + " "));
        CHECK(r.body() == json);
        CHECK(r.wire() == "Content-Type: application/json\r\n");
    }
    hh::request const r = decoded(with(R"("content":{},"headers":{"content-type":"text/x"})"));
    CHECK(r.wire() == "content-type: text/x\r\n");
}

TEST_CASE("content may be base64") {
    auto const body = [](std::string_view text) {
        return with("\"content\":\"" + std::string(text) + "\",\"contentEncoding\":\"base64\"");
    };
    CHECK(decoded(body("AP+A")).body() == std::string("\0\xff\x80", 3));
    CHECK(decoded(body("YWI=")).body() == "ab");
    CHECK(decoded(body("YQ\\u003d=")).body() == "a");
    CHECK(decoded(body("")).body().empty());
    for (std::string_view bad : {"a", "YWI", "YW=I", "YWI=====", "Y*I=", "YQ==YQ==", "YR==", "YWJ=",
                                 "=", "====", "YWI= ", "YW\\nI="})
        CHECK(error_of(body(bad)) == error::invalid_base64);
    CHECK(error_of(with(R"("content":{},"contentEncoding":"base64")")) == error::invalid_base64);
    CHECK(error_of(with(R"("content":"x","contentEncoding":"gzip")")) == error::invalid_envelope);
    CHECK(error_of(with(R"("content":"x","contentEncoding":1)")) == error::invalid_envelope);
    CHECK(decoded(with(R"("content":"x","contentEncoding":null)")).body() == "x");
}

TEST_CASE("of members that occur twice the last counts, and unknown ones are ignored") {
    hh::request const r = decoded(
        R"({"method":1,"url":"/a","url":"/b","ur\u006c":"/c","extra":{"url":"/d"},"__proto__":1,)"
        R"("method":"GET","headers":5,"headers":{},"content":"x","content":"y"})");
    CHECK(r.target() == "/c");
    CHECK(r.body() == "y");
    CHECK(error_of(with(R"("url":7)")) == error::invalid_envelope);
}

TEST_CASE("surrogate escapes make one character, and lone ones the replacement character") {
    auto const body = [](std::string const& s) {
        return decoded(with("\"content\":\"" + s + "\"")).body();
    };
    std::string const bad = "\xef\xbf\xbd";
    CHECK(body("\\ud83d\\ude00") == "\xf0\x9f\x98\x80");
    CHECK(body("\\uD800") == bad);
    CHECK(body("\\udc00x") == bad + "x");
    CHECK(body("\\ud800\\ud800") == bad + bad);
    CHECK(body("\\ud800\\u0041") == bad + "A");
    CHECK(body("\\ud800\\n") == bad + "\n");
    CHECK(body("\\u00e9\\u20ac\\b\\f\\n\\r\\t\\\"\\\\\\/") ==
          "\xc3\xa9\xe2\x82\xac\b\f\n\r\t\"\\/");
}

TEST_CASE("what is not JSON is refused") {
    for (std::string_view json : {"", " ", "null", "1", "[]", "\"x\"", "{", "}", "{}x", "{,}",
                                  R"({"method":"GET","url":"/"})"
                                  "{}",
                                  R"({"method":"GET","url":"/",})", R"({'method':'GET'})",
                                  R"({method:"GET"})", "\xef\xbb\xbf{}"})
        CHECK(error_of(json) == error::invalid_envelope);
    for (std::string_view value : {"01",
                                   "1.",
                                   ".1",
                                   "+1",
                                   "-",
                                   "1e",
                                   "1e+",
                                   "0x1",
                                   "nul",
                                   "True",
                                   "NaN",
                                   "\"\\x\"",
                                   "\"\\u12\"",
                                   "\"\\u12g4\"",
                                   "\"\n\"",
                                   "\"\t\"",
                                   "\"",
                                   "\"\\",
                                   "\"\\\"",
                                   "[1,]",
                                   "[,1]",
                                   "[1 2]",
                                   "[",
                                   "[1",
                                   "{\"a\"}",
                                   "{\"a\":}",
                                   "{\"a\":1,}",
                                   "{1:2}",
                                   "{\"a\" 1}",
                                   "[}",
                                   "{]",
                                   "[1}",
                                   "{\"a\":1]",
                                   "",
                                   "//x\n1",
                                   "1 2",
                                   "\"\xff\"",
                                   "\"\xc0\x80\"",
                                   "\"\xed\xa0\x80\"",
                                   "\"\xf4\x90\x80\x80\"",
                                   "\"\xe2\x82\"",
                                   "\"\xf0\x9f\x98\"",
                                   "\x01",
                                   "'x'"}) {
        CAPTURE(value);
        CHECK(error_of(with("\"x\":" + std::string(value))) == error::invalid_envelope);
    }
    for (std::string_view value :
         {"0", "-0", "-0.0e-0", "1E+5", "\"\x7f\"", "\"\\u0000\"", "[[],{}]", "{\"\":{\"\":[]}}",
          "\"\xf4\x8f\xbf\xbf\"", " [ 1 , 2 ] "})
        CHECK(!error_of(with("\"x\":" + std::string(value))));
}

TEST_CASE("nesting is limited") {
    auto const nested = [](std::size_t n) {
        return with("\"content\":" + std::string(n, '[') + std::string(n, ']'));
    };
    CHECK(decoded(nested(199)).body().size() == 398);
    CHECK(error_of(nested(200)) == error::invalid_envelope);
    CHECK(error_of(nested(1000000)) == error::invalid_envelope);
    CHECK(error_of(with("\"x\":" + std::string(1000000, '['))) == error::invalid_envelope);
    envelope::received r;
    CHECK(envelope::decode(nested(1), r, 1) == error::invalid_envelope);
    CHECK(!envelope::decode(nested(0).replace(nested(0).size() - 1, 1, "1}"), r, 1));
}

TEST_CASE("the receiver of a request may be used again") {
    envelope::received r;
    REQUIRE(!envelope::decode(
        R"({"id":1,"method":"BREW","method":"PUT","url":"/1","headers":{"A":"b"},"content":"x"})",
        r));
    REQUIRE(!envelope::decode(R"({"method":"GET","url":"/2"})", r));
    CHECK(r.id.empty());
    CHECK(r.message.method() == verb::get);
    CHECK(r.message.target() == "/2");
    CHECK(r.message.wire().empty());
    CHECK(r.message.body().empty());
}

TEST_CASE("a response becomes an envelope") {
    hh::response r = hh::make_response(status::created, "say \"hi\"\n\x01\x1f\\/", "text/plain");
    CHECK(
        envelope::encode(r) ==
        R"({"statusCode":201,"headers":{"Content-Type":"text/plain"},"content":"say \"hi\"\n\u0001\u001f\\/"})");
    r.body() = "\xc3\xa9";
    r.insert("Set-Cookie", "a=1");
    CHECK(envelope::encode(r, "7") ==
          "{\"id\":7,\"statusCode\":201,\"headers\":{\"Content-Type\":\"text/plain\","
          "\"Set-Cookie\":\"a=1\"},\"content\":\"\xc3\xa9\"}");
    r.insert("set-cookie", "b=\"2\"");
    r.insert("X-y", "1");
    r.insert("x-Y", "2");
    r.insert("Z", "\xff\xc3");
    r.body() = std::string("\0\xff", 2);
    CHECK(envelope::encode(r, R"({"a":"b"})") ==
          R"({"id":{"a":"b"},"statusCode":201,"headers":{"Content-Type":"text/plain",)"
          R"("Set-Cookie":["a=1","b=\"2\""],"X-y":"1, 2","Z":")"
          "\xef\xbf\xbd\xef\xbf\xbd"
          R"("},"content":"AP8=","contentEncoding":"base64"})");
    std::string to = "43[";
    envelope::encode(to, hh::make_response(status::no_content));
    CHECK(to == R"(43[{"statusCode":204,"headers":{},"content":""})");
}

TEST_CASE("any body survives an envelope") {
    std::mt19937 random(3);
    for (std::size_t size = 0; size < 100; ++size)
        for (unsigned mask : {0x1fu, 0x7fu, 0xffu}) {
            hh::response r(status::ok, 11);
            for (std::size_t i = 0; i < size; ++i)
                r.body().push_back(static_cast<char>(random() & mask));
            auto const j = nlohmann::json::parse(envelope::encode(r, "1"));
            envelope::received back;
            nlohmann::json request = {{"method", "GET"}, {"url", "/"}, {"content", j["content"]}};
            if (j.contains("contentEncoding")) request["contentEncoding"] = j["contentEncoding"];
            std::string const text = request.dump();
            REQUIRE(!envelope::decode(text, back));
            REQUIRE(back.message.body() == r.body());
        }
}

TEST_CASE("JSON is accepted and refused as by nlohmann") {
    std::mt19937 random(11);
    std::vector<std::string_view> const pieces = {
        "{",  "}",           "[",      "]",        ",",    ":",    "\"",    "\"a\"",
        "1",  "-",           ".",      "e",        "0",    "true", "null",  " ",
        "\\", "\"\\u00e9\"", "\"b\":", "\xc3\xa9", "\xff", "\t",   "[1,2]", "{\"c\":[]}"};
    int good = 0;
    for (int round = 0; round < 60000; ++round) {
        std::string value;
        for (auto n = random() % 6 + 1; n != 0; --n) value += pieces[random() % pieces.size()];
        std::string const text = "{\"x\":" + value + ",\"method\":\"GET\",\"url\":\"/\"}";
        bool const theirs = nlohmann::json::accept(text);
        bool const ours = !error_of(text);
        good += theirs ? 1 : 0;
        CAPTURE(text);
        if (ours != theirs) CHECK(ours == theirs);
    }
    CHECK(good > 1000);
}

TEST_CASE("of headers that occur twice only the last count") {
    envelope::received got;
    REQUIRE(!envelope::decode(R"({"headers":{"a b":"1","X-A":"1"},"method":"GET","url":"/",)"
                              R"("headers":{"X-B":"2"}})",
                              got));
    CHECK(!got.message.contains("X-A"));
    CHECK(got.message["X-B"] == "2");
    REQUIRE(!envelope::decode(
        R"({"headers":7,"method":"GET","url":"/","headers":null,"content":"c"})", got));
    CHECK(got.message.begin() == got.message.end());
    CHECK(got.message.target() == "/");
    CHECK(error_of(R"({"headers":{},"method":"GET","url":"/","headers":[]})") ==
          hh::error::invalid_envelope);
}

TEST_CASE("what is not JSON is refused as that, whatever its headers are") {
    CHECK(error_of(R"({"headers":{"a b":""},"method":"GET","url":"/"})") ==
          hh::error::invalid_field_name);
    CHECK(error_of(R"({"headers":{"a b":""},"method":"GET","url":"/")") ==
          hh::error::invalid_envelope);
    CHECK(error_of(R"({"headers":{"a b":""},"method":"GET","url":" "})") ==
          hh::error::invalid_target);
    envelope::received got;
    CHECK(envelope::decode(R"({"id":[1,"method":"GET","url":"/"})", got));
    CHECK(got.id.empty());
}
