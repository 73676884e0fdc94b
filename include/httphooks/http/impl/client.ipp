// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/client.hpp>

#include <httphooks/http/detail/client_operation.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <utility>

namespace httphooks::http {

namespace detail {

/// A request with its handler.
class client_request final : public client_operation {
public:
    using handler_type = asio::any_completion_handler<void(error_code, response)>;

    client_request(handler_type handler, std::shared_ptr<client_core> const& core,
                   result<absolute_url> url, request req)
        : client_operation(core, std::move(url), std::move(req)),
          work_(asio::get_associated_executor(handler, core->executor)),
          strand_(core->pool.get_executor()),
          handler_(std::move(handler)) {}

    /// Ends the request when the handler's cancellation slot says so.
    void watch_cancellation() {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) return;
        slot.assign([weak = this->weak_from_this(), strand = strand_](asio::cancellation_type) {
            asio::post(strand, [weak] {
                if (auto const self = weak.lock()) self->abort(asio::error::operation_aborted);
            });
        });
    }

private:
    void complete(error_code ec, response message) override {
        asio::dispatch(work_.get_executor(), [self = this->shared_from_this(), this, ec,
                                              r = std::move(message)]() mutable {
            asio::get_associated_cancellation_slot(handler_).clear();
            work_.reset();
            handler_type handler = std::move(handler_);
            self.reset();
            std::move(handler)(ec, std::move(r));
        });
    }

    asio::executor_work_guard<asio::associated_executor_t<handler_type, asio::any_io_executor>>
        work_;
    client_pool::executor_type strand_;
    handler_type handler_;
};

HTTPHOOKS_DECL void begin_request(
    std::shared_ptr<client_core> const& core, result<absolute_url> url, request req,
    asio::any_completion_handler<void(error_code, response)> handler) {
    auto const op =
        std::make_shared<client_request>(std::move(handler), core, std::move(url), std::move(req));
    op->watch_cancellation();
    asio::post(core->pool.get_executor(), [op] { op->start(); });
}

}  // namespace detail

HTTPHOOKS_DECL client::client(executor_type const& executor, client_options options)
    : core_(std::make_shared<detail::client_core>(executor, std::move(options))) {}

HTTPHOOKS_DECL client::executor_type client::get_executor() const noexcept {
    return core_->executor;
}

HTTPHOOKS_DECL void client::close() {
    asio::post(core_->pool.get_executor(), [core = core_] { core->pool.close(); });
}

}  // namespace httphooks::http
