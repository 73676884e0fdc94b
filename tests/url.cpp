// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/text/url_chars.hpp>
#include <httphooks/url.hpp>

#include <random>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using httphooks::error;
using httphooks::error_code;
using httphooks::url;

static_assert(std::ranges::forward_range<httphooks::query_view>);

namespace {

std::string path_of(std::string const& target) {
    url location;
    if (error_code const ec = location.parse(target)) return "(" + ec.message() + ")";
    return std::string(location.path());
}

error_code target_error(std::string const& target, bool fragment_allowed = false) {
    url location;
    error_code const ec = location.parse(target, fragment_allowed);
    if (ec) {
        CHECK(location.path().empty());
        CHECK(location.query().empty());
        CHECK(location.host().empty());
    }
    return ec;
}

}  // namespace

TEST_CASE("a target in origin form is split into path and query") {
    url location;
    std::string const target = "/a/b?x=1?y=/../%zz";
    REQUIRE_FALSE(location.parse(target));
    CHECK(location.path() == "/a/b");
    CHECK(location.path().data() == target.data());
    CHECK(location.has_query());
    CHECK(location.query() == "x=1?y=/../%zz");
    CHECK_FALSE(location.has_fragment());
    CHECK(location.host().empty());

    REQUIRE_FALSE(location.parse("/a?"));
    CHECK(location.has_query());
    CHECK(location.query().empty());
    CHECK(target_error("/a/long/enough/path?x#y") == error::invalid_target);
    CHECK(path_of("/a/long/enough/../path?x") == "/a/long/path");

    std::string const plain = "/users/42/a.b-c_d~e:@!$&'()*+,;=";
    REQUIRE_FALSE(location.parse(plain));
    CHECK_FALSE(location.has_query());
    CHECK(location.path().data() == plain.data());
    CHECK(location.path() == plain);
}

TEST_CASE("a path has one canonical spelling") {
    CHECK(path_of("/") == "/");
    CHECK(path_of("//") == "/");
    CHECK(path_of("//admin") == "/admin");
    CHECK(path_of("/%61dmin") == "/admin");
    CHECK(path_of("/./admin") == "/admin");
    CHECK(path_of("/a/../admin") == "/admin");
    CHECK(path_of("/a/b/../../admin/") == "/admin/");
    CHECK(path_of("/a/%2e%2E/admin") == "/admin");
    CHECK(path_of("/a/.%2e/admin") == "/admin");
    CHECK(path_of("/a/b/..") == "/a/");
    CHECK(path_of("/a/.") == "/a/");
    CHECK(path_of("/a/..") == "/");
    CHECK(path_of("/a//") == "/a/");
    CHECK(path_of("/a///b") == "/a/b");
    CHECK(path_of("/...") == "/...");
    CHECK(path_of("/.hidden/..x") == "/.hidden/..x");
    CHECK(path_of("/a%2fb%3f%23%25%5c") == "/a%2Fb%3F%23%25%5C");
    CHECK(path_of("/%2e%2f") == "/.%2F");
    CHECK(path_of("/%252e%252e/x") == "/%252e%252e/x");
    CHECK(path_of("/%41%7e%21%24%26%27%28%29%2a%2b%2c%3b%3d%3a%40") == "/A~!$&'()*+,;=:@");
    CHECK(path_of("/%c3%a9") == "/%C3%A9");
    CHECK(path_of("/a[b]") == "/a%5Bb%5D");
    CHECK(path_of("/a;b=1/c") == "/a;b=1/c");
}

TEST_CASE("a url tells when its path holds no escapes") {
    url location;
    for (char const* target : {"/", "/a/b?x=%20", "/a!$~", "*", "http://h", "http://h/a?%41"}) {
        REQUIRE_FALSE(location.parse(target));
        CHECK_FALSE(location.may_have_escapes());
    }
    for (char const* target : {"/a%20b", "/a/%2f", "/a[b]", "http://h/%25?x"}) {
        REQUIRE_FALSE(location.parse(target));
        CHECK(location.may_have_escapes());
    }
    CHECK(location.parse("/%zz"));
    CHECK_FALSE(location.may_have_escapes());
}

TEST_CASE("a path that is malformed is refused") {
    for (std::string const target : {"/%", "/%4", "/%zz", "/%4z?a", "/a%%20"})
        CHECK(target_error(target) == error::invalid_escape);
    CHECK(target_error("/a%00b") == error::null_byte);
    CHECK(target_error(std::string("/a\0b", 4)) == error::null_byte);
    for (std::string const target :
         {"/..", "/../a", "/a/../..", "/a/../../b", "/%2e%2e/a", "/./.."})
        CHECK(target_error(target) == error::path_above_root);
}

TEST_CASE("a target is refused when it is of no known form or holds a byte that must be escaped") {
    for (std::string const target :
         {"", "a", "a/b", "?a", "**", "*/", "/*#", "http:/a", "http://", "http:///a", "http://:80/",
          "http://u@h/", "http://u:p@h/a", "ftp://h/", "https:", "http", "example.com:443", "\\a"})
        CHECK(target_error(target) == error::invalid_target);
    for (std::string const bad : {"<", ">", "\"", "{", "}", "|", "^", "`", "\\", " ", "\t", "\r",
                                  "\n", "\x01", "\x7f", "\x80", "\xff", "#"}) {
        INFO(bad);
        CHECK(target_error("/a" + bad + "b") == error::invalid_target);
        CHECK(target_error("/a?" + bad) == error::invalid_target);
        CHECK(target_error("http://h" + bad + "/") == error::invalid_target);
    }
}

