// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/memory_adapter.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/processor_time.hpp"

using namespace std::chrono_literals;
namespace hh = httphooks;
namespace sio = httphooks::socketio;
using nlohmann::json;

namespace {

/// A namespace that notes what it is told.
class notebook final : public sio::adapter_context {
public:
    std::string const& name() const noexcept override { return name_; }
    std::shared_ptr<sio::detail::encoded_delivery const> encode(sio::delivery d) override {
        ++encoded;
        hh::engineio::prepared_message frames(d.data->text);
        return std::make_shared<sio::detail::encoded_delivery const>(
            sio::detail::encoded_delivery{std::move(d), std::move(frames)});
    }
    void tell(sio::room_event what, std::string_view room, std::string_view id) noexcept override {
        rooms.push_back(std::to_string(static_cast<int>(what)) + std::string(room) + ' ' +
                        std::string(id));
    }
    bool tells_rooms() const noexcept override { return true; }
    void server_side_event(sio::packet_data const&,
                           std::function<void(sio::packet_data const&)>) override {}
    void failed(std::exception_ptr) noexcept override {}
    void dropped(std::string_view) noexcept override {}
    sio::options const& options() const noexcept override { return options_; }
    hh::http::detail::home const& place() const noexcept override { return home_; }
    std::shared_ptr<sio::adapter_context> keep() noexcept override { return nullptr; }
    std::shared_ptr<void> share(std::function<std::shared_ptr<void>()> const& make) override {
        return make();
    }
    std::uint64_t next_ack() noexcept override { return 0; }

    int encoded = 0;
    std::vector<std::string> rooms{};

private:
    std::string name_ = "/";
    sio::options options_{};
    hh::asio::io_context context_{1};
    hh::http::detail::home home_{context_.get_executor()};
};

class fake_socket final : public sio::local_socket {
public:
    fake_socket(std::string id, hh::http::detail::home h)
        : id_(std::move(id)), home_(std::move(h)) {}

    std::string const& id() const noexcept override { return id_; }
    hh::http::detail::home const& place() const noexcept override { return home_; }
    void deliver(sio::detail::encoded_delivery const& d) override {
        got.push_back(d.what.data->text);
        if (d.what.id) d.what.on_ack(id_);
    }
    void disconnect_later(bool close) override { got.push_back(close ? "close" : "disconnect"); }
    sio::socket_description describe() override { return {id_, {}, {}, data}; }

    std::vector<std::string> got{};
    json data = 7;

private:
    std::string id_;
    hh::http::detail::home home_;
};

struct adapter_fixture {
    explicit adapter_fixture(sio::options const& o = {}) : adapter(book, o) {}

    std::shared_ptr<fake_socket> socket(std::string id, std::vector<std::string> const& rooms = {},
                                        hh::asio::io_context* where = nullptr) {
        auto s = std::make_shared<fake_socket>(
            std::move(id), hh::http::detail::home((where ? *where : context).get_executor()));
        adapter.admit(s);
        CHECK(adapter.enlist(s, {}));
        CHECK(adapter.add_all(s, rooms));
        return s;
    }
    void run() {
        context.restart();
        context.run();
    }
    /// Broadcasts, and lets it arrive.
    void broadcast(std::string text, sio::broadcast_options const& o = {}) {
        adapter.broadcast({std::move(text), {}}, o);
        run();
    }

    hh::asio::io_context context{1};
    notebook book{};
    sio::memory_adapter adapter;
};

sio::broadcast_options to(std::vector<std::string> rooms, std::vector<std::string> except = {}) {
    return {std::move(rooms), std::move(except), {}};
}

}  // namespace

TEST_CASE("a socket is in the rooms that it joined, and in that of its id") {
    adapter_fixture f;
    auto const s = f.socket("s", {"a", "b", "a"});
    CHECK(f.adapter.socket_rooms(*s) == std::vector<std::string>{"s", "a", "b"});
    f.adapter.del(s, "a");
    f.adapter.del(s, "never joined");
    CHECK(f.adapter.socket_rooms(*s) == std::vector<std::string>{"s", "b"});
    f.adapter.del(s, "s");
    CHECK(f.adapter.socket_rooms(*s) == std::vector<std::string>{"b"});
    CHECK(f.adapter.room_count() == 1);
    f.adapter.del_all(s);
    CHECK(f.adapter.socket_rooms(*s).empty());
    CHECK(f.adapter.room_count() == 0);
    CHECK(f.adapter.size() == 0);
}

