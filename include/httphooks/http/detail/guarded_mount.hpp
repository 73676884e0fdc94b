// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A mount behind hooks, as a mount.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/guards.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace httphooks::http::detail {

/** Has hooks judge what it is to serve, and the mount behind it serve what they let go on.

    It is not told of bodies that are on their way: nothing of a request reaches it before hooks
    have seen the request, and they see it when it is whole. */
class guarded_mount final : public mounted {
public:
    /// @throws std::invalid_argument when the prefix is no path that hooks take
    guarded_mount(std::shared_ptr<mounted> behind, mount_options o);

    HTTPHOOKS_DECL void serve(connection c, request r, mount_handler h) override;
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

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/guarded_mount.ipp>
#endif
