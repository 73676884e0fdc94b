// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/cors.hpp>
#include <httphooks/testing.hpp>

#include <boost/asio/io_context.hpp>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/catch.hpp"

namespace hh = httphooks;
using hh::field;
using hh::status;
using hh::verb;

namespace {

struct server {
    hh::asio::io_context context;
    hh::registry hooks{context.get_executor()};

    explicit server(hh::http::cors_options options) {
        hooks.pre_responder(hh::any_verb, "/*", hh::http::cors(std::move(options)));
        hooks.get("/books", [](auto&) { return "books"; });
        hooks.get("/broken", [](auto&) -> std::string { throw std::runtime_error("broken"); });
    }

    hh::response ask(verb method, std::string_view target,
                     std::initializer_list<std::pair<field, std::string_view>> headers) {
        hh::request r(method, target, 11);
        for (auto const& [name, value] : headers) r.insert(name, value);
        return hh::testing::inject(hooks, std::move(r));
    }

    hh::response get(std::string_view origin, std::string_view target = "/books") {
        return ask(verb::get, target, {{field::origin, origin}});
    }

    hh::response preflight(std::string_view origin, std::string_view asked = {}) {
        if (asked.empty())
            return ask(verb::options, "/books",
                       {{field::origin, origin}, {field::access_control_request_method, "PUT"}});
        return ask(verb::options, "/books",
                   {{field::origin, origin},
                    {field::access_control_request_method, "PUT"},
                    {field::access_control_request_headers, asked}});
    }
};

std::string vary(hh::response const& r) {
    std::string all;
    auto const [first, last] = r.equal_range(field::vary);
    for (auto f = first; f != last; ++f) all.append(all.empty() ? "" : ", ").append(f->value());
    return all;
}

std::string_view allowed(hh::response const& r) {
    return r[field::access_control_allow_origin];
}

}  // namespace

TEST_CASE("by default no origin is allowed, and requests pass") {
    server s{{}};
    auto const r = s.get("https://app.example");
    CHECK(r.result() == status::ok);
    CHECK(r.body() == "books");
    CHECK_FALSE(r.contains(field::access_control_allow_origin));
    CHECK_FALSE(r.contains(field::access_control_allow_credentials));
    CHECK(vary(r) == "Origin");
}

TEST_CASE("an origin of the list is repeated, another one gets no fields") {
    server s{{.origins = {"https://app.example", "http://localhost:3000", "null"},
              .exposed_headers = {"X-Total", "Link"}}};
    auto const r = s.get("https://app.example");
    CHECK(allowed(r) == "https://app.example");
    CHECK(r[field::access_control_expose_headers] == "X-Total,Link");
    CHECK_FALSE(r.contains(field::access_control_allow_credentials));
    CHECK_FALSE(r.contains(field::access_control_allow_methods));
    CHECK(vary(r) == "Origin");
    CHECK(allowed(s.get("http://localhost:3000")) == "http://localhost:3000");
    CHECK(allowed(s.get("null")) == "null");

    for (auto const* other :
         {"https://app.example.evil", "https://evil-app.example", "http://app.example",
          "https://app.example:444", "https://APP.example", "https://app.example/", "*", ""}) {
        INFO(other);
        auto const refused = s.get(other);
        CHECK(refused.result() == status::ok);
        CHECK_FALSE(refused.contains(field::access_control_allow_origin));
        CHECK_FALSE(refused.contains(field::access_control_expose_headers));
        CHECK(vary(refused) == "Origin");
    }
}

TEST_CASE("a request without an origin passes, and so does one with two") {
    server s{{.origins = {"https://app.example"}, .credentials = true}};
    auto const none = s.ask(verb::get, "/books", {});
    CHECK(none.body() == "books");
    CHECK_FALSE(none.contains(field::access_control_allow_credentials));
    auto const two =
        s.ask(verb::get, "/books",
              {{field::origin, "https://app.example"}, {field::origin, "https://app.example"}});
    CHECK(two.body() == "books");
    CHECK_FALSE(two.contains(field::access_control_allow_origin));
}

TEST_CASE("errors carry the fields too") {
    server s{{.origins = {"https://app.example"}}};
    auto const missing = s.get("https://app.example", "/missing");
    CHECK(missing.result() == status::not_found);
    CHECK(allowed(missing) == "https://app.example");
    auto const method = s.ask(verb::delete_, "/books", {{field::origin, "https://app.example"}});
    CHECK(method.result() == status::method_not_allowed);
    CHECK(allowed(method) == "https://app.example");
    auto const broken = s.get("https://app.example", "/broken");
    CHECK(broken.result() == status::internal_server_error);
    CHECK(allowed(broken) == "https://app.example");
    CHECK(vary(broken) == "Origin");
}