TEST_CASE("a socket that has left the room of its id may join it again") {
    adapter_fixture f;
    auto const s = f.socket("s", {"a"});
    f.adapter.del(s, "s");
    f.broadcast("[1]", to({"s"}));
    std::vector<std::string> const own{"s"};
    CHECK(f.adapter.add_all(s, own));
    CHECK(f.adapter.add_all(s, own));
    f.broadcast("[2]", to({"s"}));
    CHECK(s->got == std::vector<std::string>{"[2]"});
    CHECK(f.adapter.socket_rooms(*s) == std::vector<std::string>{"s", "a"});
    CHECK(f.book.rooms ==
          std::vector<std::string>{"0s s", "1s s", "0a s", "1a s", "2s s", "3s s", "0s s", "1s s"});
}

TEST_CASE("a socket that takes the id of an older one is found by it, also when that goes") {
    adapter_fixture f;
    auto old = f.socket("s", {"a"});
    auto const s = f.socket("s", {"a"});
    CHECK(f.adapter.find("s") == s);
    f.adapter.del_all(old);
    old.reset();
    CHECK(f.adapter.find("s") == s);
    f.broadcast("[1]", to({"s"}));
    f.broadcast("[2]", to({"a"}));
    f.broadcast("[3]", to({}, {"s"}));
    CHECK(s->got == std::vector<std::string>{"[1]", "[2]"});
    f.adapter.del_all(s);
    CHECK(f.adapter.find("s") == nullptr);
    CHECK(f.adapter.size() == 0);
}

TEST_CASE("an event for a room may be of use while it has members, or is kept for them") {
    adapter_fixture f;
    auto const s = f.socket("s", {"a"});
    CHECK((f.adapter.may_reach("a") && f.adapter.may_reach("s")));
    CHECK_FALSE(f.adapter.may_reach("b"));
    f.adapter.del_all(s);
    CHECK_FALSE((f.adapter.may_reach("a") || f.adapter.may_reach("s")));
    sio::options o;
    o.recovery.emplace();
    adapter_fixture keeping(o);
    CHECK(keeping.adapter.may_reach("b"));
}

TEST_CASE("a socket that has left joins nothing") {
    adapter_fixture f;
    auto const s = f.socket("s");
    f.adapter.del_all(s);
    std::vector<std::string> const rooms{"a"};
    CHECK_FALSE(f.adapter.add_all(s, rooms));
    CHECK(f.adapter.room_count() == 0);
    CHECK(f.adapter.enlist(s, {}));
    CHECK(f.adapter.size() == 0);
}

TEST_CASE("a broadcast is encoded once, and reaches each socket once") {
    adapter_fixture f;
    auto const a = f.socket("a", {"x", "y"});
    auto const b = f.socket("b", {"y"});
    auto const c = f.socket("c");
    f.broadcast("[1]");
    f.broadcast("[2]", to({"x", "y"}));
    f.broadcast("[3]", to({"y"}, {"x"}));
    f.broadcast("[4]", to({}, {"b"}));
    f.broadcast("[5]", to({"c", "b"}, {"c"}));
    f.broadcast("[6]", to({"nobody"}));
    CHECK(a->got == std::vector<std::string>{"[1]", "[2]", "[4]"});
    CHECK(b->got == std::vector<std::string>{"[1]", "[2]", "[3]", "[5]"});
    CHECK(c->got == std::vector<std::string>{"[1]", "[4]"});
    CHECK(f.book.encoded == 5);
}

TEST_CASE("a socket that is not connected yet gets nothing, but is in its rooms") {
    adapter_fixture f;
    auto const s =
        std::make_shared<fake_socket>("s", hh::http::detail::home(f.context.get_executor()));
    f.adapter.admit(s);
    std::vector<std::string> const rooms{"a"};
    CHECK(f.adapter.add_all(s, rooms));
    f.broadcast("[1]", to({"a"}));
    f.broadcast("[1]");
    CHECK(s->got.empty());
    CHECK(f.adapter.socket_rooms(*s) == rooms);
    CHECK(f.adapter.enlist(s, {}));
    f.broadcast("[2]", to({"a"}));
    CHECK(s->got == std::vector<std::string>{"[2]"});
}

