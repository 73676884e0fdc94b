// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/registry_loop.hpp>

#include <httphooks/detail/registry/judgement.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/url.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// A judgement by an exchange.
class exchange_judgement final : public judgement {
public:
    explicit exchange_judgement(exchange_ptr ex) noexcept : exchange_(std::move(ex)) {}
    ~exchange_judgement() override {
        if (waiting_) exchange_->abandon();
    }

    bool start(request header, origin from) override {
        exchange_->incoming() = std::move(header);
        exchange_->origin() = std::move(from);
        exchange_->authorize_only();
        waiting_ = !exchange_->start();
        return !waiting_;
    }
    void cancel() noexcept override {
        waiting_ = false;
        exchange_->cancel();
    }
    void time_out() noexcept override { exchange_->time_out(); }
    bool passed() const noexcept override { return exchange_->authorized(); }
    response& reply() noexcept override { return exchange_->reply(); }
    response take_reply() override { return exchange_->take_reply(every_file); }
    std::string_view path() const noexcept override { return exchange_->url().path(); }
    request const* changed() const noexcept override {
        request const& left = exchange_->request();
        return &left == &exchange_->incoming() ? nullptr : &left;
    }
    void handed_over() override {
        waiting_ = false;
        exchange_->handed_over();
    }

private:
    exchange_ptr exchange_;
    bool waiting_ = false;
};

HTTPHOOKS_DECL std::unique_ptr<judgement> registry_loop::judge(
    asio::any_io_executor const& executor, reply_sink& sink) {
    return std::make_unique<exchange_judgement>(make_exchange(executor, &sink));
}

HTTPHOOKS_DECL std::unique_ptr<judgement> shared_registry_loop::judge(
    asio::any_io_executor const& executor, reply_sink& sink) {
    return std::make_unique<exchange_judgement>(make_exchange(executor, &sink));
}

}  // namespace httphooks::detail
