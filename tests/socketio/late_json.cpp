// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/late_json.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"

namespace sio = httphooks::socketio;
using nlohmann::json;

namespace {

std::string late_text(sio::late_json const& j) {
    sio::packet_data to;
    j.append_to(to);
    return to.text;
}

/// Counts how often it is made.
struct counting_source final : sio::detail::late_source {
    void append_to(sio::detail::payload& to) const override { to.text += "[1]"; }
    void make(json& to) const override {
        ++made_times;
        to = json::array({1});
    }
    mutable int made_times = 0;
};

}  // namespace

TEST_CASE("a late document is null, a document, or what its text says") {
    CHECK(sio::late_json().get().is_null());
    CHECK(late_text({}) == "null");
    CHECK(sio::late_json(nullptr).get().is_null());
    CHECK(late_text(7) == "7");
    CHECK(late_text(json{{"a", {1, "x"}}}) == R"({"a":[1,"x"]})");
    auto const text = sio::late_json::from_text(R"({ "b": [null], "a": 1e2 })");
    CHECK(late_text(text) == R"({ "b": [null], "a": 1e2 })");
    CHECK(text.get() == json{{"a", 100.0}, {"b", {nullptr}}});
    json const& converted = text;
    CHECK(&converted == &text.get());
    CHECK(sio::late_json::from_text("{}").get() == json::object());
    CHECK(sio::late_json::from_text("null").get().is_null());
    CHECK(sio::late_json(json::object()).get() == json::object());
}

TEST_CASE("bytes in a late document are attachments of what it is written into") {
    sio::late_json const j(json::array({json::binary({1, 2}), 3}));
    sio::packet_data to;
    j.append_to(to);
    CHECK(to.text == R"([{"_placeholder":true,"num":0},3])");
    REQUIRE(to.attachments.size() == 1);
    CHECK(to.attachments[0] == "\x01\x02");
}

TEST_CASE("a late document is made once, whoever asks") {
    auto const source = std::make_shared<counting_source>();
    sio::late_json const j(source);
    CHECK(late_text(j) == "[1]");
    CHECK(source->made_times == 0);
    std::vector<std::thread> all;
    for (int i = 0; i < 4; ++i)
        all.emplace_back([copy = j] { static_cast<void>(copy.get().size()); });
    for (auto& t : all) t.join();
    CHECK(source->made_times == 1);
    CHECK(j.get() == json::array({1}));
}