TEST_CASE("a preflight is answered with 204 and goes no further") {
    server s{{.origins = {"https://app.example"}, .max_age = std::chrono::seconds(600)}};
    int runs = 0;
    s.hooks.options("/books", [&](auto&) { return ++runs, "options"; });
    auto const r = s.preflight("https://app.example", "X-One, X-Two");
    CHECK(r.result() == status::no_content);
    CHECK(r.body().empty());
    CHECK_FALSE(r.contains(field::content_length));
    CHECK(allowed(r) == "https://app.example");
    CHECK(r[field::access_control_allow_methods] == "GET,HEAD,PUT,PATCH,POST,DELETE");
    CHECK(r[field::access_control_allow_headers] == "X-One, X-Two");
    CHECK(r[field::access_control_max_age] == "600");
    CHECK(vary(r) == "Origin, Access-Control-Request-Headers");
    CHECK(runs == 0);

    SECTION("OPTIONS without Access-Control-Request-Method is no preflight") {
        auto const plain = s.ask(verb::options, "/books", {{field::origin, "https://app.example"}});
        CHECK(plain.body() == "options");
        CHECK(allowed(plain) == "https://app.example");
        CHECK(runs == 1);
    }
    SECTION("nor is one without an origin") {
        auto const plain =
            s.ask(verb::options, "/books", {{field::access_control_request_method, "PUT"}});
        CHECK(plain.body() == "options");
    }
    SECTION("one from another origin passes without fields") {
        auto const other = s.preflight("https://other.example");
        CHECK(other.body() == "options");
        CHECK_FALSE(other.contains(field::access_control_allow_origin));
        CHECK_FALSE(other.contains(field::access_control_allow_methods));
    }
}

TEST_CASE("methods and headers of a preflight can be fixed") {
    server s{{.origins = {"https://app.example"},
              .methods = {"GET", "PUT"},
              .headers = {{"Content-Type", "X-Token"}}}};
    auto const r = s.preflight("https://app.example", "X-Other");
    CHECK(r[field::access_control_allow_methods] == "GET,PUT");
    CHECK(r[field::access_control_allow_headers] == "Content-Type,X-Token");
    CHECK_FALSE(r.contains(field::access_control_max_age));
    CHECK(vary(r) == "Origin");
}

TEST_CASE("a preflight for a private network is answered when the policy says so") {
    auto const ask = [](server& s, std::string_view origin, std::string_view asked) {
        hh::request r(verb::options, "/books", 11);
        r.insert(field::origin, origin);
        r.insert(field::access_control_request_method, "PUT");
        if (!asked.empty()) r.insert("Access-Control-Request-Private-Network", asked);
        return hh::testing::inject(s.hooks, std::move(r));
    };
    std::string_view const answer = "Access-Control-Allow-Private-Network";
    server open{{.origins = {"https://app.example"}, .private_network = true}};
    auto const r = ask(open, "https://app.example", "true");
    CHECK(r.result() == status::no_content);
    CHECK(r[answer] == "true");
    CHECK(vary(r) ==
          "Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network");
    CHECK_FALSE(ask(open, "https://app.example", "").contains(answer));
    CHECK_FALSE(ask(open, "https://app.example", "1").contains(answer));
    CHECK_FALSE(ask(open, "https://other.example", "true").contains(answer));
    CHECK_FALSE(open.get("https://app.example").contains(answer));
    server closed{{.origins = {"https://app.example"}}};
    CHECK_FALSE(ask(closed, "https://app.example", "true").contains(answer));
    CHECK(vary(ask(closed, "https://app.example", "true")) ==
          "Origin, Access-Control-Request-Headers");
}

TEST_CASE("every origin may be allowed, but never with credentials") {
    server s{{.origins = {"*"}}};
    CHECK(allowed(s.get("https://app.example")) == "*");
    CHECK(allowed(s.ask(verb::get, "/books", {})) == "*");
    CHECK(allowed(s.preflight("https://app.example")) == "*");
    CHECK(vary(s.get("https://app.example")) == "Origin");

    hh::http::cors_options options;
    options.origins = {"https://app.example", "*"};
    options.credentials = true;
    CHECK_THROWS_AS(hh::http::cors(options), std::invalid_argument);
}

TEST_CASE("a predicate may allow origins, with credentials") {
    server s{{.allow = [](std::string_view o) { return o.ends_with(".app.example"); },
              .credentials = true}};
    auto const r = s.get("https://a.app.example");
    CHECK(allowed(r) == "https://a.app.example");
    CHECK(r[field::access_control_allow_credentials] == "true");
    CHECK(s.preflight("https://a.app.example")[field::access_control_allow_credentials] == "true");
    CHECK_FALSE(s.get("https://app.example.evil").contains(field::access_control_allow_origin));
}

TEST_CASE("origins that are not allowed can be refused") {
    server s{{.origins = {"https://app.example"}, .refuse = true}};
    auto const r = s.get("https://other.example");
    CHECK(r.result() == status::forbidden);
    CHECK_FALSE(r.contains(field::access_control_allow_origin));
    CHECK(vary(r) == "Origin");
    CHECK(s.preflight("https://other.example").result() == status::forbidden);
    CHECK(s.get("https://app.example").result() == status::ok);
    CHECK(s.ask(verb::get, "/books", {}).result() == status::ok);
}

TEST_CASE("options that make no sense are refused at once") {
    for (auto const* origin :
         {"https://app.example/", "app.example", "https://App.example", "https://*.example",
          "https://", "", "https://a.example?x", "https://a b", "://a", "https://u@a.example"}) {
        INFO(origin);
        hh::http::cors_options options;
        options.origins = {origin};
        CHECK_THROWS_AS(hh::http::cors(options), std::invalid_argument);
    }
    hh::http::cors_options options;
    options.exposed_headers = {"X-A\r\nX-B: 1"};
    CHECK_THROWS_AS(hh::http::cors(options), hh::system_error);
}

TEST_CASE("a Vary of the hook's own is kept") {
    server s{{.origins = {"https://app.example"}}};
    s.hooks.get("/own", [](auto&) {
        auto r = hh::text("own");
        r.set(field::vary, "Accept");
        return r;
    });
    CHECK(vary(s.get("https://app.example", "/own")) == "Accept, Origin");
}
