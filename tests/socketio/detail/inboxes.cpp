// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/inboxes.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/idle_socket.hpp"

namespace asio = boost::asio;
namespace sio = httphooks::socketio;
using httphooks::http::detail::home;
using sio::detail::inboxes;

namespace {

/// A socket that does something with what it is sent.
class inbox_socket final : public support::idle_socket {
public:
    using support::idle_socket::idle_socket;

    void deliver(sio::detail::encoded_delivery const& d) override {
        got.push_back(d.what.data->text);
        if (on_delivery) std::exchange(on_delivery, nullptr)();
    }

    std::vector<std::string> got{};
    std::function<void()> on_delivery{};
};

std::shared_ptr<sio::detail::encoded_delivery const> delivery_of(std::string text) {
    httphooks::engineio::prepared_message frames(text);
    auto data = std::make_shared<sio::packet_data const>(sio::packet_data{std::move(text), {}});
    return std::make_shared<sio::detail::encoded_delivery const>(
        sio::detail::encoded_delivery{{std::move(data), {}, {}, {}, {}}, std::move(frames)});
}

}  // namespace

TEST_CASE("event loops that have nothing to deliver any more take no memory") {
    asio::io_context context(1);
    inboxes boxes;
    for (int i = 0; i < 1000; ++i) {
        home const where{asio::make_strand(context)};
        auto const s = std::make_shared<inbox_socket>(where);
        REQUIRE(boxes.put(where, {s}, delivery_of("1")));
        REQUIRE(boxes.put(where, {s}, delivery_of("2")));
        REQUIRE(boxes.size() == 1);
        boxes.empty(where);
        REQUIRE(s->got == std::vector<std::string>{"1", "2"});
        boxes.empty(where);
        REQUIRE(s.use_count() == 1);
    }
    CHECK(boxes.size() == 0);
}

TEST_CASE(
    "what is sent while an event loop delivers comes behind it, to others at their own time") {
    asio::io_context context(1);
    home const one{asio::make_strand(context)};
    home const two{asio::make_strand(context)};
    auto const a = std::make_shared<inbox_socket>(one);
    auto const b = std::make_shared<inbox_socket>(two);
    inboxes boxes;
    a->on_delivery = [&] {
        CHECK_FALSE(boxes.put(one, {a}, delivery_of("3")));
        boxes.empty(one);
        CHECK(boxes.put(two, {b}, delivery_of("3")));
        CHECK(boxes.size() == 2);
    };
    CHECK(boxes.put(one, {a}, delivery_of("1")));
    CHECK(boxes.put(one, {a}, delivery_of("2")));
    boxes.empty(one);
    CHECK(a->got == std::vector<std::string>{"1", "2", "3"});
    CHECK(b->got.empty());
    CHECK(boxes.size() == 1);
    boxes.empty(two);
    CHECK(b->got == std::vector<std::string>{"3"});
    CHECK(boxes.size() == 0);
}
