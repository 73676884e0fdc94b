// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/guarded_mount.hpp>

#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/detail/runs/authorize_operation.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/http/detail/later.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/url.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http::detail {

/** One request of a mount, while hooks judge it.

    Lives as long as something waits: the connection for the end of the client, or the write of the
    refusal. */
class guard_run final : public std::enable_shared_from_this<guard_run>, private reply_sink {
public:
    guard_run(std::shared_ptr<mounted> behind, std::string_view prefix, connection c, request r,
              mount_handler h)
        : behind_(std::move(behind)),
          prefix_(prefix),
          client_(std::move(c)),
          message_(std::move(r)),
          done_(std::move(h)) {}
    guard_run(guard_run const&) = delete;
    guard_run& operator=(guard_run const&) = delete;
    ~guard_run() {
        if (exchange_) exchange_->abandon();
    }

    void start(mount_options const& o) {
        exchange_ = o.guards.source()->make_exchange(client_.get_executor(), this);
        request& seen = exchange_->incoming();
        seen = httphooks::detail::header_of(message_.base());
        exchange_->origin() = origin(transport::http, client_.peer(), client_.tls());
        exchange_->authorize_only();
        if (exchange_->start()) return decide();
        if (o.guard_timeout.count() > 0) {
            timer_.emplace(client_.get_executor(), o.guard_timeout);
            call_at_expiry(*timer_, [weak = weak_from_this()](error_code ec) {
                auto const self = weak.lock();
                if (!ec && self) self->expire();
            });
        }
        wait(false);
    }

private:
    HTTPHOOKS_DECL void on_reply(exchange&) noexcept override {
        ready_ = true;
        client_.cancel_wait();
    }

    void expire() {
        if (ready_) return;
        ready_ = expired_ = true;
        exchange_->cancel();
        client_.cancel_wait();
    }

    /// Waits for the client's end, which a decision of the hooks ends.
    /// @param half_closed whether it has sent FIN, and waits for its reply
    void wait(bool half_closed) {
        client_.async_wait_abort([self = shared_from_this(), half_closed](error_code ec) {
            if (self->ready_) return self->decide_later();
            if (ec == asio::error::eof && !half_closed && !self->upgrades())
                return self->wait(true);
            self->timer_.reset();
            auto const ex = std::move(self->exchange_);
            ex->cancel();
            self->client_.close();
            std::move(self->done_)(ec, std::nullopt);
        });
    }

    bool upgrades() const noexcept { return message_.find(field::upgrade) != message_.end(); }

    /// As decide(), where nobody waits for what it throws.
    void decide_later() noexcept {
        timer_.reset();
        try {
            decide();
        } catch (...) {  // the connection is closed with what had it
            return;
        }
    }

    void decide() {
        exchange_ptr const ex = std::move(exchange_);
        if (expired_) return answer(dressed(error_response(status::gateway_timeout)));
        if (!ex->authorized()) {
            if (ex->refused())
                behind_->dress_refusal(ex->incoming(), ex->reply());  // as the server's own
            else
                ex->reply() = dressed(std::move(ex->reply()));
            answer(ex->take_reply(httphooks::detail::every_file));
            return ex->handed_over();
        }
        std::string_view const path = ex->url().path();
        bool const inside = path.starts_with(prefix_) &&
                            (path.size() == prefix_.size() || path[prefix_.size()] == '/');
        take_changes(*ex);
        ex->handed_over();
        if (!inside) return answer(dressed(error_response(status::not_found)));
        behind_->serve(std::move(client_), std::move(message_), std::move(done_));
    }

    /// What hooks have changed of the request, and have for the reply.
    void take_changes(exchange& ex) {
        if (request const& left = ex.request(); &left != &ex.incoming()) {
            request changed = left;
            changed.body() = std::move(message_.body());
            message_ = std::move(changed);
        }
        fields const& added = ex.reply();
        if (added.begin() != added.end())
            client_.core()->reply_fields = std::make_unique<fields const>(added);
    }

    /// A refusal with the fields that the mount gives to refusals, but with its own content.
    response dressed(response reply) const {
        response others = make_response(reply.result());
        behind_->dress_refusal(message_, others);
        others.erase(field::content_type);
        httphooks::detail::merge_fields(reply, others);
        return reply;
    }

    void answer(response reply) {
        client_.async_write(std::move(reply), [self = shared_from_this()](error_code ec) {
            std::optional<connection> back;
            if (!ec) back.emplace(std::move(self->client_));
            std::move(self->done_)(ec, std::move(back));
        });
    }

    std::shared_ptr<mounted> behind_;
    std::string prefix_;
    connection client_;
    request message_;
    mount_handler done_;
    exchange_ptr exchange_{};
    std::optional<asio::steady_timer> timer_{};
    bool ready_ = false;
    bool expired_ = false;
};

HTTPHOOKS_DECL guarded_mount::guarded_mount(std::shared_ptr<mounted> behind, mount_options o)
    : behind_(std::move(behind)), options_(std::move(o)) {
    prefix = behind_->prefix;
    url u;
    if (u.parse(prefix))
        throw std::invalid_argument("a guarded mount's prefix is a path: " + prefix);
    normalized_ = u.path();
}

HTTPHOOKS_DECL void guarded_mount::serve(connection c, request r, mount_handler h) {
    std::make_shared<guard_run>(behind_, normalized_, std::move(c), std::move(r), std::move(h))
        ->start(options_);
}

}  // namespace httphooks::http::detail