TEST_CASE("rooms come and go, and are told of") {
    adapter_fixture f;
    auto const s = f.socket("s", {"a"});
    auto const t = f.socket("t", {"a"});
    f.adapter.del(s, "a");
    f.adapter.del_all(t);
    CHECK(f.book.rooms == std::vector<std::string>{"0s s", "1s s", "0a s", "1a s", "0t t", "1t t",
                                                   "1a t", "2a s", "2a t", "3a t", "2t t", "3t t"});
}

TEST_CASE("many sockets join and leave in any order") {
    adapter_fixture f;
    std::vector<std::shared_ptr<fake_socket>> all;
    for (int i = 0; i < 50; ++i) {
        std::vector<std::string> rooms{"all"};
        for (int r = 1; r < 6; ++r)
            if (i % r == 0) rooms.push_back("r" + std::to_string(r));
        all.push_back(f.socket("s" + std::to_string(i), rooms));
    }
    for (int i = 0; i < 50; i += 3) f.adapter.del_all(all[static_cast<std::size_t>(i)]);
    for (int i = 1; i < 50; i += 3) f.adapter.del(all[static_cast<std::size_t>(i)], "r2");
    f.broadcast("[2]", to({"r2"}));
    f.broadcast("[5]", to({"r5"}, {"r2"}));
    for (int i = 0; i < 50; ++i) {
        bool const left = i % 3 == 0;
        bool const in_two = !left && i % 2 == 0 && i % 3 != 1;
        bool const in_five = !left && i % 5 == 0 && !in_two;
        std::vector<std::string> expected;
        if (in_two) expected.push_back("[2]");
        if (in_five) expected.push_back("[5]");
        CHECK(all[static_cast<std::size_t>(i)]->got == expected);
    }
    CHECK(f.adapter.local_sockets(to({"all"})).size() == f.adapter.size());
    CHECK(f.adapter.find("s1") == all[1]);
    CHECK(f.adapter.find("s3") == nullptr);
}

TEST_CASE("rooms that sockets join and leave at random have the members that they should have") {
    adapter_fixture f;
    using names = std::vector<std::string>;
    std::vector<std::shared_ptr<fake_socket>> sockets;
    std::vector<names> joined(6);
    for (std::size_t i = 0; i < joined.size(); ++i)
        sockets.push_back(f.socket("s" + std::to_string(i)));
    std::minstd_rand chance(7);
    for (int step = 0; step < 3000; ++step) {
        std::size_t const i = chance() % joined.size();
        // the first socket is in many rooms, the others are in few
        std::string const room = "r" + std::to_string(chance() % (i == 0 ? 40 : 5));
        auto const at = std::ranges::find(joined[i], room);
        bool const in = at != joined[i].end();
        if (chance() % 3 != 0) {
            CHECK(f.adapter.add_all(sockets[i], names{room}));
            if (!in) joined[i].push_back(room);
        } else {
            f.adapter.del(sockets[i], room);
            if (in) joined[i].erase(at);
        }
        if (step % 100 != 0) continue;
        for (std::size_t k = 0; k < joined.size(); ++k) {
            names expected = joined[k];
            expected.insert(expected.begin(), sockets[k]->id());
            REQUIRE(f.adapter.socket_rooms(*sockets[k]) == expected);
        }
        for (int r = 0; r < 40; ++r) {
            std::string const name = "r" + std::to_string(r);
            names expected, found;
            for (std::size_t k = 0; k < joined.size(); ++k)
                if (std::ranges::find(joined[k], name) != joined[k].end())
                    expected.push_back(sockets[k]->id());
            for (auto const& s : f.adapter.local_sockets(to({name}))) found.push_back(s->id());
            std::ranges::sort(found);
            REQUIRE(found == expected);
        }
    }
    for (auto const& s : sockets) f.adapter.del_all(s);
    CHECK(f.adapter.room_count() == 0);
}

TEST_CASE("a client in very many rooms takes no more than its part of the time") {
    sio::options o;
    o.recovery.emplace();
    o.max_rooms = 40'000;
    adapter_fixture f(o);
    std::vector<std::string> rooms;
    for (std::size_t i = 0; i < o.max_rooms; ++i) rooms.push_back("room " + std::to_string(i));
    double const begin = support::processor_seconds();
    auto const other = f.socket("other", rooms);
    auto s = f.socket("s", rooms);
    CHECK(f.adapter.add_all(s, rooms));
    f.broadcast("[0]");
    auto const offset = nlohmann::json::parse(s->got.at(0))[1].get<std::string>();
    f.adapter.persist_session({"s", "pid", f.adapter.socket_rooms(*s), 5, {}});
    f.adapter.del_all(other);
    f.adapter.del_all(s);
    CHECK(f.adapter.room_count() == 0);
    for (int i = 0; i < 1000; ++i)
        f.broadcast("[1]", to({"a", "b", i == 0 ? rooms.back() : "c"}, {"d"}));
    std::optional<sio::session_state> found;
    f.adapter.restore_session("pid", offset, [&](auto got) { found = std::move(got); });
    REQUIRE(found);
    CHECK(found->missed.size() == 1);
    // some 10^5 steps; with the rooms one by one 10^9
    CHECK(support::processor_seconds() - begin < 5);
}

