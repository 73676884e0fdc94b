// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/detail/wtf8.hpp>
#include <httphooks/sockjs/frame.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace hh = httphooks;
namespace sockjs = httphooks::sockjs;
using sockjs::close_code;
using sockjs::framing;

namespace {

std::string in_quotes(std::string_view s) {
    std::string to;
    sockjs::append_quoted(to, s);
    return to;
}

std::string framed(framing as, std::string_view frame, std::string_view callback = {}) {
    std::string to;
    sockjs::append_framed(to, as, frame, callback);
    return to;
}

std::vector<std::string> messages(std::string_view json) {
    std::vector<std::string> all;
    std::string scratch;
    std::string_view m;
    for (sockjs::message_reader reader(json); reader.next(m, scratch);) all.emplace_back(m);
    return all;
}

std::string character(std::uint32_t c) {
    std::string s;
    sockjs::detail::append_wtf8(s, c);
    return s;
}

std::string escape(std::uint32_t c) {
    char unit[6];
    return {unit, sockjs::detail::write_unit(unit, c)};
}

constexpr auto no_error = hh::error_code();
using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("control characters are escaped, in short where JSON has a short form") {
    for (std::uint32_t c = 0; c < 0x20; ++c) {
        std::string const text(1, static_cast<char>(c));
        std::string const brief = c == 8    ? "\\b"
                                  : c == 9  ? "\\t"
                                  : c == 10 ? "\\n"
                                  : c == 12 ? "\\f"
                                  : c == 13 ? "\\r"
                                            : escape(c);
        CHECK(in_quotes(text) == '"' + brief + '"');
    }
    CHECK(in_quotes("a\"b\\c") == R"("a\"b\\c")");
    CHECK(in_quotes(std::string_view("\0\x1f", 2)) == R"("\u0000\u001f")");
}

TEST_CASE("what browsers garble is escaped in lower case, its neighbours are not") {
    struct range {
        std::uint32_t first;
        std::uint32_t last;
    };
    for (range const r : {range{0x200c, 0x200f}, range{0x2028, 0x202f}, range{0x2060, 0x206f},
                          range{0xfff0, 0xffff}, range{0xd800, 0xdfff}}) {
        for (std::uint32_t c = r.first; c <= r.last; ++c)
            if (in_quotes(character(c)) != '"' + escape(c) + '"') FAIL(c);
        std::string const before = character(r.first - 1);
        CHECK(in_quotes(before) == '"' + before + '"');
    }
    for (std::uint32_t const c : {0x2010u, 0x2027u, 0x2030u, 0x2070u, 0xe000u, 0xffefu})
        CHECK(in_quotes(character(c)) == '"' + character(c) + '"');
    CHECK(in_quotes("\xef\xbf\xb0") == "\"\\ufff0\"");
}

TEST_CASE("U+00AD, U+0300, U+007F and / < > & go out as they are") {
    std::string const plain = "\xc2\xad\xcc\x80\x7f/<>&";
    CHECK(in_quotes(plain) == '"' + plain + '"');
}

TEST_CASE("a pair of surrogates is escaped as a pair") {
    CHECK(in_quotes("\xf0\x9f\x98\x80") == R"("\ud83d\ude00")");
    CHECK(in_quotes("\xf4\x8f\xbf\xbf") == R"("\udbff\udfff")");
}

TEST_CASE("a lone surrogate comes in and goes out") {
    CHECK(messages(R"(["\ud800"])") == texts{"\xed\xa0\x80"});
    CHECK(in_quotes("\xed\xa0\x80") == R"("\ud800")");
    CHECK(messages(R"(["x\ude00y","\ud83d","\ud83dz"])") ==
          texts{"x\xed\xb8\x80y", "\xed\xa0\xbd", "\xed\xa0\xbdz"});
    CHECK(messages(R"(["\ud83d\ude00","\ud83d\ud83d\ude00"])") ==
          texts{"\xf0\x9f\x98\x80", "\xed\xa0\xbd\xf0\x9f\x98\x80"});
}

TEST_CASE("what is no character is written as U+FFFD, never raw") {
    CHECK(in_quotes("a\xff"
                    "b") == R"("a\ufffdb")");
    CHECK(in_quotes("\xc3") == R"("\ufffd")");
    CHECK(in_quotes("\xe2\x82") == R"("\ufffd\ufffd")");
    CHECK(in_quotes("\xed\xa0") == R"("\ufffd\ufffd")");
}

TEST_CASE("every escape of a client is decoded and comes back equal") {
    for (std::uint32_t c = 0; c <= 0xffff; ++c) {
        std::string const in = "[\"" + escape(c) + "\"]";
        if (sockjs::check_messages(in) != no_error) FAIL(c);
        auto const out = messages(in);
        if (out.size() != 1 || messages('[' + in_quotes(out[0]) + ']') != out) FAIL(c);
    }
}

TEST_CASE("long texts are quoted whole wherever their special characters are") {
    std::string const text = "0123456789abcdef0123456789abcdef";
    for (std::size_t i = 0; i <= text.size(); ++i) {
        std::string with = text;
        with.insert(i, "\"\xe2\x80\xa8");
        std::string expected = text;
        expected.insert(i, "\\\"\\u2028");
        CHECK(in_quotes(with) == '"' + expected + '"');
    }
}

TEST_CASE("on streams and polls a frame ends with a line feed") {
    CHECK(framed(framing::line, "o") == "o\n");
    CHECK(framed(framing::bare, "o") == "o");
}

TEST_CASE("an event's data is the frame") {
    CHECK(framed(framing::event, "o") == "data: o\r\n\r\n");
    std::string const frame = "a[" + in_quotes(std::string_view("  \0\n\r ", 6)) + "]";
    CHECK(framed(framing::event, frame) == "data: a[\"  \\u0000\\n\\r \"]\r\n\r\n");
}

TEST_CASE("an event's percent signs, CR, LF and NUL are percent-escaped") {
    CHECK(framed(framing::event, "a[\"%41%E4\"]") == "data: a[\"%2541%25E4\"]\r\n\r\n");
    CHECK(framed(framing::event, std::string_view("\r\n\0%", 4)) == "data: %0D%0A%00%25\r\n\r\n");
}

TEST_CASE("htmlfile calls p with the frame as a string") {
    CHECK(framed(framing::script, "a[\"x\"]") == "<script>\np(\"a[\\\"x\\\"]\");\n</script>\r\n");
}

TEST_CASE("a message cannot end the script of htmlfile") {
    std::string const frame = "a[" + in_quotes("</script><script>alert(1)&") + "]";
    CHECK(framed(framing::script, frame) ==
          "<script>\np(\"a[\\\"\\u003c/script\\u003e\\u003cscript\\u003ealert(1)\\u0026\\\"]\");\n"
          "</script>\r\n");
    CHECK(framed(framing::script, "a[" + in_quotes("\xe2\x80\xa8\xe2\x80\xa9") + "]") ==
          "<script>\np(\"a[\\\"\\\\u2028\\\\u2029\\\"]\");\n</script>\r\n");
}

TEST_CASE("JSONP calls the client's function with the frame as a string") {
    CHECK(framed(framing::callback, "o", "callback") == "/**/callback(\"o\");\r\n");
    CHECK(framed(framing::callback, "a[\"</x\"]", "f") == "/**/f(\"a[\\\"</x\\\"]\");\r\n");
}

TEST_CASE("a close frame has the code and the reason") {
    CHECK(sockjs::close_frame(close_code::go_away, "Go away!") == R"(c[3000,"Go away!"])");
    CHECK(sockjs::close_frame(close_code{4999}, "\"\n") == R"(c[4999,"\"\n"])");
}

