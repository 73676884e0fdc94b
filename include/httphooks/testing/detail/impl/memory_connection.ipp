// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/testing/detail/memory_connection.hpp>

#include <httphooks/error.hpp>
#include <httphooks/http/connection.hpp>
#include <httphooks/http/detail/response_parser.hpp>
#include <httphooks/http/detail/stream_connection.hpp>
#include <httphooks/http/mount.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::testing::detail {

HTTPHOOKS_DECL memory_connection::memory_connection(clock& on, http::mounts const& servers,
                                                    request r, client_place const& from,
                                                    std::function<void()> on_change)
    : parser_(std::make_unique<http::detail::response_parser>(
          std::numeric_limits<std::size_t>::max(), std::numeric_limits<std::uint64_t>::max(),
          r.method() == verb::head)) {
    if (!servers.matches(r))
        throw std::invalid_argument("testing: no mount has the path " + std::string(r.target()));
    error_code bad;
    auto const address = asio::ip::make_address(from.address, bad);
    if (bad) throw std::invalid_argument("testing: no address: " + from.address);
    http::connection connection(memory_stream(on.context(), client_));
    auto& core = *connection.core();
    core.peer = core.stream_peer = {address, 50'000};
    core.tls = from.tls;
    client_.on_change([this, told = std::move(on_change)] {
        take();
        told();
    });
    // on the connection's executor, as a server calls it; the connection is not kept for another
    auto held = std::make_unique<http::connection>(std::move(connection));
    asio::post(on.get_executor(), [servers, held = std::move(held), r = std::move(r)]() mutable {
        servers.async_serve(std::move(*held), std::move(r),
                            [](error_code, std::optional<http::connection>) {});
    });
}

HTTPHOOKS_DECL memory_connection::~memory_connection() {
    client_.on_change(nullptr);
    client_.reset();
}

HTTPHOOKS_DECL void memory_connection::take() {
    std::string& bytes = client_.received();
    if (!reply_) {
        error_code ec;
        bytes.erase(0, parser_->put(bytes, ec));
        if (ec) throw system_error(ec, "testing: a reply that is no HTTP");
        if (client_.ended() && !parser_->done()) parser_->put_eof(ec);  // or there is no reply
        if (parser_->done()) reply_ = std::move(parser_->get());
    }
    if (reply_) received_.append(std::exchange(bytes, {}));
}

HTTPHOOKS_DECL request
make_request(verb method, std::string_view target,
             std::vector<std::pair<std::string, std::string>> const& headers) {
    request r(method, target, 11);
    r.set(field::host, "test");
    for (auto const& [name, value] : headers) r.insert(name, value);
    return r;
}

}  // namespace httphooks::testing::detail
