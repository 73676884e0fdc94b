// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/server.hpp>

#include <httphooks/engineio/server.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/socketio/detail/client_files.hpp>
#include <httphooks/socketio/options.hpp>

#include <utility>

namespace httphooks::socketio {

HTTPHOOKS_DECL void server::async_serve(http::connection c, request r, http::mount_handler done) {
    if (auto reply = detail::client_file(options().client_files, prefix(), r)) {
        dress_refusal(r, *reply);
        http::detail::visit v{std::move(c), std::move(r), std::move(done)};
        return http::detail::reply(std::move(v), *reply);
    }
    server_->engine().async_serve(std::move(c), std::move(r), std::move(done));
}

}  // namespace httphooks::socketio
