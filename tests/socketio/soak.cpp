// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Many Socket.IO clients: those that come and go leave nothing, and those that stay are held.
*/

#include <httphooks/socketio/server.hpp>

#include <httphooks/socketio/adapter_factory.hpp>
#include <httphooks/socketio/memory_adapter.hpp>

#include "support/catch.hpp"
#include "support/raw_client.hpp"
#include "support/sanitizers.hpp"
#include "support/socketio_service.hpp"
#include "support/websocket.hpp"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <regex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace sio = httphooks::socketio;
using namespace std::chrono_literals;
using support::raw_client;
using support::socketio_service;

namespace {

std::string const polling = "/socket.io/?EIO=4&transport=polling";
std::string const websocket = "/socket.io/?EIO=4&transport=websocket";

std::string get(std::string const& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}
std::string post(std::string const& target, std::string_view body) {
    return "POST " + target +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

/// How many descriptors this process has open.
std::ptrdiff_t descriptors() {
    std::filesystem::path const all = "/proc/self/fd";
    if (!std::filesystem::exists(all)) return 0;
    return std::distance(std::filesystem::directory_iterator(all),
                         std::filesystem::directory_iterator());
}

/// How many bytes are allocated; 0 where that cannot be told.
std::size_t allocated() {
#ifdef __GLIBC__
    return support::sanitized ? 0 : mallinfo2().uordblks;
#else
    return 0;
#endif
}

/// Whether something becomes so before long.
template <class Condition>
bool becomes(Condition so) {
    auto const end = std::chrono::steady_clock::now() + 30s;
    while (!so() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return so();
}

/// Asks a server. @return what comes up to a text
std::string ask(raw_client& c, std::string_view bytes, std::string_view end) {
    c.send(bytes);
    std::string got = c.until(end);
    INFO(got);
    REQUIRE(got.find(end) != got.npos);
    return got;
}

/// The adapters that there are, and what they know.
class census {
public:
    class adapter : public sio::memory_adapter {
    public:
        adapter(sio::adapter_context& context, sio::options const& o, std::shared_ptr<census> in)
            : sio::memory_adapter(context, o), census_(std::move(in)) {
            std::lock_guard const lock(census_->mutex_);
            census_->all_.push_back(this);
        }
        void close() {
            std::lock_guard const lock(census_->mutex_);
            std::erase(census_->all_, this);
        }

    private:
        std::shared_ptr<census> census_;
    };

    std::size_t adapters() const {
        std::lock_guard const lock(mutex_);
        return all_.size();
    }
    std::size_t rooms() const { return sum(&adapter::room_count); }
    std::size_t sockets() const { return sum(&adapter::size); }

private:
    template <class F>
    std::size_t sum(F f) const {
        std::lock_guard const lock(mutex_);
        std::size_t n = 0;
        for (adapter* const a : all_) n += (a->*f)();
        return n;
    }

    mutable std::mutex mutex_{};
    std::vector<adapter*> all_{};
};

/** A server whose sockets have rooms, data, handlers, and an acknowledgement that they wait for. */
class crowd {
public:
    explicit crowd(sio::options o) : service_(with(std::move(o), counted_), 2) {
        welcome(service_.io().of("/"));
        welcome(service_.io().of(std::regex("/dyn-\\d+")));
        service_.io().use([token = token_](sio::socket const& k, sio::next const& go) {
            boost::asio::post(k.get_executor(), [go, token] { go(); });
        });
        service_.port();
        adapters_ = counted_->adapters();
        held_ = token_.use_count();
        descriptors_ = descriptors();
    }

    socketio_service& service() { return service_; }
    std::uint16_t port() { return service_.port(); }
    std::size_t sessions() { return service_.io().engine().size(); }
    std::size_t joined() const { return joined_; }
    std::size_t recovered() const { return recovered_; }
    census const& counted() const { return *counted_; }

    /// Whether all have gone, and nothing is left of them.
    bool is_empty() {
        bool const so = becomes([&] {
            return sessions() == 0 && counted_->sockets() == 0 && counted_->rooms() == 0 &&
                   counted_->adapters() == adapters_ && left_ == joined_ &&
                   token_.use_count() == held_ && descriptors() <= descriptors_ + loops;
        });
        CHECK(sessions() == 0);
        CHECK(counted_->sockets() == 0);
        CHECK(counted_->rooms() == 0);
        CHECK(counted_->adapters() == adapters_);
        CHECK(left_ == joined_);
        CHECK(disowned_ == joined_);
        CHECK(token_.use_count() == held_);
        CHECK(descriptors() <= descriptors_ + loops);
        return so;
    }

private:
    /// Descriptors of loops are opened when they are first needed.
    static constexpr std::ptrdiff_t loops = 8;

    static sio::options with(sio::options o, std::shared_ptr<census> const& counted) {
        o.cleanup_empty_child_namespaces = true;
        sio::options const inner = o;
        o.adapter = sio::make_adapter_factory<census::adapter>(inner, counted);
        return o;
    }

    void welcome(sio::nsp const& n) {
        n.on_connection([this, token = token_](sio::socket k) {
            ++joined_;
            if (k.recovered()) ++recovered_;
            k.data()["text"] = std::string(100, 'x');
            k.join("all");
            k.join("room " + std::to_string(joined_ % 50));
            k.on("echo", [k, token](sio::arguments const& a) { k.emit("echo", a); });
            k.on_disconnect([this, token](sio::disconnect_reason) { ++left_; });
            k.emit("welcome");
            k.emit("owed", [this, token](hh::error_code ec) {
                if (ec == sio::error::disconnected) ++disowned_;
            });
        });
    }

    std::shared_ptr<census> counted_ = std::make_shared<census>();
    std::shared_ptr<int> token_ = std::make_shared<int>(0);
    std::atomic<std::size_t> joined_{0};
    std::atomic<std::size_t> recovered_{0};
    std::atomic<std::size_t> left_{0};
    std::atomic<std::size_t> disowned_{0};
    std::size_t adapters_ = 0;
    long held_ = 0;
    std::ptrdiff_t descriptors_ = 0;
    socketio_service service_;
};

/// What a client needs to come back with.
struct ticket {
    std::string pid{};
    std::string offset{};

    std::string packet() const {
        return pid.empty() ? "40" : "40{\"pid\":\"" + pid + "\",\"offset\":\"" + offset + "\"}";
    }
    /// Reads it from what a server has said.
    void read(std::string_view text) {
        pid = support::text_member(text, "pid");
        std::string_view const before = "\"welcome\",\"";
        if (std::size_t const at = text.rfind(before); at != text.npos) {
            std::string_view const rest = text.substr(at + before.size());
            offset = rest.substr(0, rest.find('"'));
        }
    }
};

/// The last thing that a server says to a client that joins.
constexpr std::string_view end_of_welcome = "[\"owed\"]";

/// Opens a session that polls. @return the rest of its requests' target
std::string open(raw_client& c) {
    std::string const sid = support::text_member(ask(c, get(polling), "000}"), "sid");
    REQUIRE(sid.size() == 20);
    return polling + "&sid=" + sid;
}

/// Joins while polling.
void join_polling(raw_client& c, std::string const& target, ticket& t) {
    ask(c, post(target, t.packet()), "ok");
    std::string got;
    while (got.find(end_of_welcome) == got.npos) {
        std::string const more = ask(c, get(target), "\r\n\r\n");
        got += more;
        std::size_t const body = more.find("\r\n\r\n") + 4;
        std::size_t const length = std::stoul(more.substr(more.find("Content-Length: ") + 16));
        std::size_t have = more.size() - body;
        while (have < length) {
            std::size_t const before = got.size();
            REQUIRE(c.read(got) == support::read_end::more);
            have += got.size() - before;
        }
    }
    t.read(got);
}

/// Joins over WebSocket.
void join_websocket(raw_client& c, ticket& t) {
    t.read(ask(c, support::client_text(t.packet()), end_of_welcome));
}

/// A client of one of four kinds that joins, is in, and says nothing more.
void come(raw_client& c, std::uint16_t port, std::size_t kind, ticket& t) {
    switch (kind % 4) {
        case 0:  // over WebSocket, in two namespaces
            ask(c, support::handshake(websocket), "000}");
            join_websocket(c, t);
            ask(c, support::client_text("40/dyn-" + std::to_string(kind % 7) + ","),
                end_of_welcome);
            break;
        case 1: {  // a poll that waits
            std::string const target = open(c);
            join_polling(c, target, t);
            c.send(get(target));
            break;
        }
        case 2: {  // upgraded
            raw_client first(port);
            std::string target = open(first);
            join_polling(first, target, t);
            target.replace(target.find("polling"), 7, "websocket");
            c.send(support::handshake(target));
            ask(c, support::client_text("2probe"), "3probe");
            ask(c, support::client_text("5") + support::client_text("42[\"echo\",1]"),
                "[\"echo\",1");
            break;
        }
        default:  // joins, and is gone before it hears of it
            ask(c, post(open(c), "40"), "ok");
    }
}

/// Waves of clients; those of each are dropped while those of the next come.
void storm(crowd& all, std::vector<ticket>& tickets) {
    std::size_t const wave = 500;
    std::vector<raw_client> last;
    for (std::size_t begin = 0; begin < tickets.size(); begin += wave) {
        std::vector<raw_client> now;
        now.reserve(wave);
        for (std::size_t i = begin; i < begin + wave; ++i) {
            come(now.emplace_back(all.port()), all.port(), i, tickets[i]);
            if (last.empty()) continue;
            if (i % 2 == 0) last.back().reset();
            last.pop_back();
        }
        last = std::move(now);
    }
}

/// How many sockets clients have: each has one, and one in four another one.
std::size_t sockets_of(std::vector<ticket> const& tickets) {
    return tickets.size() + tickets.size() / 4;
}

sio::options impatient() {
    sio::options o;
    o.engine.ping_interval = 2s;
    o.engine.ping_timeout = 3s;
    return o;
}

}  // namespace

TEST_CASE("two thousand clients that are dropped and come back in storms leave nothing") {
    crowd all(impatient());
    std::vector<ticket> tickets(2'000);
    storm(all, tickets);
    CHECK(becomes([&] { return all.joined() == sockets_of(tickets); }));
    REQUIRE(all.is_empty());
    std::size_t const base = allocated();
    storm(all, tickets);
    CHECK(becomes([&] { return all.joined() == 2 * sockets_of(tickets); }));
    REQUIRE(all.is_empty());
    CHECK(allocated() < base + 1024 * 1024);
}

TEST_CASE("clients that are dropped in a storm come back as who they were") {
    sio::options o = impatient();
    o.recovery.emplace();
    crowd all(o);
    std::vector<ticket> tickets(1'000);
    storm(all, tickets);
    storm(all, tickets);
    CHECK(becomes([&] { return all.joined() == 2 * sockets_of(tickets); }));
    // but for those that had heard of nothing
    CHECK(all.recovered() == tickets.size() / 4 * 3);
    CHECK(all.is_empty());
}

TEST_CASE("ten thousand idle clients are held, and all of them reached") {
    sio::options o;
    o.engine.ping_interval = 300s;
    crowd all(o);
    std::size_t const clients = 10'000;
    std::size_t const sockets = 1'000;
    raw_client poller(all.port());
    std::vector<std::string> targets;
    ticket t;
    for (std::size_t i = sockets; i < clients; ++i) {
        targets.push_back(open(poller));
        ask(poller, post(targets.back(), "40"), "ok");
    }
    std::vector<raw_client> open_sockets;
    for (std::size_t i = 0; i < sockets; ++i) {
        raw_client& c = open_sockets.emplace_back(all.port());
        ask(c, support::handshake(websocket), "000}");
        join_websocket(c, t);
    }
    CHECK(becomes([&] { return all.joined() == clients; }));
    CHECK(all.sessions() == clients);
    CHECK(all.counted().sockets() == clients);
    CHECK(all.counted().rooms() == 51);

    all.service().io().to("all").emit("news");
    for (raw_client& c : open_sockets) REQUIRE(c.until("[\"news\"]").ends_with("[\"news\"]"));
    for (std::string const& target : targets) ask(poller, get(target), "[\"news\"]");
    for (std::string const& target : targets) ask(poller, post(target, "1"), "ok");
    open_sockets.clear();
    CHECK(all.is_empty());
}

TEST_CASE("a thousand clients whose upgrades are left half-finished leave nothing") {
    sio::options o = impatient();
    o.engine.upgrade_timeout = 1s;
    crowd all(o);
    {
        raw_client poller(all.port());
        std::vector<raw_client> probes;
        for (std::size_t i = 0; i < 1'000; ++i) {
            std::string target = open(poller);
            ask(poller, post(target, "40"), "ok");
            target.replace(target.find("polling"), 7, "websocket");
            raw_client& c = probes.emplace_back(all.port());
            c.send(support::handshake(target));
            // without a probe, with one, and with one that goes
            if (i % 3 == 0) continue;
            ask(c, support::client_text("2probe"), "3probe");
            if (i % 3 == 1) c.reset();
        }
        CHECK(becomes([&] { return all.joined() == 1'000; }));
        CHECK(becomes([&] { return all.sessions() == 0; }));
    }
    CHECK(all.is_empty());
}
