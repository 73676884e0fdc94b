// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/client.hpp>

#include <httphooks/http/detail/begin_connect.hpp>
#include <httphooks/socketio/client_options.hpp>
#include <httphooks/socketio/client_socket.hpp>
#include <httphooks/socketio/error.hpp>

#include <boost/system/system_error.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

namespace detail {

HTTPHOOKS_DECL result<client_target> read_client_target(std::string text, client_options const& o) {
    auto const parsed = http::detail::read_service_url(std::move(text), o.engine.tls != nullptr);
    if (!parsed) return parsed.error();
    std::size_t const mark = parsed->target.find('?');
    client_target to;
    to.nsp = parsed->target.substr(0, mark);
    if (to.nsp.find(',') != to.nsp.npos) return make_error_code(error::bad_namespace);
    to.url = parsed->tls ? "https://" : "http://";
    to.url.append(parsed->host_field()).append(o.path).append("/");
    if (mark != parsed->target.npos) to.url.append(parsed->target, mark);
    return to;
}

}  // namespace detail

HTTPHOOKS_DECL client_socket client::of(std::string_view nsp) {
    if (nsp.find(',') != nsp.npos)
        throw boost::system::system_error(make_error_code(error::bad_namespace));
    std::string name(nsp.starts_with('/') ? "" : "/");
    return client_socket(manager_->of(name.append(nsp)));
}

}  // namespace httphooks::socketio
