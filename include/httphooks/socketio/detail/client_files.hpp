// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The script files of Socket.IO's client, for pages to load from the server.
*/

#include <httphooks/http/detail/content_type.hpp>
#include <httphooks/http/detail/file_reply.hpp>
#include <httphooks/http/detail/open_beneath.hpp>
#include <httphooks/http/framing_guard.hpp>
#include <httphooks/message.hpp>

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio::detail {

/** Whether a name is that of a script of the client, or of its source map: `socket.io.js`, with
    `.msgpack` or `.esm`, with `.min`, with `.map`.
    @par Source
    socket.io 4.8, serveClient */
inline bool is_client_file(std::string_view name) noexcept {
    auto const take = [&name](std::string_view part) {
        if (!name.starts_with(part)) return false;
        name.remove_prefix(part.size());
        return true;
    };
    if (!take("socket.io")) return false;
    if (!take(".msgpack")) take(".esm");
    take(".min");
    if (!take(".js")) return false;
    take(".map");
    return name.empty();
}

/** The reply to a request for a script of the client; nothing when the request is for something
    else.
    @param folder where the scripts are; empty: there are none
    @param prefix where the server is mounted */
inline std::optional<response> client_file(std::string const& folder, std::string_view prefix,
                                           request const& r) {
    if (folder.empty() || (r.method() != verb::get && r.method() != verb::head))
        return std::nullopt;
    auto const raw = r.target();
    std::string_view path = http::detail::target_path({raw.data(), raw.size()});
    if (path.size() <= prefix.size() + 1) return std::nullopt;
    path.remove_prefix(prefix.size() + 1);
    if (!is_client_file(path)) return std::nullopt;
    std::string const name = folder + '/' + std::string(path);
    http::detail::unique_descriptor file(::open(name.c_str(), http::detail::open_flags));
    struct stat facts {};
    if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
        return error_response(status::not_found);
    constexpr std::size_t multipart_limit = 1024 * 1024;
    auto reply = http::detail::reply_with_file(
        r, std::move(file), facts,
        {http::detail::content_type_of(http::detail::extension_of(path)), "public, max-age=0",
         multipart_limit});
    if (reply.body().load()) return error_response(status::internal_server_error);
    return reply;
}

}  // namespace httphooks::socketio::detail
