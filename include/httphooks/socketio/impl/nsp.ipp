// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/nsp.hpp>

#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/socket.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace httphooks::socketio {

namespace detail {

inline socket to_socket(std::shared_ptr<local_socket> const& s) {
    return socket(std::static_pointer_cast<live_socket>(s));
}

}  // namespace detail

HTTPHOOKS_DECL std::vector<socket> nsp::sockets() const {
    std::vector<socket> all;
    nsp_->each([&](detail::live_nsp& n) {
        for (auto const& s : n.adapter().local_sockets({})) all.push_back(detail::to_socket(s));
    });
    return all;
}

HTTPHOOKS_DECL std::optional<socket> nsp::find(std::string_view id) const {
    std::optional<socket> found;
    nsp_->each([&](detail::live_nsp& n) {
        if (auto const s = n.adapter().find(id)) found = detail::to_socket(s);
    });
    return found;
}

HTTPHOOKS_DECL std::size_t nsp::size() const {
    std::size_t n = 0;
    nsp_->each([&](detail::live_nsp& each) { n += each.adapter().size(); });
    return n;
}

}  // namespace httphooks::socketio
