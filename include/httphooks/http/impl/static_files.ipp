// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/static_files.hpp>

#include <httphooks/http/detail/content_type.hpp>
#include <httphooks/http/detail/file_reply.hpp>
#include <httphooks/http/detail/open_beneath.hpp>
#include <httphooks/message.hpp>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>

namespace httphooks::http {

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

HTTPHOOKS_DECL response reply_with_path(request const& r, std::string const& path,
                                        std::string_view content_type,
                                        std::string_view cache_control) {
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

HTTPHOOKS_DECL static_files::static_files(std::string const& root, static_files_options options) {
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

HTTPHOOKS_DECL response static_files::reply(request const& r, opened from,
                                            std::string_view name) const {
    std::string_view const extension = detail::extension_of(name);
    auto const own = shared_->options.content_types.find(extension);
    std::string_view const type = own != shared_->options.content_types.end()
                                      ? std::string_view(own->second)
                                      : detail::content_type_of(extension);
    return detail::reply_with_file(
        r, std::move(from.file), from.facts,
        {type, shared_->options.cache_control, shared_->options.multipart_limit});
}

HTTPHOOKS_DECL response static_files::serve(request const& r, std::string_view path,
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

}  // namespace httphooks::http
