// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/websocket/detail/channel_output.hpp>

#include <httphooks/websocket/prepared_message.hpp>

#include "support/catch.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/system_executor.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace hh = httphooks;
namespace ws = httphooks::websocket;
using hh::error_code;
using ws::detail::channel_output;

namespace {

/// Takes what is written at once.
class taking_stream final : public hh::http::detail::byte_stream {
public:
    std::string taken{};

    boost::asio::any_io_executor get_executor() const override { return executor_; }
    boost::asio::execution_context& context() const override { return executor_.context(); }
    bool running_here() const noexcept override { return true; }
    bool owns_context() const noexcept override { return true; }
    void post(void (*)(std::shared_ptr<void> const&), std::shared_ptr<void>) override {}
    void wait_readable() override {}
    std::size_t read_some(char*, std::size_t, error_code&) override { return 0; }
    bool write(std::string& bytes, error_code& ec) override {
        taken += bytes;
        bytes.clear();
        ec = {};
        return true;
    }
    std::size_t write_some(std::string_view bytes, error_code& ec) override {
        taken += bytes;
        ec = {};
        return bytes.size();
    }
    std::size_t unsent() const noexcept override { return 0; }
    void end(bool) override {}
    void close(bool) noexcept override {}
    void abandon() noexcept override {}

private:
    boost::asio::system_executor executor_{};
};

}  // namespace

TEST_CASE("Short messages that wait stay when the thread has memory to give again") {
    std::string taken;
    // on a thread of its own, which has no memory to give at first
    std::thread([&taken] {
        ws::detail::channel_settings const settings;
        taking_stream slow_stream;
        taking_stream other_stream;
        channel_output slow(settings, slow_stream);
        channel_output other(settings, other_stream);
        slow.append(ws::prepared_message("one"));
        slow.append(ws::prepared_message("two"));
        other.append(ws::opcode::text, std::string(100, 'x'));
        other.flush();
        other.end_turn();
        slow.append(ws::prepared_message("three"));
        slow.flush();
        taken = slow_stream.taken;
    }).join();
    CHECK(taken == "\x81\x03one\x81\x03two\x81\x05three");
}
