// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The hooks, for each event loop that sockets with messages live on.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <utility>

namespace httphooks::detail {

/// What the sockets of one server share. Thread-safe.
class message_loop_map {
public:
    message_loop_map();
    message_loop_map(message_loop_map const&) = delete;
    message_loop_map& operator=(message_loop_map const&) = delete;
    HTTPHOOKS_DECL virtual ~message_loop_map();

    /** The loop for a socket.
        @param executor the socket's
        @param owns_context whether all that runs on its context does so one after another; else the
            socket gets a loop of its own */
    std::shared_ptr<message_loop> of(asio::any_io_executor const& executor, bool owns_context);

private:
    virtual std::shared_ptr<message_loop> make(asio::any_io_executor const& executor) = 0;

    struct known_loops;
    std::unique_ptr<known_loops> known_;
};

/// The loops for the hooks of a registry.
template <class State>
class message_loops final : public message_loop_map {
public:
    explicit message_loops(basic_registry<State> hooks) : hooks_(std::move(hooks)) {}

private:
    std::shared_ptr<message_loop> make(asio::any_io_executor const& executor) override {
        return std::make_shared<message_loop>(hooks_.make_loop(), executor);
    }

    basic_registry<State> hooks_;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/registry/impl/message_loops.ipp>
#endif
