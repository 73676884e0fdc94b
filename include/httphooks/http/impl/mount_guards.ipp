// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Mounts behind hooks.
*/

#include <httphooks/http/mount.hpp>

#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/judgement.hpp>
#include <httphooks/http/detail/later.hpp>
#include <httphooks/http/guards.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/url.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
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

    void start(mount_options const& o) {
        judgement_ = o.guards.source()->judge(client_.get_executor(), *this);
        request header(message_.base());
        if (judgement_->start(std::move(header),
                              origin(transport::http, client_.peer(), client_.tls(), nullptr,
                                     nullptr, client_.proxied())))
            return decide();
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
    void on_reply(exchange&) noexcept override {
        ready_ = true;
        if (unwatched_)
            unwatched_->cancel();
        else
            client_.cancel_wait();
    }

    void dress(exchange&, response& reply) noexcept override {
        dressed_ = true;
        reply = with_mount_fields(std::move(reply));
    }

    void expire() {
        if (!ready_) judgement_->time_out();
    }

    /// Waits for the client's end, which a decision of the hooks ends.
    /// @param half_closed whether it has sent FIN, and waits for its reply
    void wait(bool half_closed) {
        client_.async_wait_abort([self = shared_from_this(), half_closed](error_code ec) {
            if (self->ready_) return self->decide_later();
            if (ec == asio::error::no_buffer_space) return self->wait_unwatched();
            if (ec == asio::error::eof && !half_closed && !self->upgrades())
                return self->wait(true);
            self->timer_.reset();
            self->judgement_->cancel();
            self->client_.close();
            std::move(self->done_)(ec, std::nullopt);
        });
    }

    /// Waits for the decision alone: so much is behind the request that its end cannot be seen.
    void wait_unwatched() {
        unwatched_.emplace(client_.get_executor(), asio::steady_timer::time_point::max());
        call_at_expiry(*unwatched_,
                       [self = shared_from_this()](error_code) { self->decide_later(); });
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
        auto const by = std::move(judgement_);
        client_.core()->reply_line.clear();  // the hooks' reply has the id that they have seen
        if (!by->passed()) {
            if (!dressed_) by->reply() = dressed(std::move(by->reply()));
            answer(by->take_reply());
            return by->handed_over();
        }
        std::string_view const path = by->path();
        bool const inside = path.starts_with(prefix_) &&
                            (path.size() == prefix_.size() || path[prefix_.size()] == '/');
        take_changes(*by);
        by->handed_over();
        if (!inside) return answer(with_mount_fields(error_response(status::not_found)));
        behind_->serve(std::move(client_), std::move(message_), std::move(done_));
    }

    /// What hooks have changed of the request, and have for the reply.
    void take_changes(httphooks::detail::judgement& by) {
        if (auto const* const left = by.changed()) {
            request changed = *left;
            changed.body() = std::move(message_.body());
            message_ = std::move(changed);
        }
        fields const& added = by.reply();
        if (added.begin() != added.end())
            client_.core()->reply_fields = std::make_unique<fields const>(added);
    }

    /// A refusal of the library's, as the mount gives it.
    response with_mount_fields(response reply) const noexcept {
        status const code = reply.result();
        try {
            behind_->dress_refusal(message_, reply);
            return reply;
        } catch (...) {  // the client is told all the same
            return error_response(code);
        }
    }

    /// A refusal of a hook's, with its own content and the fields that the mount gives to refusals.
    response dressed(response reply) const {
        try {
            response others = make_response(reply.result());
            behind_->dress_refusal(message_, others);
            others.erase(field::content_type);
            httphooks::detail::merge_fields(reply, others);
        } catch (...) {  // the client is told all the same
            return reply;
        }
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
    std::unique_ptr<httphooks::detail::judgement> judgement_{};
    std::optional<asio::steady_timer> timer_{};
    /// What is waited for in place of the client's end.
    std::optional<asio::steady_timer> unwatched_{};
    bool ready_ = false;
    /// The reply is the library's own, and has the mount's fields.
    bool dressed_ = false;
};

/** Has hooks judge what it is to serve, and the mount behind it serve what they let go on.

    It is not told of bodies that are on their way: nothing of a request reaches it before hooks
    have seen the request, and they see it when it is whole. */
class guarded_mount final : public mounted {
public:
    guarded_mount(std::shared_ptr<mounted> behind, mount_options o)
        : behind_(std::move(behind)), options_(std::move(o)) {
        prefix = behind_->prefix;
        url u;
        if (u.parse(prefix))
            throw std::invalid_argument("a guarded mount's prefix is a path: " + prefix);
        normalized_ = u.path();
    }

    void serve(connection c, request r, mount_handler h) override {
        std::make_shared<guard_run>(behind_, normalized_, std::move(c), std::move(r), std::move(h))
            ->start(options_);
    }
    void drain() override { behind_->drain(); }
    std::optional<std::uint64_t> body_limit() const override { return behind_->body_limit(); }
    void dress_refusal(request const& r, response& reply) const override {
        behind_->dress_refusal(r, reply);
    }
    body_end body_begins(request const&) override { return {}; }
    http::guards const* guarded_by() const noexcept override { return &options_.guards; }

private:
    std::shared_ptr<mounted> behind_;
    mount_options options_;
    /// The prefix as hooks see it.
    std::string normalized_{};
};

HTTPHOOKS_DECL std::shared_ptr<mounted> put_behind(std::shared_ptr<mounted> m, mount_options o) {
    return std::make_shared<guarded_mount>(std::move(m), std::move(o));
}

}  // namespace httphooks::http::detail
