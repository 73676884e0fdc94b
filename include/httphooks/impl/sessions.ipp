// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sessions.hpp>

#include <httphooks/detail/runs/attachment.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/origin.hpp>

#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace httphooks {

namespace detail {

/// The session of an exchange.
class session_attachment final : public attachment {
public:
    session_attachment(hook_run& run, std::shared_ptr<session_service> service)
        : attachment(service.get(), run.hook()),
          value(service, session_cookie(*service, asking(run)), run.origin().tls(),
                run.origin().handshake() != nullptr) {}

    HTTPHOOKS_DECL void before_reply(fields& reply_headers) override;

    session value;

private:
    /// The request whose cookies count: what hooks replace and messages claim does not.
    static request const& asking(hook_run& run) noexcept {
        auto const& handshake = run.origin().handshake();
        return handshake ? *handshake : run.exchange().incoming();
    }
};

HTTPHOOKS_DECL void session_attachment::before_reply(fields& reply_headers) {
    value.before_reply(reply_headers);
}

}  // namespace detail

HTTPHOOKS_DECL std::string_view session_snapshot::get(std::string_view name) const noexcept {
    if (!values_) return {};
    auto const found = values_->find(name);
    return found == values_->end() ? std::string_view() : std::string_view(found->second);
}

HTTPHOOKS_DECL bool session_snapshot::has(std::string_view name) const noexcept {
    return values_ && values_->contains(name);
}

HTTPHOOKS_DECL sessions::sessions(session_options options,
                                  std::unique_ptr<detail::session_backend> store)
    : service_(std::make_shared<detail::session_service>()) {
    if (options.idle <= options.idle.zero() || options.absolute <= options.absolute.zero())
        throw std::invalid_argument("sessions: a time is not positive");
    cookie const& c = options.cookie;
    if (!c.value.empty() || c.max_age || c.expires)
        throw std::invalid_argument(
            "sessions: value, Max-Age and Expires of the cookie are theirs");
    static_cast<void>(c.to_string(true));
    service_->options = std::move(options);
    service_->store = std::move(store);
}

HTTPHOOKS_DECL session& sessions::attached(detail::hook_run& run) const {
    detail::attachments& all = run.exchange().attached();
    detail::attachment* a = all.find(service_.get());
    if (!a) a = &all.add(std::make_unique<detail::session_attachment>(run, service_));
    return static_cast<detail::session_attachment*>(a)->value;
}

HTTPHOOKS_DECL session_snapshot sessions::find(request const& r) const {
    auto const id = detail::session_cookie(*service_, r);
    auto record = id ? service_->use(*id) : std::nullopt;
    return record ? session_snapshot(std::move(record->values)) : session_snapshot();
}

}  // namespace httphooks
