// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A session whose client polls or streams over HTTP: the state machine, and who carries it out.
*/

#include <httphooks/config.hpp>
#include <httphooks/sockjs/detail/receiver.hpp>
#include <httphooks/sockjs/detail/session_base.hpp>
#include <httphooks/sockjs/session.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::sockjs::detail {

class polling_session final : public session_base, public receiver_owner {
public:
    polling_session(std::shared_ptr<session_owner> owner, std::shared_ptr<options const> o,
                    http::detail::home place, handshake shake, std::string_view transport,
                    std::string id)
        : session_base(std::move(owner), std::move(place), std::move(shake), transport),
          options_(std::move(o)),
          backlog_(&counters()),
          machine_(*options_, session_base::place().timers().now()),
          id_(std::move(id)) {}

    /// The client's name for the session.
    std::string const& id() const noexcept { return id_; }

    /// Gives up when no receiver comes.
    void await_receiver() { place().timers().set(*this, machine_.deadline()); }

    /** Has a receiver carry the frames from now on. On the home.
        @param over called instead when the session is over */
    void attach(std::shared_ptr<receiver> r, std::function<void(std::shared_ptr<receiver>)> over);

    /** Messages of the client. On the home.
        @param body what check_messages() found good
        @param taken called, here or later, when there is room for more; false: there was none */
    void receive(std::string_view body, std::function<void(bool)> taken);

    http::detail::home const& receiver_home() const noexcept override { return place(); }
    HTTPHOOKS_DECL void on_written(receiver_id r) override;
    HTTPHOOKS_DECL void on_done(receiver_id r) override;
    HTTPHOOKS_DECL void on_gone(receiver_id r) override;
    HTTPHOOKS_DECL void on_deadline() override;
    HTTPHOOKS_DECL void on_loop_end() noexcept override;
    std::size_t buffered() const noexcept override { return machine_.buffered(); }
    std::size_t room() const noexcept override {
        return options_->queue_messages < 1024 ? 0 : options_->queue_bytes;
    }

private:
    HTTPHOOKS_DECL bool send_here(std::string_view message) override;
    HTTPHOOKS_DECL bool send_here(prepared_message const& message) override;
    HTTPHOOKS_DECL bool send_here(message_source const& message) override;
    HTTPHOOKS_DECL bool close_here(close_code code, std::string_view reason) override;
    HTTPHOOKS_DECL void abandon_here(close_code code, std::string_view reason) override;
    HTTPHOOKS_DECL void reading(bool wanted) override;

    inline void carry(std::shared_ptr<receiver> const& r);
    bool sent(session::sent outcome);
    inline void apply(session_actions todo);
    inline void answer_all(bool taken);
    std::shared_ptr<polling_session> self() {
        return std::static_pointer_cast<polling_session>(shared_from_this());
    }

    std::shared_ptr<options const> options_;
    server_counters::backlog backlog_;
    session machine_;
    std::string id_;
    std::weak_ptr<receiver> receiver_{};
    receiver_id receiver_id_ = 0;
    std::optional<session::time_point> deadline_{};
    std::vector<std::function<void(bool)>> waiting_{};
    bool turn_posted_ = false;
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/polling_session.ipp>
#endif
