// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/testing/mounted_request.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace httphooks::testing {

HTTPHOOKS_DECL mounted_request::mounted_request(clock& on, http::mounts const& servers, request r,
                                                std::string address)
    : connection_(std::make_unique<detail::memory_connection>(
          on, servers, std::move(r), detail::client_place{std::move(address), false}, [] {})) {
    on.run();
}

HTTPHOOKS_DECL mounted_request::mounted_request(mounted_request&&) noexcept = default;
HTTPHOOKS_DECL mounted_request& mounted_request::operator=(mounted_request&&) noexcept = default;
HTTPHOOKS_DECL mounted_request::~mounted_request() = default;

HTTPHOOKS_DECL std::optional<response> const& mounted_request::reply() const {
    return connection_->reply();
}

}  // namespace httphooks::testing
