// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/response_stream.hpp>

#include <httphooks/http/detail/client_streaming.hpp>

#include <memory>
#include <utility>

namespace httphooks::http::detail {

HTTPHOOKS_DECL opened_response::opened_response(std::shared_ptr<client_streaming> request,
                                                response r, request_body b)
    : header(std::move(r)), body(std::move(b)), request_(std::move(request)) {}

HTTPHOOKS_DECL opened_response::~opened_response() {
    close();
}

HTTPHOOKS_DECL fields const& opened_response::trailers() const noexcept {
    return request_->trailers();
}

HTTPHOOKS_DECL void opened_response::close() noexcept {
    request_->give_up();
}

}  // namespace httphooks::http::detail
