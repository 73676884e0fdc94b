// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A registry as an observer of requests, which can be completed.
*/

#include <httphooks/error.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace httphooks {

/** The registry as an observer of requests.

    After on_error or on_completed it takes no more requests; the registry lives on, and so do its
    other observers.

    @par Thread safety
    All members may be called from all threads. Copies are the same observer.
*/
template <class State = no_state>
class basic_observer {
public:
    /** Dispatches a request, as basic_registry::async_dispatch does.

        @par Completes with
        the error that on_error was given; error::observer_stopped after on_completed; else as
        async_dispatch
    */
    template <
        class Body, class Fields,
        asio::completion_token_for<void(error_code, response)> Token = asio::use_awaitable_t<>>
    auto on_next(beast::http::message<true, Body, Fields> req, httphooks::origin from = {},
                 Token&& token = Token());

    /// Stops taking requests; `ec` is what on_next completes with from now on.
    void on_error(error_code ec) noexcept;

    /// Stops taking requests.
    void on_completed() noexcept { on_error(make_error_code(error::observer_stopped)); }

    /// Why it takes no more requests; clear while it does.
    error_code stopped() const;

private:
    friend class basic_registry<State>;

    struct shared {
        std::mutex mutex{};
        error_code stopped{};
    };

    explicit basic_observer(basic_registry<State> hooks)
        : hooks_(std::move(hooks)), shared_(std::make_shared<shared>()) {}

    basic_registry<State> hooks_;
    std::shared_ptr<shared> shared_;
};

/// An observer of a registry whose hooks share no state.
using observer = basic_observer<>;

// ---------------------------------------------------------------------------------------------

template <class State>
void basic_observer<State>::on_error(error_code ec) noexcept {
    std::lock_guard const lock(shared_->mutex);
    if (!shared_->stopped) shared_->stopped = ec ? ec : make_error_code(error::observer_stopped);
}

template <class State>
error_code basic_observer<State>::stopped() const {
    std::lock_guard const lock(shared_->mutex);
    return shared_->stopped;
}

template <class State>
template <class Body, class Fields, asio::completion_token_for<void(error_code, response)> Token>
auto basic_observer<State>::on_next(beast::http::message<true, Body, Fields> req,
                                    httphooks::origin from, Token&& token) {
    return asio::async_initiate<Token, void(error_code, response)>(
        [self = *this](auto handler, beast::http::message<true, Body, Fields> r,
                       httphooks::origin o) mutable {
            if (error_code const ec = self.stopped()) {
                auto const executor =
                    asio::get_associated_executor(handler, self.hooks_.get_executor());
                asio::post(executor, asio::append(std::move(handler), ec, response()));
                return;
            }
            self.hooks_.async_dispatch(std::move(r), std::move(o), std::move(handler));
        },
        token, std::move(req), std::move(from));
}

}  // namespace httphooks