TEST_CASE("sockets are fetched, told to leave, and answer") {
    adapter_fixture f;
    auto const a = f.socket("a", {"x"});
    auto const b = f.socket("b", {"x"});
    std::vector<std::string> ids;
    f.adapter.fetch_sockets(to({"x"}), [&](hh::error_code, std::vector<sio::socket_description> v) {
        for (auto const& d : v) ids.push_back(d.id + d.data.get().dump());
    });
    f.run();
    CHECK(ids == std::vector<std::string>{"a7", "b7"});
    std::vector<std::string> const rooms{"y"};
    f.adapter.add_sockets(to({"a"}), rooms);
    CHECK(f.adapter.local_sockets(to({"y"})).size() == 1);
    f.adapter.del_sockets({}, rooms);
    CHECK(f.adapter.local_sockets(to({"y"})).empty());
    std::size_t clients = 0;
    std::vector<std::string> answers;
    f.adapter.broadcast_with_ack(
        {"[1]", {}}, 3, to({"x"}), [&](std::size_t n) { clients = n; },
        [&](nlohmann::json v) { answers.push_back(v.get<std::string>()); });
    f.run();
    CHECK(clients == 2);
    CHECK(answers == std::vector<std::string>{"a", "b"});
    f.adapter.disconnect_sockets(to({"b"}), true);
    CHECK(a->got.back() == "[1]");
    CHECK(b->got.back() == "close");
}

TEST_CASE("sockets of several loops are written as one array, with their bytes") {
    adapter_fixture f;
    hh::asio::io_context other{1};
    std::optional<sio::packet_data> got;
    auto const write = [&] {
        got.reset();
        f.adapter.write_sockets({}, [&](sio::packet_data all) { got = std::move(all); });
        other.restart();
        other.run();
        f.run();
        REQUIRE(got);
        return sio::detail::payload_to_json(*got);
    };
    CHECK(write() == json::array());
    std::vector<std::shared_ptr<fake_socket>> all;
    for (int i = 0; i < 6; ++i) {
        all.push_back(f.socket("s" + std::to_string(i), {}, i % 2 ? &other : nullptr));
        auto const byte = static_cast<std::uint8_t>(i);
        if (i > 1) all.back()->data = json{{"b", json::binary({byte})}};
    }
    for (bool const bytes_at_both : {true, false}) {
        auto const array = write();
        REQUIRE(array.size() == 6);
        CHECK(got->attachments.size() == (bytes_at_both ? 4u : 2u));
        for (auto const& each : array) {
            std::string const id = each.at("id");
            CAPTURE(id);
            CHECK(each.at("rooms") == json::array());
            CHECK(each.at("data") == all[static_cast<std::size_t>(id[1] - '0')]->data);
        }
        for (std::size_t i = 1; i < 6; i += 2) all[i]->data = nullptr;
    }
}

TEST_CASE("with recovery a broadcast has an offset, and what was missed is known by it") {
    sio::options o;
    o.recovery.emplace();
    adapter_fixture f(o);
    CHECK(f.adapter.recovers());
    auto const s = f.socket("s", {"a"});
    f.broadcast("[\"e\"]");
    REQUIRE(s->got.size() == 1);
    auto const offset = nlohmann::json::parse(s->got[0])[1].get<std::string>();
    sio::broadcast_options quick;
    quick.flags.volatile_ = true;
    f.broadcast("[\"volatile\"]", quick);
    CHECK(s->got.back() == "[\"volatile\",\"" + offset + "\"]");
    f.adapter.persist_session({"s", "pid", f.adapter.socket_rooms(*s), 5, {}});
    f.adapter.del_all(s);
    f.broadcast("[1]");
    f.broadcast("[2]", to({"a"}));
    f.broadcast("[3]", to({"b"}));
    f.broadcast("[4]", to({}, {"a"}));
    f.broadcast("[5]", to({"s"}));
    f.broadcast("[6]", quick);
    std::optional<sio::session_state> found;
    f.adapter.restore_session("pid", offset, [&](auto got) { found = std::move(got); });
    REQUIRE(found);
    CHECK(found->sid == "s");
    CHECK(found->data == 5);
    CHECK(found->rooms == std::vector<std::string>{"s", "a"});
    std::string missed;
    for (auto const& m : found->missed) missed += m.text.substr(0, 3);
    CHECK(missed == "[1,[2,[5,");
    f.adapter.restore_session("pid", offset, [&](auto got) { found = std::move(got); });
    CHECK_FALSE(found);
}

