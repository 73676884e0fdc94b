// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sessions.hpp>

#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/runs/attachment.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/route_pattern.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

namespace detail {

/// The request whose cookies count: what hooks replace and messages claim does not.
inline request const& asking(hook_run& run) noexcept {
    auto const& handshake = run.origin().handshake();
    return handshake ? *handshake : run.exchange().incoming();
}

/// The session of an exchange.
class session_attachment final : public attachment {
public:
    session_attachment(hook_run& run, std::shared_ptr<session_service> service, found_session found)
        : attachment(service.get(), run.hook()),
          value(service, std::move(found), run.origin().tls(), run.origin().handshake() != nullptr),
          saving_(service->saving.get()) {}

    HTTPHOOKS_DECL void before_reply(fields& reply_headers) override;
    HTTPHOOKS_DECL hook_entry const* waits_for() const noexcept override;

    session value;

private:
    hook_entry const* saving_;
};

HTTPHOOKS_DECL void session_attachment::before_reply(fields& reply_headers) {
    value.before_reply(reply_headers);
}

HTTPHOOKS_DECL hook_entry const* session_attachment::waits_for() const noexcept {
    return saving_;
}

/// The session of an exchange, if it has one yet; `service` is the address of the service.
inline session_attachment* attached_session(hook_run& run, void const* service) noexcept {
    return static_cast<session_attachment*>(run.exchange().attached().find(service));
}

/// What saves the session of an exchange in a store that waits, with the exchange's time limits.
inline std::shared_ptr<hook_entry const> make_saving(session_service& service) {
    hook_options options{.name = "sessions", .time_limit = service.options.time_limit};
    auto entry = std::make_shared<hook_entry>(
        hook_info{{}, hook_type::responder, any_verb, "sessions", std::move(options), {}},
        route_pattern("/*"));
    entry->callback.function = std::shared_ptr<void>(std::shared_ptr<void>(), &service);
    entry->callback.start = [](void* of, hook_run& run, context_memory&, hook_done done) {
        attached_session(run, of)->value.save(std::move(done));
    };
    return entry;
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

HTTPHOOKS_DECL sessions::sessions(session_options options, detail::session_backends store)
    : service_(std::make_shared<detail::session_service>(std::move(options), std::move(store))) {
    if (service_->later) service_->saving = detail::make_saving(*service_);
}

HTTPHOOKS_DECL std::optional<std::chrono::milliseconds> sessions::waits() const {
    if (!service_->later) return std::nullopt;
    return service_->options.time_limit;
}

HTTPHOOKS_DECL session& sessions::attached(detail::hook_run& run) const {
    if (auto* const there = detail::attached_session(run, service_.get())) return there->value;
    if (service_->later)
        throw std::logic_error(
            "sessions in a store that waits are registered as a pre-responder, in front of the "
            "hooks that use them");
    auto id = detail::session_cookie(*service_, detail::asking(run));
    detail::found_session found{id.has_value()};
    if (auto record = id ? service_->use(*id) : std::nullopt) {
        found.id = *std::move(id);
        found.record = *std::move(record);
    }
    auto& added = run.exchange().attached().add(
        std::make_unique<detail::session_attachment>(run, service_, std::move(found)));
    return static_cast<detail::session_attachment&>(added).value;
}

HTTPHOOKS_DECL void sessions::load(detail::hook_run& run, hook_done done) const {
    if (detail::attached_session(run, service_.get())) {
        run.pass();
        return done();
    }
    auto id = detail::session_cookie(*service_, detail::asking(run));
    auto const found = [&run, service = service_, id, done](std::exception_ptr error,
                                                            std::optional<session_record> record) {
        if (error) return done.fail(std::move(error));
        detail::found_session f{id.has_value()};
        if (record) {
            f.id = *id;
            f.record = *std::move(record);
        }
        run.exchange().attached().add(
            std::make_unique<detail::session_attachment>(run, service, std::move(f)));
        run.pass();
        done();
    };
    service_->use_later(id.value_or(std::string()), false, found);
}

HTTPHOOKS_DECL session_snapshot sessions::find(request const& r) const {
    if (service_->later)
        throw std::logic_error("sessions in a store that waits are found by async_find()");
    auto const id = id_in(r);
    auto record = id ? service_->use(*id) : std::nullopt;
    return record ? session_snapshot(std::move(record->values)) : session_snapshot();
}

HTTPHOOKS_DECL std::optional<std::string> sessions::id_in(request const& r) const {
    return detail::session_cookie(*service_, r);
}

HTTPHOOKS_DECL void sessions::find_later(std::optional<std::string> id,
                                         session_store_handler<session_snapshot> done) const {
    auto const found = [done](std::exception_ptr error, std::optional<session_record> record) {
        done(std::move(error),
             record ? session_snapshot(std::move(record->values)) : session_snapshot());
    };
    std::exception_ptr failed;
    std::optional<session_record> record;
    try {
        if (service_->later) return service_->use_later(id.value_or(std::string()), true, found);
        if (id) record = service_->use(*id);
    } catch (...) {
        failed = std::current_exception();
    }
    found(std::move(failed), std::move(record));
}

}  // namespace httphooks
