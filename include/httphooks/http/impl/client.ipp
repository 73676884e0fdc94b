// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/client.hpp>

#include <httphooks/http/detail/client_operation.hpp>
#include <httphooks/http/detail/client_streaming.hpp>

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

/// The handler of a request, which gives a response of this type.
template <class Response>
class request_handler {
public:
    using handler_type = asio::any_completion_handler<void(error_code, Response)>;

    request_handler(handler_type handler, client_core const& core)
        : work_(asio::get_associated_executor(handler, core.executor)),
          strand_(core.pool.get_executor()),
          handler_(std::move(handler)) {}

    /// Ends the request when the handler's cancellation slot says so.
    void watch_cancellation(std::weak_ptr<client_operation> request) {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) return;
        slot.assign([weak = std::move(request), strand = strand_](asio::cancellation_type) {
            asio::post(strand, [weak] {
                if (auto const self = weak.lock()) self->abort(asio::error::operation_aborted);
            });
        });
    }

    auto get_executor() const { return work_.get_executor(); }

    /// Calls it; on its executor.
    void call(std::shared_ptr<client_operation> request, error_code ec, Response r) {
        asio::get_associated_cancellation_slot(handler_).clear();
        work_.reset();
        handler_type handler = std::move(handler_);
        request.reset();
        std::move(handler)(ec, std::move(r));
    }

private:
    asio::executor_work_guard<asio::associated_executor_t<handler_type, asio::any_io_executor>>
        work_;
    client_pool::executor_type strand_;
    handler_type handler_;
};

/// A request whose response is given whole.
class client_request final : public client_operation {
public:
    using handler_type = request_handler<response>::handler_type;

    client_request(handler_type handler, std::shared_ptr<client_core> const& core,
                   result<absolute_url> url, request req)
        : client_operation(core, std::move(url), std::move(req)),
          handler_(std::move(handler), *core) {}

    void watch_cancellation() { handler_.watch_cancellation(weak_from_this()); }

private:
    void complete(error_code ec, response message) override {
        asio::dispatch(handler_.get_executor(),
                       [this, self = shared_from_this(), ec, r = std::move(message)]() mutable {
                           handler_.call(std::move(self), ec, std::move(r));
                       });
    }

    request_handler<response> handler_;
};

/// A request whose response is given when it has begun.
class client_stream_request final : public client_streaming {
public:
    using handler_type = request_handler<response_stream>::handler_type;

    client_stream_request(handler_type handler, std::shared_ptr<client_core> const& core,
                          result<absolute_url> url, request req,
                          std::shared_ptr<stream_body> content, streaming_options const& options)
        : client_streaming(core, std::move(url), std::move(req), std::move(content), options),
          handler_(std::move(handler), *core) {}

    void watch_cancellation() { handler_.watch_cancellation(weak_from_this()); }

private:
    void opened(error_code ec, response_stream r) override {
        // not within this call: the request goes on
        asio::post(core_->pool.get_executor(),
                   [this, self = shared_from_this(), ec, r = std::move(r)]() mutable {
                       asio::dispatch(handler_.get_executor(),
                                      [this, s = std::move(self), ec, m = std::move(r)]() mutable {
                                          handler_.call(std::move(s), ec, std::move(m));
                                      });
                   });
    }

    request_handler<response_stream> handler_;
};

HTTPHOOKS_DECL void begin_request(
    std::shared_ptr<client_core> const& core, result<absolute_url> url, request req,
    asio::any_completion_handler<void(error_code, response)> handler) {
    auto const op =
        std::make_shared<client_request>(std::move(handler), core, std::move(url), std::move(req));
    op->watch_cancellation();
    asio::post(core->pool.get_executor(), [op] { op->start(); });
}

HTTPHOOKS_DECL void begin_stream(
    std::shared_ptr<client_core> const& core, result<absolute_url> url, request req,
    std::shared_ptr<stream_body> content, streaming_options const& options,
    asio::any_completion_handler<void(error_code, response_stream)> handler) {
    auto const op = std::make_shared<client_stream_request>(
        std::move(handler), core, std::move(url), std::move(req), std::move(content), options);
    op->watch_cancellation();
    asio::post(core->pool.get_executor(), [op] { op->begin(); });
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