TEST_CASE("what is broadcast between restore and enlist is delivered by enlist") {
    sio::options o;
    o.recovery.emplace();
    o.recovery->max_packets = 6;
    adapter_fixture f(o);
    auto const s = f.socket("s", {"a"});
    f.broadcast("[0]");
    auto const offset = nlohmann::json::parse(s->got[0])[1].get<std::string>();
    f.adapter.persist_session({"s", "pid", f.adapter.socket_rooms(*s), 5, {}});
    f.adapter.del_all(s);
    f.broadcast("[1]");
    std::optional<sio::session_state> found;
    f.adapter.restore_session("pid", offset, [&](auto got) { found = std::move(got); });
    REQUIRE(found);
    CHECK(found->missed.size() == 1);
    CHECK(found->offset != offset);
    auto const t =
        std::make_shared<fake_socket>("s", hh::http::detail::home(f.context.get_executor()));
    f.adapter.admit(t);
    std::vector<std::string> const rooms{"s", "b"};
    CHECK(f.adapter.add_all(t, rooms));
    f.broadcast("[2]", to({"a"}));
    f.broadcast("[3]", to({"b", "s"}));
    f.broadcast("[4]", to({}, {"b"}));
    f.broadcast("[5]", to({"s"}));
    CHECK(t->got.empty());
    SECTION("in order, once, as far as it is for the socket's rooms") {
        CHECK(f.adapter.enlist(t, &*found));
        f.broadcast("[6]");
        std::string got;
        for (auto const& text : t->got) got += text.substr(0, 3);
        CHECK(got == "[3,[5,[6,");
    }
    SECTION("when it is all known") {
        f.broadcast("[6]");
        f.broadcast("[7]");
        CHECK(f.adapter.enlist(t, &*found));
        CHECK(t->got.size() == 4);
    }
    SECTION("else the socket is not there") {
        for (int i = 6; i < 9; ++i) f.broadcast("[" + std::to_string(i) + "]");
        CHECK_FALSE(f.adapter.enlist(t, &*found));
        f.broadcast("[9]");
        CHECK(t->got.empty());
        CHECK(f.adapter.size() == 0);
    }
}

TEST_CASE("who has got all that was sent may have got it long ago") {
    using clock = std::chrono::steady_clock;
    auto const now = clock::now();
    sio::recovery_options o;
    sio::detail::recovery_log log(o);
    auto const later = now + o.max_disconnection + 1ms;
    auto const packet = [](char const* text) {
        sio::packet_data data;
        data.text = text;
        return data;
    };
    CHECK(log.newest() == 0);
    auto const nothing = log.offset_of(0);
    CHECK(nlohmann::json::parse(log.mark(packet("[\"v\"]"))->text).back() == nothing);
    log.add(packet("[1]"), {}, now);
    log.add(packet("[2]"), {}, now);
    auto const one = log.offset_of(1);
    auto const two = log.offset_of(2);
    sio::session_state left;
    left.sid = "s";
    left.pid = "pid";
    left.rooms = {"s"};
    left.sent = two;
    std::string missed;
    auto const come_back = [&](std::string const& offset) {
        auto found = log.restore("pid", offset, later + 1ms);
        if (!found) return false;
        for (auto const& m : found->missed) missed += m.text.substr(0, 3);
        left.offset = found->offset;
        left.sent = found->sent;
        return true;
    };
    SECTION("it comes back") {
        log.persist(left, later);
        CHECK(log.packets() == 0);
        log.add_for("s", packet("[3]"), later);
        log.add(packet("[4]"), {}, later);
        CHECK(come_back(two));
        CHECK(missed == "[3,[4,");
        CHECK(left.sent == log.offset_of(4));
        CHECK(left.offset == log.offset_of(4));
    }
    SECTION("one that missed something that is forgotten does not") {
        log.persist(left, later);
        CHECK_FALSE(come_back(one));
    }
    SECTION("nor one that claims what was never sent") {
        log.persist(left, later);
        CHECK_FALSE(come_back(log.offset_of(3)));
    }
    SECTION("one that was sent nothing that is kept comes back") {
        left.sent.clear();
        log.persist(left, later);
        CHECK(come_back(nothing));
        CHECK(missed.empty());
    }
    SECTION("one that was restored, and has got nothing since, loses nothing") {
        left.sent.clear();
        log.persist(left, later);
        CHECK(come_back(nothing));
        log.add(packet("[3]"), {}, later);
        log.persist(left, later);
        CHECK(come_back(nothing));
        CHECK(missed == "[3,");
    }
}

