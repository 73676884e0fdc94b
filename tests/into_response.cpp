// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/into_response.hpp>

#include <boost/beast/http/fields.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace library {

struct book {
    std::string title;
};

httphooks::response into_response(book const& b) {
    return httphooks::make_response(httphooks::status::ok, "<" + b.title + ">", "text/x-book");
}

struct opaque {};

}  // namespace library

namespace {

namespace hh = httphooks;
using hh::field;

static_assert(hh::convertible_to_response<std::string>);
static_assert(hh::convertible_to_response<std::string const&>);
static_assert(hh::convertible_to_response<std::string_view>);
static_assert(hh::convertible_to_response<char const*>);
static_assert(hh::convertible_to_response<char const (&)[3]>);
static_assert(hh::convertible_to_response<hh::beast::string_view>);
static_assert(hh::convertible_to_response<nlohmann::json>);
static_assert(hh::convertible_to_response<nlohmann::json const&>);
static_assert(hh::convertible_to_response<nlohmann::ordered_json>);
static_assert(hh::convertible_to_response<hh::status>);
static_assert(hh::convertible_to_response<hh::response>);
static_assert(hh::convertible_to_response<hh::beast::http::response<hh::beast::http::string_body>>);
static_assert(hh::convertible_to_response<library::book>);
static_assert(!hh::convertible_to_response<library::opaque>);
static_assert(!hh::convertible_to_response<int>);
static_assert(!hh::convertible_to_response<bool>);
static_assert(!hh::convertible_to_response<hh::request>);
static_assert(!hh::convertible_to_response<std::vector<int>>);

template <class T>
void check_text(T&& value, std::string_view expected) {
    hh::response const r = hh::into_response(std::forward<T>(value));
    CHECK(r.result() == hh::status::ok);
    CHECK(r.version() == 11);
    CHECK(r.wire() == "Content-Type: text/plain; charset=utf-8\r\n");
    CHECK(r.body() == expected);
}

}  // namespace

TEST_CASE("text becomes a plain response") {
    std::string const s = "some text";
    check_text(s, s);
    check_text(std::string(s), s);
    check_text(std::string_view(s), s);
    check_text(hh::beast::string_view(s), s);
    check_text(s.c_str(), s);
    check_text("literal", "literal");
    std::string big(100, 'x');
    char const* const memory = big.data();
    hh::response const r = hh::into_response(std::move(big));
    CHECK(r.body().data() == memory);
}

TEST_CASE("JSON becomes a response of its text") {
    nlohmann::json const j = {{"a", 1}};
    hh::response const r = hh::into_response(j);
    CHECK(r.result() == hh::status::ok);
    CHECK(r.wire() == "Content-Type: application/json\r\n");
    CHECK(r.body() == R"({"a":1})");
    CHECK(hh::into_response(nlohmann::json("\xff")).body() == "\"\xef\xbf\xbd\"");
    nlohmann::ordered_json const o = {{"z", 1}, {"a", 2}};
    CHECK(hh::into_response(o).body() == R"({"z":1,"a":2})");
    CHECK(hh::json({{"b", {1, 2, 3}}}).body() == R"({"b":[1,2,3]})");
    CHECK(hh::json(42).body() == "42");
    CHECK(hh::json(std::vector<int>{1, 2}).body() == "[1,2]");
    CHECK(hh::json(nullptr, hh::status::created).result() == hh::status::created);
}

TEST_CASE("a status becomes a response without a body") {
    hh::response const r = hh::into_response(hh::status::no_content);
    CHECK(r.result() == hh::status::no_content);
    CHECK(r.body().empty());
    CHECK(r.wire().empty());
}

TEST_CASE("a response stays as it is, and one of Beast's is converted") {
    hh::response mine = hh::make_response(hh::status::accepted, "x", "a/b");
    hh::response const r = hh::into_response(mine);
    CHECK(r.result() == hh::status::accepted);
    CHECK(r.body() == "x");
    hh::beast::http::response<hh::beast::http::string_body> theirs{hh::status::created, 11, "y"};
    theirs.set("A", "b");
    hh::response const s = hh::into_response(theirs);
    CHECK(s.result() == hh::status::created);
    CHECK(s["A"] == "b");
    CHECK(s.body() == "y");
}

TEST_CASE("a type of the user's is converted by the user's function") {
    hh::response const r = into_response(library::book{"Moby Dick"});
    CHECK(r[field::content_type] == "text/x-book");
    CHECK(r.body() == "<Moby Dick>");
}

TEST_CASE("text is put together from parts") {
    hh::response const r = hh::text("Hello, ", std::string_view("you"), '!', std::string(" "), 42,
                                    " ", -1.5, " ", true);
    CHECK(r.body() == "Hello, you! 42 -1.5 true");
    CHECK(r.wire() == "Content-Type: text/plain; charset=utf-8\r\n");
    CHECK(hh::text().body().empty());
}

TEST_CASE("the memory of a recycled response serves the next text") {
    hh::response r = hh::text(std::string(500, 'a'));
    void const* const memory = r.body().data();
    hh::recycle(std::move(r));
    hh::response const next = hh::text(std::string(400, 'b'));
    bool const same = next.body().data() == memory;
    CHECK(same == hh::detail::caching);
    CHECK(next.body() == std::string(400, 'b'));
}
