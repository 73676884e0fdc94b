// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/form_data.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/processor_time.hpp"

namespace {

namespace hh = httphooks;
using hh::field;
using hh::verb;

constexpr std::string_view urlencoded = "application/x-www-form-urlencoded";
constexpr std::string_view multipart_type = "multipart/form-data; boundary=b";

hh::error_code form_failure(std::string_view type, std::string_view body,
                            hh::form_limits const& limits = {}) {
    auto const r = hh::form_data::parse(type, body, limits);
    return r ? hh::error_code() : r.error();
}

std::string form_part(std::string_view disposition, std::string_view content) {
    return "--b\r\nContent-Disposition: " + std::string(disposition) + "\r\n\r\n" +
           std::string(content) + "\r\n";
}

struct form_server : hh::test::fixture {
    form_server() {
        hooks.post("/", [](auto& c) {
            auto const form = c.form({.fields = 3, .value_bytes = 100});
            return hh::text(form["name"], " has ", form.all("pet").size());
        });
    }
    hh::response post(std::string_view type, std::string body) {
        auto r = hh::test::make_request(verb::post, "/", std::move(body));
        if (!type.empty()) r.set(field::content_type, type);
        return send(std::move(r));
    }
};

}  // namespace

TEST_CASE("a form's fields are decoded") {
    auto const form =
        hh::form_data::parse(urlencoded, "name=J%C3%BCrgen+M.&pet=cat&pet=d%6fg&flag&&x=");
    REQUIRE(form.has_value());
    CHECK(form->size() == 5);
    CHECK((*form)["name"] == "J\xc3\xbcrgen M.");
    CHECK((*form)["pet"] == "cat");
    CHECK(form->all("pet") == std::vector<std::string_view>{"cat", "dog"});
    CHECK(form->has("flag"));
    CHECK((*form)["flag"].empty());
    CHECK(form->has("x"));
    CHECK_FALSE(form->has("y"));
    CHECK((*form)["y"].empty());
    CHECK(form->file("name") == nullptr);
}

TEST_CASE("a malformed escape in a form stays, and bytes that are not UTF-8 do") {
    auto const form =
        hh::form_data::parse("Application/X-WWW-Form-Urlencoded ; charset=x", "a=%zz%f&b=%ff%00");
    REQUIRE(form.has_value());
    CHECK((*form)["a"] == "%zz%f");
    CHECK((*form)["b"] == std::string_view("\xff\0", 2));
}

TEST_CASE("a multipart form has fields and files") {
    std::string const body =
        form_part("form-data; name=\"user\"", "J\xc3\xbcrgen") +
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../a.txt\"\r\n"
        "Content-Type: text/plain\r\n\r\nline 1\r\nline 2\r\n" +
        form_part("form-data; name=\"file\"", "no file") + "--b--";
    auto form = hh::form_data::parse(multipart_type, body);
    REQUIRE(form.has_value());
    auto const moved = std::move(*form);
    CHECK(moved.size() == 3);
    CHECK(moved["user"] == "J\xc3\xbcrgen");
    CHECK(moved["file"] == "no file");
    auto const* const file = moved.file("file");
    REQUIRE(file);
    CHECK(file->value == "line 1\r\nline 2");
    CHECK(file->filename == "../a.txt");
    CHECK(file->content_type == "text/plain");
    CHECK(file->value.data() > body.data());
    CHECK(moved.begin()->name == "user");
}

TEST_CASE("what is no form is refused") {
    CHECK(form_failure("", "a=1") == hh::error::not_a_form);
    CHECK(form_failure("application/json", "{}") == hh::error::not_a_form);
    CHECK(form_failure("multipart/mixed; boundary=b", "--b--") == hh::error::not_a_form);
    CHECK(form_failure("multipart/form-data", "--b--") == hh::error::invalid_multipart);
    CHECK(form_failure(multipart_type, form_part("form-data; name=\"a\"", "1")) ==
          hh::error::invalid_multipart);
    CHECK(form_failure(multipart_type, form_part("form-data", "1") + "--b--") ==
          hh::error::invalid_form);
}

TEST_CASE("a form stays within its limits") {
    hh::form_limits const limits{.fields = 2, .name_bytes = 3, .value_bytes = 4};
    CHECK_FALSE(form_failure(urlencoded, "abc=1234&b=%41%41%41%41", limits));
    CHECK(form_failure(urlencoded, "a&b&c", limits) == hh::error::form_limit);
    CHECK(form_failure(urlencoded, "abcd=1", limits) == hh::error::form_limit);
    CHECK(form_failure(urlencoded, "a=12345", limits) == hh::error::form_limit);
    auto const one = form_part("form-data; name=\"a\"", "1234");
    CHECK_FALSE(form_failure(multipart_type, one + one + "--b--", limits));
    CHECK(form_failure(multipart_type, one + one + one + "--b--", limits) ==
          hh::error::multipart_limit);
    CHECK(form_failure(multipart_type, form_part("form-data; name=\"abcd\"", "") + "--b--",
                       limits) == hh::error::form_limit);
    CHECK(form_failure(multipart_type, form_part("form-data; name=\"a\"", "12345") + "--b--",
                       limits) == hh::error::form_limit);
}

TEST_CASE("a hook reads a form") {
    form_server s;
    CHECK(s.post(urlencoded, "name=Ann&pet=cat&pet=dog").body() == "Ann has 2");
    CHECK(s.post(multipart_type, form_part("form-data; name=name", "Ann") + "--b--").body() ==
          "Ann has 0");
}

TEST_CASE("a form that a hook cannot read is the client's fault") {
    form_server s;
    auto const refused = [&s](std::string_view type, std::string body, unsigned code,
                              std::string_view text) {
        auto const reply = s.post(type, std::move(body));
        CHECK(reply.result_int() == code);
        CHECK(reply.body() == text);
        CHECK(reply[field::content_type] == "application/json");
    };
    refused("", "name=Ann", 415, R"({"error":"Not a form"})");
    refused(urlencoded, "a&b&c&d", 413, R"({"error":"Form too large"})");
    refused(urlencoded, "a=" + std::string(101, 'x'), 413, R"({"error":"Form too large"})");
    refused(multipart_type, "--b", 400, R"({"error":"Malformed form"})");
}

TEST_CASE("the time to read a form is linear in its size") {
    std::string escapes = "a=";
    for (int i = 0; i < 300'000; ++i) escapes += "%41";
    std::string const separators(1'000'000, '&');
    double const before = support::processor_seconds();
    CHECK_FALSE(form_failure(urlencoded, separators));
    CHECK_FALSE(form_failure(urlencoded, escapes));
    CHECK(support::processor_seconds() - before < 1);
}
