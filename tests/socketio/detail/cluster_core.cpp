// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/cluster_adapter.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/socketio/server.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/socketio_service.hpp"

namespace sio = httphooks::socketio;
using support::eventually;
using support::socketio_peer;
using support::socketio_service;
using list = std::vector<std::string>;

namespace {

/// What a transport keeps, played by a test.
struct played_log {
    /// Another server has sent an event.
    void pass(std::string const& event, std::string const& offset, std::string const& room = {}) {
        auto const to = link.lock();
        if (!to) return;
        sio::cluster_message m;
        m.type = sio::cluster_message_type::broadcast;
        m.uid = "another";
        m.nsp = "/";
        m.packet.text = "[\"" + event + "\"]";
        if (!room.empty()) m.to.rooms = {room};
        to->receive(std::move(m), offset);
    }
    bool has_session() {
        std::lock_guard const lock(mutex);
        return session.has_value();
    }

    std::weak_ptr<sio::cluster_link> link{};
    std::mutex mutex{};
    std::optional<sio::session_state> session{};
    /// What happens while the session is asked for.
    std::function<void(sio::session_state&)> restoring{};
};

class played_transport final : public sio::cluster_transport {
public:
    explicit played_transport(std::shared_ptr<played_log> log) : log_(std::move(log)) {}

    void open(std::weak_ptr<sio::cluster_link> to) override {
        log_->link = to;
        to.lock()->ready();
    }
    bool publish(sio::cluster_message const&) override { return false; }
    bool has_heartbeats() const override { return false; }
    bool recovers() const override { return true; }
    void persist_session(sio::session_state s) override {
        std::lock_guard const lock(log_->mutex);
        log_->session = std::move(s);
    }
    void restore_session(std::string, std::string, sio::restore_handler done) override {
        std::optional<sio::session_state> found;
        {
            std::lock_guard const lock(log_->mutex);
            found = std::exchange(log_->session, std::nullopt);
        }
        if (found) log_->restoring(*found);
        done(std::move(found));
    }
    void close() override {}

private:
    std::shared_ptr<played_log> log_;
};

/// A server whose client is away.
struct restoring_test {
    restoring_test() {
        std::optional<socketio_peer> c(std::in_place, service);
        sid = c->join();
        pid = support::text_member(c->joined(), "pid");
        log->pass("first", "10");
        CHECK(c->get() == R"(2["first","10"])");
        c.reset();
        REQUIRE(eventually([&] { return log->has_session(); }));
    }

    static sio::options settings(std::shared_ptr<played_log> const& log) {
        sio::options o;
        o.adapter = sio::cluster_adapter(
            [log](sio::adapter_context&) { return std::make_unique<played_transport>(log); });
        o.recovery.emplace();
        return o;
    }

    /// The client comes back, @return what it gets, before an event "end" that comes then
    list come_back() {
        socketio_peer c(service);
        c.send(R"(0{"pid":")" + pid + R"(","offset":"10"})");
        list all;
        while (all.empty() || (all.back() != "<end>" && !all.back().starts_with("0{")))
            all.push_back(c.get());
        log->pass("end", "999999");
        while (all.back() != "<end>" && !all.back().starts_with(R"(2["end")"))
            all.push_back(c.get());
        all.pop_back();
        return all;
    }
    std::string joined() const { return R"(0{"sid":")" + sid + R"(","pid":")" + pid + R"("})"; }

    std::shared_ptr<played_log> log = std::make_shared<played_log>();
    socketio_service service{settings(log)};
    std::string sid{};
    std::string pid{};
};

/// What a transport gives back of a session.
void has_missed(sio::session_state& s, std::string const& event, std::string const& offset,
                std::string const& upto) {
    sio::packet_data p;
    p.text = "[\"" + event + "\",\"" + offset + "\"]";
    s.missed.push_back(std::move(p));
    s.offset = upto;
}

}  // namespace

TEST_CASE("what comes for the id of a socket while it is restored is delivered") {
    restoring_test t;
    t.log->restoring = [&](sio::session_state& s) {
        has_missed(s, "missed", "11", "11");
        t.log->pass("to the id", "12", t.sid);
        t.log->pass("to another", "13", "another");
        t.log->pass("to all", "14");
    };
    CHECK(t.come_back() ==
          list{R"(2["missed","11"])", R"(2["to the id","12"])", R"(2["to all","14"])", t.joined()});
}

TEST_CASE("what comes while a client is restored comes once, if its session ends at no event") {
    restoring_test t;
    t.log->restoring = [&](sio::session_state& s) {
        t.log->pass("missed", "11");
        // 12 is an entry of another namespace, or no event
        has_missed(s, "missed", "11", "12");
        t.log->pass("later", "13");
    };
    CHECK(t.come_back() == list{R"(2["missed","11"])", R"(2["later","13"])", t.joined()});
}

TEST_CASE("a client is restored, unless more has come meanwhile than is kept") {
    constexpr int kept = 10'000;
    bool const lost = GENERATE(false, true);
    restoring_test t;
    t.log->restoring = [&](sio::session_state& s) {
        s.offset = lost ? "10" : "99999";
        for (int i = 0; i <= kept; ++i) t.log->pass("e", std::to_string(20'000 + i), "another");
        t.log->pass("last", lost ? "99999" : "100000");
    };
    list const got = t.come_back();
    // its connection is closed if it is not
    CHECK(got == (lost ? list() : list{R"(2["last","100000"])", t.joined()}));
}

TEST_CASE("the application may emit when it is told of the rooms of a socket that is restored") {
    restoring_test t;
    t.log->restoring = [](sio::session_state& s) { s.offset = "10"; };
    auto const nsp = t.service.io().of("/");
    nsp.on_room_event([&](sio::room_event what, std::string_view, std::string_view) {
        if (what == sio::room_event::join) nsp.local().emit("told");
    });
    CHECK(t.come_back() == list{R"(2["told","10"])", t.joined()});
}

TEST_CASE("offsets are compared by their length, then by their text") {
    played_transport const t(std::make_shared<played_log>());
    CHECK(t.is_newer("1", ""));
    CHECK(t.is_newer("10", "9"));
    CHECK(t.is_newer("11", "10"));
    CHECK_FALSE(t.is_newer("10", "10"));
    CHECK_FALSE(t.is_newer("9", "10"));
    CHECK_FALSE(t.is_newer("", "1"));
}