TEST_CASE("nothing is no payload, a truncated array is broken") {
    CHECK(sockjs::check_messages("") == sockjs::error::payload_expected);
    CHECK(sockjs::check_messages("  ") == sockjs::error::broken_encoding);
    CHECK(sockjs::check_messages("[\"x") == sockjs::error::broken_encoding);
    CHECK(sockjs::check_messages("[\"x\"") == sockjs::error::broken_encoding);
    CHECK(sockjs::check_messages("[") == sockjs::error::broken_encoding);
    CHECK(sockjs::check_messages("[,]") == sockjs::error::broken_encoding);
    CHECK(sockjs::check_messages("[\"a\",]") == sockjs::error::broken_encoding);
}

TEST_CASE("JSON that is no array is no payload") {
    for (char const* const json : {"\"x\"", "{}", "null", "1", "true", "{\"a\":[\"b\"]}"})
        CHECK(sockjs::check_messages(json) == sockjs::error::payload_expected);
}

TEST_CASE("an empty array is good and holds nothing") {
    CHECK(sockjs::check_messages("[]") == no_error);
    CHECK(sockjs::check_messages(" [ ] ") == no_error);
    CHECK(messages("[]").empty());
}

TEST_CASE("an element that is no string breaks the whole array") {
    for (char const* const json : {"[1,null,true,{},[\"b\"]]", "[1]", "[null,\"a\"]", "[\"a\",1]",
                                   "[\"a\",[]]", "[\"a\",{}]", "[\"a\",\"b\",null]"})
        CHECK(sockjs::check_messages(json) == sockjs::error::broken_encoding);
}

