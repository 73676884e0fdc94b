// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/static_files.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/detail/text/quality_value.hpp>
#include <httphooks/detail/text/url_chars.hpp>
#include <httphooks/http/accept_encoding.hpp>
#include <httphooks/http/detail/content_type.hpp>
#include <httphooks/http/detail/file_reply.hpp>
#include <httphooks/http/detail/open_beneath.hpp>
#include <httphooks/message.hpp>
#include <httphooks/route_pattern.hpp>
#include <httphooks/url.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// Whether the request is for a page that a browser is to show.
inline bool is_navigation(request const& r) noexcept {
    if (auto const mode = r.find("Sec-Fetch-Mode"); mode != r.end())
        return httphooks::detail::ascii_iequals(mode->value(), "navigate");
    bool html = false;
    auto const [first, last] = r.equal_range(field::accept);
    for (auto f = first; f != last; ++f)
        httphooks::detail::for_each_element(f->value(), [&html](std::string_view element) {
            auto const wanted = httphooks::detail::read_wanted(element);
            html = html || (wanted.quality > 0 &&
                            httphooks::detail::ascii_iequals(wanted.name, "text/html"));
        });
    return html;
}

/// Whether a file's name holds a hash of its content; see cache_rule::hashed.
inline bool has_hash(std::string_view name) noexcept {
    name.remove_prefix(name.rfind('/') + 1);
    constexpr std::size_t least = 8;
    while (!name.empty()) {
        std::size_t const end = std::min(name.find_first_of(".-_"), name.size());
        std::string_view const piece = name.substr(0, end);
        if (piece.size() >= least &&
            piece.find_first_not_of("0123456789abcdefABCDEF") == piece.npos &&
            piece.find_first_of("0123456789") != piece.npos &&
            piece.find_first_not_of("0123456789") != piece.npos)
            return true;
        name.remove_prefix(std::min(end + 1, name.size()));
    }
    return false;
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
    std::vector<route_pattern> patterns;
    for (cache_rule const& rule : options.cache_rules) {
        if (rule.pattern.find_first_of("?#") != std::string::npos)
            throw std::invalid_argument("static_files: the pattern of a cache rule is of a path: " +
                                        rule.pattern);
        patterns.emplace_back(rule.pattern);
    }
    if (!detail::is_plain_path(options.fallback_file, true))
        throw std::invalid_argument(
            "static_files: the fallback file is no path below the directory: " +
            options.fallback_file);
    detail::unique_descriptor directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) throw system_error(detail::last_error(), "static_files: " + root);
    shared_ =
        std::make_shared<shared>(std::move(directory), std::move(options), std::move(patterns));
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
    bool const varies = shared_->options.precompressed;
    std::string_view const coding = varies ? find_compressed(r, from, name) : std::string_view();
    return detail::reply_with_file(
        r, std::move(from.file), from.facts,
        {content_type_of(detail::extension_of(name)), cache_control_of(name),
         shared_->options.multipart_limit, coding, varies});
}

inline std::string_view static_files::find_compressed(request const& r, opened& from,
                                                      std::string_view name) const {
    std::array<std::string_view, 2> codings{"br", "gzip"};
    accept_encoding const accepted(r);
    for (std::size_t left = codings.size(); left > 0; --left) {
        std::size_t const best = accepted.preferred(std::span(codings).first(left));
        if (best == accept_encoding::npos) break;
        std::string_view const coding = codings[best];
        opened packed = open(std::string(name).append(coding == "br" ? ".br" : ".gz"));
        if (packed.file && S_ISREG(packed.facts.st_mode) &&
            !detail::changed_before(packed.facts, from.facts)) {
            from = std::move(packed);
            return coding;
        }
        codings[best] = codings[left - 1];
    }
    return {};
}

inline std::string_view static_files::content_type_of(std::string_view extension) const {
    auto const own = shared_->options.content_types.find(extension);
    if (own != shared_->options.content_types.end()) return own->second;
    return detail::content_type_of(extension);
}

inline std::string_view static_files::cache_control_of(std::string_view name) const {
    static_files_options const& o = shared_->options;
    if (o.cache_rules.empty()) return o.cache_control;
    std::string path = "/";
    for (char const c : name) {
        if (c == '/')
            path += c;
        else
            httphooks::detail::append_canonical(path, static_cast<unsigned char>(c));
    }
    url location;
    bool const known = !location.parse(path);
    for (std::size_t i = 0; known && i < o.cache_rules.size(); ++i) {
        cache_rule const& rule = o.cache_rules[i];
        if (rule.hashed && !detail::has_hash(name)) continue;
        if (shared_->patterns[i].match(location)) return rule.cache_control;
    }
    return o.cache_control;
}

inline response static_files::reply_without_file(request const& r, std::string_view name) const {
    static_files_options const& o = shared_->options;
    response answer = error_response(status::not_found);
    if (o.fallback_file.empty()) return answer;
    std::string_view const type = content_type_of(detail::extension_of(name));
    bool const is_page =
        type == detail::content_type_of({}) || type == detail::content_type_of("html");
    if (is_page && detail::is_navigation(r)) {
        opened page = open(o.fallback_file);
        if (page.file && S_ISREG(page.facts.st_mode))
            answer = reply(r, std::move(page), o.fallback_file);
    }
    // whoever keeps one of the two answers must not give it for the other
    answer.insert(field::vary, "Accept, Sec-Fetch-Mode");
    return answer;
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
    if (!found.file) return reply_without_file(r, name);
    if (S_ISREG(found.facts.st_mode) && !slash) return reply(r, std::move(found), full);
    if (!S_ISDIR(found.facts.st_mode) || shared_->options.index.empty())
        return reply_without_file(r, name);

    if (!full.empty()) full += '/';
    full += shared_->options.index;
    found = open(full);
    if (!found.file || !S_ISREG(found.facts.st_mode)) return reply_without_file(r, name);
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
