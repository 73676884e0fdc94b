// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One way to a server, of the several that a client's session may take.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <utility>

namespace httphooks::websocket::detail {

/** A transport of one session, as far as it is the same in all protocols.

    Operations that are under way keep it and its owner; it does not keep the owner otherwise, nor
    anything that does.
    @tparam Owner the session, as its transports see it
    @tparam Options the client's; header_limit, tls and close_timeout are in them */
template <class Owner, class Options>
class client_link {
public:
    using owner_type = Owner;

    /// What every transport is made with.
    struct setup {
        asio::any_io_executor executor{};
        std::weak_ptr<Owner> owner{};
        http::absolute_url url{};
        /// Further fields of each request.
        fields headers{};
        /// Outlives the owner.
        Options const* options = nullptr;
    };

    explicit client_link(setup s) : setup_(std::move(s)) {}
    client_link(client_link const&) = delete;
    client_link& operator=(client_link const&) = delete;
    virtual ~client_link() = default;

    virtual void start() = 0;

protected:
    setup const& given() const noexcept { return setup_; }
    std::shared_ptr<Owner> owner() const noexcept { return setup_.owner.lock(); }
    bool stopped() const noexcept { return stopped_; }
    void set_stopped() noexcept { stopped_ = true; }
    /// It works no longer. @return who is to be told of it, unless it was stopped before
    std::shared_ptr<Owner> fail() noexcept {
        return std::exchange(stopped_, true) ? nullptr : owner();
    }

private:
    setup setup_;
    bool stopped_ = false;
};

}  // namespace httphooks::websocket::detail