TEST_CASE("in a frame a single string is a message, other values are not") {
    CHECK(sockjs::check_message_frame("\"a\"") == no_error);
    CHECK(messages("\"a\"") == texts{"a"});
    CHECK(sockjs::check_message_frame(" [\"a\"]") == no_error);
    CHECK(messages(" [\"a\" , \"b\" ] ") == texts{"a", "b"});
    for (char const* const json : {"1", "null", "{}", "true"})
        CHECK(sockjs::check_message_frame(json) == sockjs::error::payload_expected);
}

TEST_CASE("what follows an array breaks it") {
    CHECK(sockjs::check_messages("[\"a\"] x") == sockjs::error::broken_encoding);
    CHECK(sockjs::check_message_frame("\"a\" \"b\"") == sockjs::error::broken_encoding);
    CHECK(sockjs::check_message_frame("\"a\"]") == sockjs::error::broken_encoding);
}

TEST_CASE("what is not UTF-8 is broken") {
    CHECK(sockjs::check_messages("[\"\xff\"]") == sockjs::error::broken_encoding);
    CHECK(sockjs::check_messages("[\"\xed\xa0\x80\"]") == sockjs::error::broken_encoding);
    CHECK(sockjs::check_messages("[\"\xc0\x80\"]") == sockjs::error::broken_encoding);
}

TEST_CASE("escapes of JSON are undone, others are refused") {
    CHECK(messages(R"(["\"\\\/\b\f\n\r\t\u0041\u00e4\u20AC"])") ==
          texts{"\"\\/\b\f\n\r\tA\xc3\xa4\xe2\x82\xac"});
    for (char const* const json :
         {R"(["\x"])", R"(["\u12"])", R"(["\u12g4"])", "[\"\\\"]", "[\"\n\"]"})
        CHECK(sockjs::check_messages(json) == sockjs::error::broken_encoding);
}

TEST_CASE("nesting without end is refused without a deep recursion") {
    CHECK(sockjs::check_messages(std::string(100'000, '[')) == sockjs::error::broken_encoding);
    CHECK(sockjs::check_message_frame(std::string(100'000, '{')) == sockjs::error::broken_encoding);
}

TEST_CASE("a frame that looks as if it had one message only is read as any other") {
    std::vector<std::string_view> const pieces = {
        "\"", "\\\"", "\\\\",     "\\n", "\\u00e9", "\\ud800", "\\",  ",",
        "[",  "]",    "\xc3\xa9", "\n",  "plain",   "\",\"",   "\\x", "a text that is longer"};
    std::mt19937 random(17);
    std::size_t only = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string frame = "[\"";
        for (auto n = random() % 8; n != 0; --n) frame += pieces[random() % pieces.size()];
        frame += "\"]";
        std::vector<char> room(frame.size() + hh::detail::text_block);
        std::string_view const message = sockjs::detail::only_message(frame, room.data());
        if (!message.data()) continue;
        ++only;
        CAPTURE(frame);
        REQUIRE(!sockjs::check_messages(frame));
        REQUIRE(messages(frame) == std::vector<std::string>{std::string(message)});
    }
    CHECK(only > 500);
    char room[64];
    for (std::string_view frame : {"", "[", "[]", "[\"", "[\"]", "\"a\"", "[\"a\"", "[\"\\\"]"})
        CHECK(!sockjs::detail::only_message(frame, room).data());
    CHECK(sockjs::detail::only_message("[\"\"]", room).data());
}