TEST_CASE("with recovery an event for one socket finds it in whatever rooms it is") {
    sio::options o;
    o.recovery.emplace();
    adapter_fixture f(o);
    auto const s = f.socket("s");
    auto const t = f.socket("t");
    f.adapter.del(s, "s");
    auto const send = [&](std::string text, bool quick = false) {
        sio::packet_data data;
        data.text = std::move(text);
        sio::broadcast_flags flags;
        flags.volatile_ = quick;
        f.adapter.send(s, std::move(data), flags);
    };
    send("[1]");
    send("[2]", true);
    f.broadcast("[3]", to({"s"}));
    f.broadcast("[4]", to({}, {"s"}));
    REQUIRE(s->got.size() == 2);
    auto const offset = nlohmann::json::parse(s->got[0]).back();
    CHECK(nlohmann::json::parse(s->got[1]).back() == offset);
    CHECK(t->got.size() == 1);
    f.adapter.persist_session({"s", "pid", f.adapter.socket_rooms(*s), {}, {}, {}, {}});
    f.adapter.del_all(s);
    f.broadcast("[5]", to({"s"}));
    f.broadcast("[6]", to({}, {"s"}));
    f.broadcast("[7]");
    std::optional<sio::session_state> found;
    f.adapter.restore_session("pid", offset.get<std::string>(),
                              [&](auto got) { found = std::move(got); });
    REQUIRE(found);
    REQUIRE(found->missed.size() == 1);
    CHECK(found->missed[0].text.starts_with("[7,"));
    auto const again =
        std::make_shared<fake_socket>("s", hh::http::detail::home(f.context.get_executor()));
    f.adapter.admit(again);
    f.broadcast("[8]", to({"s"}));
    CHECK(f.adapter.enlist(again, &*found));
    f.broadcast("[9]", to({"s"}));
    CHECK(again->got.empty());
    CHECK(f.adapter.socket_rooms(*again).empty());
}

TEST_CASE("what is kept for recovery has limits") {
    using clock = std::chrono::steady_clock;
    auto const now = clock::now();
    sio::recovery_options o;
    o.max_packets = 3;
    o.max_sessions = 2;
    sio::detail::recovery_log log(o);
    auto const add = [&](std::string text, clock::time_point at) {
        auto const p = log.add({std::move(text), {}}, {}, at);
        return nlohmann::json::parse(p->text).back().get<std::string>();
    };
    auto const first = add("[0]", now);
    auto const second = add("[1]", now);
    add("[2]", now);
    add("[3]", now);
    CHECK(log.packets() == 3);
    // of a socket that was sent all of them
    auto const last = log.offset_of(log.newest());
    log.persist({"a", "1", {"a"}, {}, {}, {}, last}, now);
    log.persist({"b", "2", {"b"}, {}, {}, {}, last}, now);
    log.persist({"c", "3", {"c"}, {}, {}, {}, last}, now);
    CHECK(log.sessions() == 2);
    CHECK_FALSE(log.restore("1", second, now));
    add("[4]", now);
    CHECK_FALSE(log.restore("2", first, now));
    auto const found = log.restore("3", second, now);
    REQUIRE(found);
    CHECK(found->missed.size() == 3);
    log.persist({"d", "4", {"d"}, {}, {}}, now);
    CHECK_FALSE(log.restore("4", second, now + o.max_disconnection + 1ms));
    CHECK(log.sessions() == 0);
    CHECK(log.packets() == 0);
    o.max_bytes = 1;
    sio::detail::recovery_log small(o);
    small.add({"[1]", {}}, {}, now);
    CHECK(small.packets() == 0);
}
