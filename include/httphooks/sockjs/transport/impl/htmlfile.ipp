// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/transport/htmlfile.hpp>

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/callback_name.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::transport {

HTTPHOOKS_DECL std::string htmlfile_page(std::string_view callback) {
    std::string page =
        "<!doctype html>\n<html><head>\n"
        "  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n"
        "  <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n"
        "</head><body><h2>Don't panic!</h2>\n"
        "  <script>\n    document.domain = document.domain;\n    var c = parent.";
    page += callback;
    page +=
        ";\n    c.start();\n    function p(d) {c.message(d);};\n"
        "    window.onload = function() {c.stop();};\n  </script>";
    constexpr std::size_t least = 1024 + 14;
    if (page.size() < least) page.append(least - page.size(), ' ');
    return page + "\r\n\r\n";
}

HTTPHOOKS_DECL void serve_htmlfile(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                                   std::string id) {
    using namespace httphooks::sockjs::detail;
    std::optional<response> wrong;
    std::string const callback = callback_of(v.message, 64, wrong);
    if (wrong) return http::detail::reply(std::move(v), *wrong);
    response header = make_response(status::ok, {}, "text/html; charset=UTF-8");
    add_no_cache(header);
    add_cookie(header, s->options(), v.message);
    add_unbuffered(header);
    auto r = std::make_shared<receiver>(
        std::move(v), std::move(header),
        receiver_shape{framing::script, s->options().response_limit, {}}, htmlfile_page(callback));
    s->enter(std::move(id), std::move(r), "htmlfile");
}

}  // namespace httphooks::sockjs::transport
