// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A command on its way, and who waits for its reply.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/value.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks::redis::detail {

/** The key that says which node of a cluster a command is for; nothing: any one.
    @param bytes what `arguments` or `transaction` has made
    @par Source
    Redis, COMMAND DOCS: key specifications */
std::optional<std::string_view> key_of(std::string_view bytes);

/// A command, until there is its reply.
class command {
public:
    command(std::string text, std::uint32_t answers) : bytes(std::move(text)), replies(answers) {}
    command(command const&) = delete;
    command& operator=(command const&) = delete;
    virtual ~command() = default;

    /// Called when it is its turn to be sent, or to be given up: until then its bytes may grow. If
    /// there are no replies to come then, it is not sent.
    virtual void prepare() {}
    /// Hands over the reply, of several the last. Called once, in the end.
    virtual void complete(error_code ec, value reply) = 0;

    std::string bytes;
    /// How many replies there are.
    std::uint32_t replies;
    /// How many of them were errors.
    std::uint32_t errors = 0;
    /// How many of them are still to come, when it was sent.
    std::uint32_t missing = 0;
    /// How often another node was said to be the right one.
    std::uint32_t redirections = 0;
    /// Whether it is given up when the connection goes before it is sent; else the next one sends
    /// it.
    bool hasty = false;
    /// Whether it is for the node that it waits for, whatever becomes known of others meanwhile.
    bool stays = false;
    /// Whether each reply is that of a command of its own: none is sent to another node.
    bool separate = false;
    /// Whether the node is to be told with ASKING that it is the right one.
    bool asking = false;
    /// A reply of one of several commands that says where all of them belong.
    std::string redirection{};
    /// By when there must be a reply.
    std::chrono::steady_clock::time_point deadline{};
    /// Why it is not sent at all.
    error_code refused{};
};

using command_ptr = std::unique_ptr<command>;

/// A command with a handler. One without an executor is called where complete() is.
template <class Handler>
class command_of final : public command {
public:
    command_of(Handler h, std::string text, std::uint32_t answers)
        : command(std::move(text), answers), executor_(h), handler_(std::move(h)) {}

    void complete(error_code ec, value reply) override {
        Handler h(std::move(handler_));
        executor_.complete(std::move(h), ec, std::move(reply));
    }

private:
    struct none {};

    struct here {
        explicit here(Handler const&) {}
        void complete(Handler&& h, error_code ec, value&& reply) {
            std::move(h)(ec, std::move(reply));
        }
    };
    /// Keeps the handler's executor running.
    struct elsewhere {
        explicit elsewhere(Handler const& h) : work(asio::get_associated_executor(h)) {}
        void complete(Handler&& h, error_code ec, value&& reply) {
            auto const executor = work.get_executor();
            asio::dispatch(executor, asio::append(std::move(h), ec, std::move(reply)));
        }
        asio::executor_work_guard<asio::associated_executor_t<Handler>> work;
    };

    std::conditional_t<
        std::is_same_v<typename asio::associated_executor<Handler, none>::type, none>, here,
        elsewhere>
        executor_;
    Handler handler_;
};

}  // namespace httphooks::redis::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/detail/impl/command.ipp>
#endif
