// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/iframe.hpp>

#include "support/catch.hpp"

#include <string>

namespace hh = httphooks;
namespace sockjs = httphooks::sockjs;

namespace {

hh::request with_tag(std::string_view value) {
    hh::request r;
    r.set(hh::field::if_none_match, value);
    return r;
}

}  // namespace

TEST_CASE("the iframe page is the protocol's, with the client library of the options") {
    sockjs::options o;
    o.sockjs_url = "/lib/sockjs.min.js";
    sockjs::iframe_page const page(o);
    CHECK(page.text() == R"(<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="/lib/sockjs.min.js"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>)");
}

TEST_CASE("the address of the client library cannot break out of its attribute") {
    sockjs::options o;
    o.sockjs_url = "a\"><script>&'";
    CHECK(sockjs::iframe_page(o).text().find("src=\"a&quot;&gt;&lt;script&gt;&amp;&#39;\"") !=
          std::string::npos);
}

TEST_CASE("the iframe page may be kept for a year, and has an entity tag") {
    sockjs::options o;
    o.frame_ancestors = "https://example.org";
    sockjs::iframe_page const page(o);
    auto const reply = page.answer(hh::request());
    CHECK(reply.result() == hh::status::ok);
    CHECK(reply[hh::field::content_type] == "text/html; charset=UTF-8");
    CHECK(reply[hh::field::cache_control] == "public, max-age=31536000");
    CHECK(reply.contains(hh::field::expires));
    CHECK_FALSE(reply.contains(hh::field::last_modified));
    CHECK(reply[hh::field::etag] == page.etag());
    CHECK(page.etag().size() == 18);
    CHECK(reply["Content-Security-Policy"] == "frame-ancestors https://example.org");
    o.sockjs_url = "/other.js";
    CHECK(sockjs::iframe_page(o).etag() != page.etag());
}

TEST_CASE("a client that has the iframe page gets 304 without body and type") {
    sockjs::iframe_page const page{sockjs::options()};
    std::string const tag = page.etag();
    for (std::string const& value : {tag, "W/" + tag, "*" + std::string(), "\"other\", " + tag,
                                     "\"a,b\" ,W/" + tag + ", \"c\""}) {
        auto const reply = page.answer(with_tag(value));
        CHECK(reply.result() == hh::status::not_modified);
        CHECK(reply.body().empty());
        CHECK_FALSE(reply.contains(hh::field::content_type));
        CHECK(reply[hh::field::etag] == tag);
        CHECK(reply[hh::field::cache_control] == "public, max-age=31536000");
    }
    for (std::string const& value : {std::string("\"other\""), tag.substr(1), std::string("x"),
                                     "\"open" + tag.substr(1, 3), std::string(",,,")})
        CHECK(page.answer(with_tag(value)).result() == hh::status::ok);
}

TEST_CASE("which names the iframe page has") {
    for (char const* const name :
         {"iframe.html", "iframe-.html", "iframe-0.1.2abc-dirty.2144.html", "iframea_b.html"})
        CHECK(sockjs::is_iframe_name(name));
    for (char const* const name : {"iframe.htm", "iframe", "IFRAME.HTML", "IFRAME", "iframe.HTML",
                                   "iframe.xml", "iframe-/.html", "iframeX.html", "iframe%20.html"})
        CHECK_FALSE(sockjs::is_iframe_name(name));
}
