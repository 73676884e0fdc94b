// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Files as replies: those below a directory, by a responder, or a single one.
*/

#include <httphooks/context.hpp>
#include <httphooks/http/detail/content_type.hpp>
#include <httphooks/http/detail/file_reply.hpp>
#include <httphooks/http/detail/open_beneath.hpp>
#include <httphooks/message.hpp>
#include <httphooks/url.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http {

/// How files are served.
struct static_files_options {
    /// The pattern's parameter that holds the path below the directory. A hook whose pattern has no
    /// such parameter takes the whole path.
    std::string parameter = "path";
    /// The file that stands for its directory; empty: directories are not found.
    std::string index = "index.html";
    /// The value of Cache-Control; empty: no such field.
    std::string cache_control = "public, max-age=0";
    /// Whether names that begin with a dot are served.
    bool dot_files = false;
    /// Media types by extension, without its dot, before those that are known.
    std::map<std::string, std::string, std::less<>> content_types{};
    /// Bytes of a reply with several ranges, which is put together in memory; beyond it the whole
    /// file is sent.
    std::size_t multipart_limit = 1024 * 1024;
};

/** A responder that serves the files below a directory:
    `hooks.get("/files/:path", static_files("www"))`, or with a splat parameter for a whole tree.
    Where there is no such parameter, as in `hooks.default_responder(static_files("www"))`, the
    request's path is the path below the directory.

    Regular files only, with ETag, Last-Modified, preconditions and ranges. What is outside of the
    directory, also by symbolic links, names that begin with a dot, and paths with an escaped slash
    or backslash are not found. A directory with an index file is answered with it, or, when the
    path does not end in a slash, with a redirection to the path that does.

    The directory is opened once: what takes its name later is not served. Files are opened and
    looked at on the exchange's thread; their content is read by whoever writes the reply.

    @par Thread safety
    Several threads may call it at once.
    @par Source
    RFC 9110 13 to 15; defaults of npm's send 0.18. Unlike that, several ranges are answered as
    multipart/byteranges, and HEAD ignores ranges (RFC 9110 14.2).
*/
class static_files {
public:
    /** @param root the directory
        @throws system_error it cannot be opened, or is no directory
    */
    explicit static_files(std::string const& root, static_files_options options = {});

    /// Answers one request.
    template <class State>
    void operator()(basic_context<hook_type::responder, State>& c) const {
        std::string const& parameter = shared_->options.parameter;
        auto reply = c.has_param(parameter)
                         ? serve(c.request(), c.path(), c.param(parameter))
                         : serve(c.request(), c.path(), percent_decode(below_root(c.path())));
        c.set_response(std::move(reply));
    }

private:
    struct shared {
        detail::unique_descriptor root;
        static_files_options options;
    };
    struct opened {
        detail::unique_descriptor file{};
        struct stat facts {};
    };

    static std::string_view below_root(std::string_view path) noexcept {
        return path.substr(path.starts_with('/') ? 1 : 0);
    }
    response serve(request const& r, std::string_view path, std::string_view name) const;
    /// Opens what a name stands for; no file when it is not found.
    opened open(std::string const& name) const;
    response reply(request const& r, opened from, std::string_view name) const;

    std::shared_ptr<shared const> shared_;
};

/** Answers with one file, whose path the program knows: never pass what a client sent.

    @param path of a regular file; symbolic links are followed
    @param content_type empty: by the file's extension
    @param cache_control the value of Cache-Control; empty: no such field
    @throws system_error the file cannot be opened for another reason than that it is not there;
        when it is not there, or no regular file, the response is a 404
*/
template <class State>
void send_file(basic_context<hook_type::responder, State>& c, std::string const& path,
               std::string_view content_type = {},
               std::string_view cache_control = "public, max-age=0");

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Whether an error of open says that there is no such file for the client.
inline bool is_not_found(error_code ec) noexcept {
    switch (ec.value()) {
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case EIO:
            return false;
        default:
            return true;
    }
}

