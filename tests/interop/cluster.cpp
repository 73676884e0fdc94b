// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The application `cluster` of the conformance server, from outside.
*/

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "interop/cluster_client.hpp"
#include "interop/running_server.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"

using conformance::cluster_client;
using nlohmann::json;

namespace {

/// A server, and clients in some rooms.
struct crowd {
    conformance::server server{
        nullptr, {"--app", "cluster", "--ping-interval-ms", "60000", "--ping-timeout-ms", "20000"}};
    cluster_client a{server.port(), "&rooms=ab,all&name=anna"};
    cluster_client b{server.port(), "&rooms=ab,all&name=ben"};
    cluster_client c{server.port(), "&rooms=all"};
    cluster_client other{server.port(), "&rooms=all", "/other"};

    /// Which of them got an event, as the next thing.
    std::string who(json const& event) {
        std::string got;
        std::pair<cluster_client&, char> const all[] = {{a, 'a'}, {b, 'b'}, {c, 'c'}, {other, 'o'}};
        for (auto const& [each, letter] : all) {
            each.ask("bcast", json::array({each.id()}), json::array(), json::array(),
                     json::array({"mark"}));
            json next = each.event();
            if (next == event) {
                got.push_back(letter);
                next = each.event();
            }
            CHECK(next == json::array({"mark"}));
        }
        return got;
    }
};

json const none = json::array();

json rooms(std::initializer_list<char const*> names) {
    return json(names);
}

}  // namespace

TEST_CASE("the cluster application sends events to rooms of a namespace") {
    crowd t;
    json const event{"e", 1, {{"a", true}}};
    CHECK(t.a.ask("bcast", none, none, none, event).is_null());
    CHECK(t.who(event) == "abc");
    CHECK(
        t.a.ask("bcast", rooms({"ab"}), none, rooms({"local", "compress:false"}), event).is_null());
    CHECK(t.who(event) == "ab");
    CHECK(t.a.ask("bcast", rooms({"all"}), rooms({"ab"}), none, event).is_null());
    CHECK(t.who(event) == "c");
    CHECK(t.a.ask("from-me", rooms({"all"}), event).is_null());
    CHECK(t.who(event) == "bc");
    CHECK(t.other.ask("bcast", none, none, rooms({"volatile"}), event).is_null());
    CHECK(t.who(event) == "o");
}

TEST_CASE("the cluster application takes bytes into events") {
    crowd t;
    t.a.send(R"(451-0["bcast",["ab"],[],[],["e",{"_placeholder":true,"num":0}]])");
    t.a.send("\x01\x02", 2);
    CHECK(t.b.next() == R"(451-["e",{"_placeholder":true,"num":0}])");
    CHECK(t.b.next() == "\x01\x02");
}

TEST_CASE("the cluster application asks clients") {
    crowd t;
    t.a.send(R"(420["ask",["all"],20000,["answer me",7]])");
    for (auto* const each : {&t.c, &t.b, &t.a}) {
        CHECK(each->event() == json({"answer me", 7}));
        each->answer(each == &t.a ? json(3) : each == &t.b ? json{{"b", 1}} : json(1));
    }
    CHECK(t.a.next() == R"(430[[null,[1,3,{"b":1}]]])");
    CHECK(t.a.ask("ask", rooms({"nobody"}), 20'000, json{"x"}) == json({nullptr, none}));
    CHECK(t.b.ask("ask", rooms({"ab"}), 1, json{"x"}) == json({"operation has timed out", none}));
}

TEST_CASE("the cluster application tells of sockets, and moves them") {
    crowd t;
    json const all = t.a.ask("fetch", rooms({"ab"}));
    REQUIRE(all.size() == 2);
    CHECK(all.at(0).at("id") < all.at(1).at("id"));
    json const& anna = all.at(all.at(0).at("id") == t.a.id() ? 0 : 1);
    auto in = json::array({t.a.id(), "ab", "all"});
    std::sort(in.begin(), in.end());
    CHECK(anna ==
          json{{"id", t.a.id()}, {"rooms", in}, {"data", {{"name", "anna"}}}, {"name", "anna"}});
    CHECK(t.c.ask("fetch", json::array({t.c.id()})).at(0).at("data") == json{{"name", nullptr}});

    CHECK(t.a.ask("join", json::array({t.c.id()}), rooms({"d", "e"})).is_null());
    CHECK(t.a.ask("ids", rooms({"d", "e"})) == json::array({t.c.id()}));
    CHECK(t.a.ask("leave", none, rooms({"e"})).is_null());
    CHECK(t.a.ask("ids", rooms({"e"})) == none);
    CHECK(t.a.ask("ids", none).size() == 3);
    CHECK(t.a.ask("kick", rooms({"d"}), false).is_null());
    CHECK(t.c.next() == "41");
    CHECK(t.a.ask("kick", json::array({t.b.id()}), true).is_null());
    CHECK(t.b.next() == "41");
    CHECK(t.b.next() == "<end>");
}

TEST_CASE("the cluster application tells other servers, of which there are none") {
    crowd t;
    CHECK(t.a.ask("tell", json{"note", 1}).is_null());
    CHECK(t.a.ask("poll", json{"who", 1}) == json({nullptr, none}));
    json const event{"e"};
    CHECK(t.a.ask("bcast", none, none, none, event).is_null());
    CHECK(t.who(event) == "abc");
}

TEST_CASE("servers with the same key are one over PostgreSQL") {
    if (!support::postgres_server::installed()) return;
    support::postgres_server const store;
    std::string const where = store.conninfo();
    auto const arguments = {
        std::string("--app"),         std::string("cluster"),    std::string("--cluster"),
        std::string("postgres"),      std::string("--postgres"), where,
        std::string("--cluster-key"), std::string("My key"),     std::string("--ping-interval-ms"),
        std::string("60000")};
    conformance::server first(nullptr, arguments), second(nullptr, arguments);
    cluster_client a(first.port(), "&rooms=all&name=anna");
    cluster_client b(second.port(), "&rooms=all&name=ben");
    json const both{nullptr, {1}};
    CHECK(support::eventually([&] { return a.ask("poll", json{"who", 1}) == both; }));
    CHECK(support::eventually([&] { return b.ask("poll", json{"who", 1}) == both; }));
    CHECK(a.ask("bcast", rooms({"all"}), none, none, json{"e", 1}).is_null());
    CHECK(a.event() == json({"e", 1}));
    CHECK(b.event() == json({"e", 1}));
    CHECK(a.ask("ids", none).size() == 2);
    b.send(R"(451-0["bcast",[],[],[],["e",{"_placeholder":true,"num":0}]])");
    b.send("\x01\x02", 2);
    CHECK(a.next() == R"(451-["e",{"_placeholder":true,"num":0}])");
    CHECK(a.next() == "\x01\x02");
    CHECK(store.ask("SELECT count(*) FROM my_key_attachments") == "1");
}
