// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/tls_cookie_keys.hpp>

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/hooks.hpp"

namespace {

namespace hh = httphooks;
using hh::field;
using hh::verb;

std::string const first_key(32, 'a');
std::string const second_key(32, 'b');

}  // namespace

TEST_CASE("a signed value can be read, and comes back") {
    hh::cookie_keys const keys({first_key});
    std::string const text = keys.sign("user", "ann.b");
    CHECK(text.starts_with("ann.b."));
    CHECK(text.size() == 6 + 43);
    CHECK(keys.verify("user", text) == "ann.b");
    CHECK(keys.verify("user", keys.sign("user", "")) == "");
    // by another program: what a release signs the next one verifies
    CHECK(text == "ann.b.iFa9JpyImyJfXJbhbgq6girpZt1MDnXVy_615gJpxhQ");
}

TEST_CASE("a signature is good for its name and its value alone") {
    hh::cookie_keys const keys({first_key});
    std::string const text = keys.sign("user", "ann");
    CHECK_FALSE(keys.verify("role", text));
    CHECK_FALSE(keys.verify("use", keys.sign("user", "ann")));
    CHECK_FALSE(keys.verify("use", "r" + text));
    CHECK_FALSE(keys.verify("user", "bob" + text.substr(3)));
    CHECK_FALSE(hh::cookie_keys({second_key}).verify("user", text));
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == 'x' ? 'y' : 'x';
        CHECK_FALSE(keys.verify("user", changed));
        CHECK_FALSE(keys.verify("user", text.substr(0, i)));
    }
    for (std::string_view const bad : {"", ".", "ann", "ann.", "ann.=", "..."})
        CHECK_FALSE(keys.verify("user", bad));
    CHECK_FALSE(keys.verify("user", text + "="));
    CHECK_FALSE(keys.verify("user", std::string(100'000, 'x') + text));
}

TEST_CASE("an encrypted value cannot be read, and comes back") {
    hh::cookie_keys const keys({first_key});
    std::string const secret("any \0 bytes; \"\n\xff", 16);
    std::string const text = keys.encrypt("user", secret);
    CHECK(text.find("bytes") == text.npos);
    CHECK_NOTHROW(hh::cookie{.name = "user", .value = text}.to_string(false));
    CHECK(keys.decrypt("user", text) == secret);
    CHECK(keys.decrypt("user", keys.encrypt("user", "")) == "");
    CHECK_THROWS_AS(keys.encrypt("user", std::string(100'000, 'x')), std::invalid_argument);

    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) CHECK(seen.insert(keys.encrypt("user", "ann")).second);
}

TEST_CASE("an encrypted value is good for its name alone, and as a whole") {
    hh::cookie_keys const keys({first_key});
    std::string const text = keys.encrypt("user", "ann");
    CHECK_FALSE(keys.decrypt("role", text));
    CHECK_FALSE(hh::cookie_keys({second_key}).decrypt("user", text));
    CHECK_FALSE(keys.verify("user", text));
    CHECK_FALSE(keys.decrypt("user", keys.sign("user", "ann")));
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == 'x' ? 'y' : 'x';
        auto const opened = keys.decrypt("user", changed);
        CHECK_FALSE(opened);
        CHECK_FALSE(keys.decrypt("user", text.substr(0, i)));
    }
    CHECK_FALSE(keys.decrypt("user", std::string(100'000, 'A')));
}

TEST_CASE("the first key signs and encrypts, all verify and decrypt") {
    hh::cookie_keys const old({first_key});
    hh::cookie_keys const both({second_key, first_key});
    hh::cookie_keys const fresh({second_key});
    CHECK(both.verify("user", old.sign("user", "ann")) == "ann");
    CHECK(both.decrypt("user", old.encrypt("user", "ann")) == "ann");
    CHECK(fresh.verify("user", both.sign("user", "ann")) == "ann");
    CHECK(fresh.decrypt("user", both.encrypt("user", "ann")) == "ann");
    CHECK_FALSE(old.verify("user", both.sign("user", "ann")));
    CHECK_FALSE(old.decrypt("user", both.encrypt("user", "ann")));
}

TEST_CASE("keys that can be guessed are refused") {
    CHECK_THROWS_AS(hh::cookie_keys({}), std::invalid_argument);
    CHECK_THROWS_AS(hh::cookie_keys({std::string(31, 'a')}), std::invalid_argument);
    CHECK_THROWS_AS(hh::cookie_keys({first_key, "secret"}), std::invalid_argument);
}

TEST_CASE("hooks set and read signed and encrypted cookies") {
    hh::test::fixture f;
    hh::cookie_keys const keys({first_key});
    f.hooks.post("/", [keys](auto& c) {
        c.set_cookie(keys.sign({.name = "theme", .value = "dark"}));
        c.set_cookie(keys.encrypt({.name = "cart", .value = "3 books"}));
    });
    f.hooks.get("/", [keys](auto& c) {
        return hh::text(keys.verify(c.request(), "theme").value_or("-"), ", ",
                        keys.decrypt(c.request(), "cart").value_or("-"));
    });
    auto const reply = f.send(verb::post, "/");
    std::string cookies;
    auto const [first, last] = reply.equal_range(field::set_cookie);
    for (auto s = first; s != last; ++s)
        cookies.append(s->value().substr(0, s->value().find(';'))).append("; ");
    auto r = hh::test::make_request(verb::get, "/");
    CHECK(f.send(r).body() == "-, -");
    r.set(field::cookie, cookies);
    CHECK(f.send(r).body() == "dark, 3 books");
    r.set(field::cookie, "theme=dark; cart=AAAA");
    CHECK(f.send(r).body() == "-, -");
}