/// The reply to a method that files do not have.
inline response method_of_no_file() {
    response refusal = error_response(status::method_not_allowed);
    refusal.set(field::allow, "GET, HEAD");
    return refusal;
}

inline bool is_read(request const& r) noexcept {
    return r.method() == verb::get || r.method() == verb::head;
}

inline response reply_with_path(request const& r, std::string const& path,
                                std::string_view content_type, std::string_view cache_control) {
    if (!is_read(r)) return method_of_no_file();
    unique_descriptor file(::open(path.c_str(), open_flags));
    if (!file) {
        error_code const ec = last_error();
        if (ec.value() == ENOENT || ec.value() == ENOTDIR) return error_response(status::not_found);
        throw system_error(ec, "send_file");
    }
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
        return error_response(status::not_found);
    if (content_type.empty()) content_type = content_type_of(extension_of(path));
    constexpr std::size_t multipart_limit = 1024 * 1024;
    return reply_with_file(r, std::move(file), facts,
                           {content_type, cache_control, multipart_limit});
}

}  // namespace detail

inline static_files::static_files(std::string const& root, static_files_options options) {
    detail::unique_descriptor directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) throw system_error(detail::last_error(), "static_files: " + root);
    shared_ = std::make_shared<shared>(std::move(directory), std::move(options));
}

inline auto static_files::open(std::string const& name) const -> opened {
    opened result;
    auto file = detail::open_beneath(shared_->root.get(), name);
    if (!file) {
        if (!detail::is_not_found(file.error())) throw system_error(file.error(), "static_files");
        return result;
    }
    if (::fstat(file->get(), &result.facts) == 0) result.file = std::move(*file);
    return result;
}

inline response static_files::reply(request const& r, opened from, std::string_view name) const {
    std::string_view const extension = detail::extension_of(name);
    auto const own = shared_->options.content_types.find(extension);
    std::string_view const type = own != shared_->options.content_types.end()
                                      ? std::string_view(own->second)
                                      : detail::content_type_of(extension);
    return detail::reply_with_file(
        r, std::move(from.file), from.facts,
        {type, shared_->options.cache_control, shared_->options.multipart_limit});
}

inline response static_files::serve(request const& r, std::string_view path,
                                    std::string_view name) const {
    if (!detail::is_read(r)) return detail::method_of_no_file();
    response not_found = error_response(status::not_found);
    // A hook that guards /a/b has not seen /a%2Fb.
    if (path.find("%2F") != path.npos || path.find("%5C") != path.npos) return not_found;
    bool const slash = path.ends_with('/');
    if (slash && name.ends_with('/')) name.remove_suffix(1);
    if (!detail::is_plain_path(name, shared_->options.dot_files)) return not_found;

    std::string full(name);
    opened found = open(full);
    if (!found.file) return not_found;
    if (S_ISREG(found.facts.st_mode) && !slash) return reply(r, std::move(found), full);
    if (!S_ISDIR(found.facts.st_mode) || shared_->options.index.empty()) return not_found;

    if (!full.empty()) full += '/';
    full += shared_->options.index;
    found = open(full);
    if (!found.file || !S_ISREG(found.facts.st_mode)) return not_found;
    if (slash) return reply(r, std::move(found), full);

    std::string location(path);
    location += '/';
    std::string_view const target = r.target();
    if (auto const query = target.find('?'); query != target.npos) location += target.substr(query);
    response redirection = error_response(status::moved_permanently);
    redirection.set(field::location, location);
    return redirection;
}

template <class State>
void send_file(basic_context<hook_type::responder, State>& c, std::string const& path,
               std::string_view content_type, std::string_view cache_control) {
    auto reply = detail::reply_with_path(c.request(), path, content_type, cache_control);
    c.set_response(std::move(reply));
}

}  // namespace httphooks::http