TEST_CASE("the absolute form and the asterisk form are accepted") {
    url location;
    REQUIRE_FALSE(location.parse("http://example.com:8080/a/./b?c=d"));
    CHECK(location.path() == "/a/b");
    CHECK(location.query() == "c=d");
    CHECK(location.host() == "example.com:8080");
    REQUIRE_FALSE(location.parse("HTTPS://[::1]"));
    CHECK(location.path() == "/");
    CHECK(location.host() == "[::1]");
    REQUIRE_FALSE(location.parse("http://h?x"));
    CHECK(location.path() == "/");
    CHECK(location.query() == "x");
    CHECK(target_error("http://h/../a") == error::path_above_root);
    REQUIRE_FALSE(location.parse("*"));
    CHECK(location.path() == "*");
    CHECK(location.host().empty());
}

TEST_CASE("a fragment is accepted where it is allowed") {
    url location;
    REQUIRE_FALSE(location.parse("/a?b#c/d?e", true));
    CHECK(location.path() == "/a");
    CHECK(location.query() == "b");
    CHECK(location.has_fragment());
    CHECK(location.fragment() == "c/d?e");
    REQUIRE_FALSE(location.parse("/a#", true));
    CHECK(location.has_fragment());
    CHECK(location.fragment().empty());
    REQUIRE_FALSE(location.parse("/#%61%2f[", true));
    CHECK(location.fragment() == "a%2F%5B");
    CHECK(target_error("/#a#b", true) == error::invalid_target);
    CHECK(target_error("/#%4", true) == error::invalid_escape);
}

TEST_CASE("normalising a normalised path changes nothing") {
    std::vector<std::string> const pieces{"/",     "/",   ".",     "..",  "%2e", "%2E", "%2f", "a",
                                          "admin", "%61", "%25",   "%5c", "[",   "%5B", ":",   "*",
                                          "%3f",   "%c3", "b%20c", "~",   ";=",  "%",   "%0"};
    std::mt19937 random(7);
    std::uniform_int_distribution<std::size_t> any(0, pieces.size() - 1);
    int accepted = 0;
    for (int round = 0; round < 50'000; ++round) {
        std::string target = "/";
        for (std::size_t n = any(random) % 9; n > 0; --n) target += pieces[any(random)];
        url first;
        if (first.parse(target)) continue;
        ++accepted;
        std::string const once(first.path());
        url second;
        REQUIRE_FALSE(second.parse(once));
        REQUIRE(second.path() == once);
    }
    CHECK(accepted > 10'000);
}

TEST_CASE("a byte is judged alike wherever it stands") {
    std::string const rare = "!$=~";
    for (std::size_t size = 1; size < 50; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (int byte = 0; byte < 256; ++byte) {
                std::string target(size, 'a');
                target[0] = '/';
                if (size > 20) target[15] = '/';
                target[at] = static_cast<char>(byte);
                bool const plain = httphooks::detail::is_plain_path(target);
                bool const expected = httphooks::detail::is_plain_path_bytewise(target) &&
                                      (size < 16 || rare.find(target[at]) == std::string::npos);
                if (plain != expected) {
                    INFO(target);
                    REQUIRE(plain == expected);
                }
            }
}

TEST_CASE("a url is used again and again") {
    url location;
    REQUIRE_FALSE(location.parse("http://h//a%20b?q#f", true));
    CHECK(location.path() == "/a%20b");
    REQUIRE_FALSE(location.parse("/"));
    CHECK(location.path() == "/");
    CHECK_FALSE(location.has_query());
    CHECK_FALSE(location.has_fragment());
    CHECK(location.host().empty());
    CHECK(location.parse("/%"));
    CHECK(location.path().empty());
}

TEST_CASE("escapes are decoded and encoded") {
    CHECK(httphooks::percent_decode("a%20b+c%2F") == "a b+c/");
    CHECK(httphooks::percent_decode("%") == "%");
    CHECK(httphooks::percent_decode("%4%zz%41") == "%4%zzA");
    CHECK(httphooks::form_decode("a+b%2Bc%") == "a b+c%");
    CHECK(httphooks::percent_encode("a b/\xC3\xA9~") == "a%20b%2F%C3%A9~");
    CHECK(httphooks::form_encode("a b&c") == "a+b%26c");
}

TEST_CASE("a query is walked pair by pair") {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (auto const& [key, value] : httphooks::query_view("a=1&&b&c=&=d&e=f=g&"))
        pairs.emplace_back(key, value);
    std::vector<std::pair<std::string, std::string>> const expected{
        {"a", "1"}, {"b", ""}, {"c", ""}, {"", "d"}, {"e", "f=g"}};
    CHECK(pairs == expected);
    httphooks::query_view const none;
    CHECK(none.begin() == none.end());
    httphooks::query_view const separators("&&&");
    CHECK(separators.begin() == separators.end());
}
