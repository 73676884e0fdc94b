// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/absolute_url.hpp>

#include <string>

#include "support/catch.hpp"

using httphooks::http::absolute_url;

TEST_CASE("an absolute URL is split") {
    auto const plain = absolute_url::parse("http://Example.COM/a/b?c=/d#e");
    REQUIRE(plain.has_value());
    CHECK_FALSE(plain->tls);
    CHECK(plain->host == "example.com");
    CHECK(plain->port == 80);
    CHECK(plain->target == "/a/b?c=/d");
    CHECK(plain->host_field() == "example.com");

    auto const tls = absolute_url::parse("HTTPS://a-b_c.example:8443?x");
    REQUIRE(tls.has_value());
    CHECK(tls->tls);
    CHECK(tls->port == 8443);
    CHECK(tls->target == "/?x");
    CHECK(tls->host_field() == "a-b_c.example:8443");

    auto const bare = absolute_url::parse("https://example.com:");
    REQUIRE(bare.has_value());
    CHECK(bare->port == 443);
    CHECK(bare->target == "/");
    CHECK(bare->host_field() == "example.com");

    auto const v6 = absolute_url::parse("http://[::1]:8080#x");
    REQUIRE(v6.has_value());
    CHECK(v6->host == "::1");
    CHECK(v6->port == 8080);
    CHECK(v6->target == "/");
    CHECK(v6->host_field() == "[::1]:8080");

    auto const other_port = absolute_url::parse("http://127.0.0.1:443/");
    REQUIRE(other_port.has_value());
    CHECK(other_port->host_field() == "127.0.0.1:443");
}

TEST_CASE("what is no http or https URL is refused") {
    for (auto const* text : {"",
                             "/",
                             "example.com",
                             "ftp://example.com/",
                             "http:/example.com",
                             "http://",
                             "http:///a",
                             "http://user@example.com/",
                             "http://u:p@example.com/",
                             "http://example.com:0/",
                             "http://example.com:65536/",
                             "http://example.com:8o/",
                             "http://example.com:-1/",
                             "http://[::1/",
                             "http://[::1]x/",
                             "http://[]/",
                             "http://[a]/",
                             "http://::1/",
                             "http://a b/",
                             "http://example.com/a b",
                             "http://example.com/\r\nX: y",
                             "http://ex%61mple/",
                             "http://\xc3\xa9xample/",
                             "http://a\\b/",
                             "http://[::1%25lo]/",
                             "https//a"}) {
        INFO(text);
        auto const url = absolute_url::parse(text);
        REQUIRE_FALSE(url.has_value());
        CHECK(url.error() == httphooks::make_error_code(httphooks::error::invalid_target));
    }
}

TEST_CASE("a reference means what it means at its URL") {
    auto const at = absolute_url::parse("https://example.com:8443/a/b?q=1");
    auto const resolved = [&](std::string_view reference) {
        auto const url = at->resolve(reference);
        if (!url) return std::string("-");
        return std::string(url->tls ? "https://" : "http://") + url->host_field() + url->target;
    };
    CHECK(resolved("/x?y#z") == "https://example.com:8443/x?y");
    CHECK(resolved("x") == "https://example.com:8443/a/x");
    CHECK(resolved("../x/./y/..") == "https://example.com:8443/x/");
    CHECK(resolved("../../../x") == "https://example.com:8443/x");
    CHECK(resolved(".") == "https://example.com:8443/a/");
    CHECK(resolved("?r=2") == "https://example.com:8443/a/b?r=2");
    CHECK(resolved("?u=../x") == "https://example.com:8443/a/b?u=../x");
    CHECK(resolved("") == "https://example.com:8443/a/b?q=1");
    CHECK(resolved("#f") == "https://example.com:8443/a/b?q=1");
    CHECK(resolved("//other/x") == "https://other/x");
    CHECK(resolved("//other") == "https://other/");
    CHECK(resolved("http://other:80/x") == "http://other/x");
    CHECK(resolved("/a:b") == "https://example.com:8443/a:b");
    for (auto const* text : {"ftp://x/", "data:,x", "javascript:x", "a:b", "http:x", "//u@other/",
                             "http://u:p@other/", "/a b", "/a\r\nX: y", "//"}) {
        INFO(text);
        CHECK(resolved(text) == "-");
    }
}
