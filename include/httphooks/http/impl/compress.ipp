// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/compress.hpp>

#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/detail/text/quality_value.hpp>
#include <httphooks/file_body.hpp>
#include <httphooks/http/accept_encoding.hpp>
#include <httphooks/http/content_coding.hpp>
#include <httphooks/message.hpp>
#include <httphooks/stream_body.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::http {

namespace detail {

/// Whether a field that is a list has an element, whatever its parameters are.
inline bool lists(fields const& header, field name, std::string_view element) noexcept {
    bool found = false;
    auto const [first, last] = header.equal_range(name);
    for (auto f = first; f != last; ++f)
        httphooks::detail::for_each_element(f->value(), [&](std::string_view e) {
            found = found || httphooks::detail::ascii_iequals(e, element);
        });
    return found;
}

/// Whether a reply's content must stay as it is.
inline bool is_fixed(response const& reply) noexcept {
    if (httphooks::detail::has_no_content(reply.result_int()) ||
        reply.result() == status::partial_content)
        return true;
    for (auto const& f : reply) {
        if (f.name() == field::content_encoding || f.name() == field::content_range ||
            f.name() == field::digest)
            return true;
        for (std::string_view const digest : {"Content-MD5", "Content-Digest", "Repr-Digest"})
            if (httphooks::detail::ascii_iequals(f.name_string(), digest)) return true;
    }
    return lists(reply, field::cache_control, "no-transform");
}

/// Whether a media type is one of those that are meant.
inline bool is_type(std::vector<std::string> const& types, std::string_view content_type) noexcept {
    using httphooks::detail::ascii_iequals;
    std::string_view const type = httphooks::detail::trim_ows(
        content_type.substr(0, std::min(content_type.find(';'), content_type.size())));
    return std::ranges::any_of(types, [type](std::string_view meant) {
        if (meant.starts_with('+'))
            return type.size() > meant.size() &&
                   ascii_iequals(type.substr(type.size() - meant.size()), meant);
        if (meant == "*/*") return !type.empty();
        if (meant.ends_with("/*"))
            return httphooks::detail::ascii_istarts_with(type, meant.substr(0, meant.size() - 1));
        return ascii_iequals(type, meant);
    });
}

/// Whether a reply depends on Accept-Encoding, and says so.
inline bool says_vary(fields const& header) noexcept {
    return lists(header, field::vary, "Accept-Encoding") || lists(header, field::vary, "*");
}

/// Has a reply say that it depends on Accept-Encoding.
inline void vary_by_encoding(fields& header) {
    if (!says_vary(header)) header.insert(field::vary, "Accept-Encoding");
}

/// Makes a strong ETag weak.
inline void weaken_etag(fields& header) {
    std::string_view const tag = header[field::etag];
    if (tag.starts_with('"')) header.set(field::etag, "W/" + std::string(tag));
}

/// Has a header be that of a compressed reply.
inline void describe_encoded(fields& header, std::string const& coding) {
    header.set(field::content_encoding, coding);
    header.erase(field::accept_ranges);
    header.erase(field::content_length);
    weaken_etag(header);
    vary_by_encoding(header);
}

/// Compresses a stream as it goes; what is written can be read at once.
class encoding_filter final : public stream_filter {
public:
    explicit encoding_filter(content_encoder_ptr e) noexcept : encoder_(std::move(e)) {}

    HTTPHOOKS_DECL void write(std::string_view text, bool flush, std::string& out) override;
    HTTPHOOKS_DECL void finish(std::string& out) override;

private:
    content_encoder_ptr encoder_;
};

HTTPHOOKS_DECL void encoding_filter::write(std::string_view text, bool flush, std::string& out) {
    encoder_->write(text, out);
    if (flush) encoder_->flush(out);
}

HTTPHOOKS_DECL void encoding_filter::finish(std::string& out) {
    encoder_->end(out);
}

/// Whether a 304 is for the reply that was compressed, whose tag is weak.
inline bool confirms_weak_tag(request const& asked, response const& reply) {
    std::string_view const tag = reply[field::etag];
    if (reply.result() != status::not_modified || !tag.starts_with('"')) return false;
    std::string const weak = "W/" + std::string(tag);
    auto const [first, last] = asked.equal_range(field::if_none_match);
    return std::any_of(first, last,
                       [&](auto const& f) { return f.value().find(weak) != f.value().npos; });
}

}  // namespace detail

struct compress::settings {
    compress_options options;
    /// Of the codings.
    std::vector<std::string_view> names{};
};

/// What becomes of a reply.
struct compress::plan {
    /// Whether it would be compressed for a client that takes it.
    bool varies = false;
    /// By which it is compressed; null: by none.
    content_coding const* coding = nullptr;
    /// Whether it is compressed even if it becomes larger.
    bool must = false;
};

HTTPHOOKS_DECL compress::compress(compress_options o) {
    if (o.codings.empty()) throw std::invalid_argument("compress: there is no coding");
    auto made = std::make_shared<settings>(settings{std::move(o)});
    for (auto const& c : made->options.codings) {
        if (!c) throw std::invalid_argument("compress: a coding is null");
        if (std::ranges::any_of(made->names,
                                [&c](auto name) { return same_coding(name, c->name()); }))
            throw std::invalid_argument("compress: two codings of one name: " + c->name());
        made->names.push_back(c->name());
    }
    settings_ = std::move(made);
}

HTTPHOOKS_DECL compress_options const& compress::options() const noexcept {
    return settings_->options;
}

inline auto compress::judge(request const& asked, response const& reply) const -> plan {
    compress_options const& o = settings_->options;
    std::uint64_t size = response_body::size(reply.body());
    if (auto const stream = reply.body().stream()) {
        if (stream->started()) return {};  // it is another reply's
        // it may become as long as it likes
        if (!stream->length()) size = std::max<std::uint64_t>(o.threshold, 1);
    }
    if (size == 0 || detail::is_fixed(reply)) return {};
    if (reply.body().file() && size > o.file_limit) return {};
    accept_encoding const accepted(asked);
    bool const must = accepted.refuses_identity();
    bool const is_meant =
        size >= o.threshold && detail::is_type(o.types, reply[field::content_type]);
    if (!is_meant && !must) return {};
    if (o.filter && !o.filter(asked, reply)) return {};
    plan p{.varies = true, .must = must};
    std::size_t const best = accepted.preferred(settings_->names);
    if (best != accept_encoding::npos) p.coding = o.codings[best].get();
    return p;
}

/// @return whether it has become smaller, or must be taken all the same
inline bool compress::encode(plan const& p, std::string_view body, std::string& out) const {
    if (!p.coding) return false;
    p.coding->encode(body, out);
    return p.must || out.size() < body.size();
}

inline void compress::compress_stream(content_coding const& coding, stream_body& body,
                                      fields& header) {
    body.filter(std::make_unique<detail::encoding_filter>(coding.encoder()));
    detail::describe_encoded(header, coding.name());
}

HTTPHOOKS_DECL void compress::apply(request const& asked, response& reply) const {
    plan const p = judge(asked, reply);
    if (!p.varies) {
        if (detail::confirms_weak_tag(asked, reply)) {
            detail::weaken_etag(reply);
            detail::vary_by_encoding(reply);
        }
        return;
    }
    auto& body = reply.body();
    if (auto const stream = body.stream()) {
        if (p.coding)
            compress_stream(*p.coding, *stream, reply);
        else
            detail::vary_by_encoding(reply);
        return;
    }
    std::string text;
    bool good = p.coding != nullptr;
    if (good && body.file()) {
        auto read = body.file()->read_all();
        good = read && read->size() == body.file()->size();
        if (good) text = std::move(*read);
    }
    std::string out = httphooks::detail::take_string();
    if (good && encode(p, body.file() ? text : static_cast<std::string const&>(body), out)) {
        detail::describe_encoded(reply, p.coding->name());
        text = std::exchange(static_cast<std::string&>(body), std::string());
        body = std::move(out);
        httphooks::detail::give_string(std::move(text));
    } else {
        detail::vary_by_encoding(reply);
        httphooks::detail::give_string(std::move(out));
    }
}

HTTPHOOKS_DECL std::optional<response> compress::compressed(request const& asked,
                                                            response const& reply,
                                                            bool& varies) const {
    std::optional<response> made;
    plan const p = judge(asked, reply);
    bool const confirms = detail::confirms_weak_tag(asked, reply);
    std::string out;
    if (auto const stream = reply.body().stream(); stream && p.coding) {
        made.emplace(reply);
        compress_stream(*p.coding, *stream, *made);
    } else if (reply.body().is_text() && encode(p, reply.body(), out)) {
        made.emplace(reply.base(), std::move(out));
        detail::describe_encoded(*made, p.coding->name());
    } else if (confirms) {
        made.emplace(reply.base());
        detail::weaken_etag(*made);
        detail::vary_by_encoding(*made);
    }
    varies = p.varies && !detail::says_vary(reply);
    return made;
}

}  // namespace httphooks::http
