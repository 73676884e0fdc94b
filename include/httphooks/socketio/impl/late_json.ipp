// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/late_json.hpp>

#include <httphooks/socketio/detail/payload.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

namespace detail {

/// What is a document already.
class document_source final : public late_source {
public:
    explicit document_source(nlohmann::json value) : late_source(std::move(value)) {}
    HTTPHOOKS_DECL void append_to(payload& to) const override { append_document(to, made()); }

private:
    HTTPHOOKS_DECL void make(nlohmann::json&) const override {}
};

/// What came as text.
class text_source final : public late_source {
public:
    explicit text_source(std::string_view text) : text_(text) {}
    HTTPHOOKS_DECL void append_to(payload& to) const override { to.text.append(text_); }

private:
    HTTPHOOKS_DECL void make(nlohmann::json& to) const override { to = document_of(text_, {}); }

    std::string text_;
};

/// A text that others keep, too.
class shared_text_source final : public late_source {
public:
    explicit shared_text_source(std::shared_ptr<std::string const> text) : text_(std::move(text)) {}
    HTTPHOOKS_DECL void append_to(payload& to) const override { to.text.append(*text_); }

private:
    HTTPHOOKS_DECL void make(nlohmann::json& to) const override { to = document_of(*text_, {}); }

    std::shared_ptr<std::string const> text_;
};

/// An empty object, which most sockets have for data: all share one.
inline std::shared_ptr<late_source const> const& empty_object() {
    static std::shared_ptr<late_source const> const one = std::make_shared<text_source>("{}");
    return one;
}

}  // namespace detail

HTTPHOOKS_DECL std::shared_ptr<detail::late_source const> late_json::source_of(
    nlohmann::json value) {
    if (value.is_null()) return nullptr;
    if (value.is_object() && value.empty()) return detail::empty_object();
    return std::make_shared<detail::document_source>(std::move(value));
}

HTTPHOOKS_DECL late_json late_json::from_text(std::string_view text) {
    if (text == "null") return {};
    if (text == "{}") return late_json(detail::empty_object());
    return late_json(std::make_shared<detail::text_source>(text));
}

HTTPHOOKS_DECL late_json late_json::from_text(std::shared_ptr<std::string const> text) {
    return late_json(std::make_shared<detail::shared_text_source>(std::move(text)));
}

HTTPHOOKS_DECL nlohmann::json const& late_json::get() const {
    static nlohmann::json const null;
    return source_ ? source_->document() : null;
}

HTTPHOOKS_DECL void late_json::append_to(packet_data& to) const {
    if (source_)
        source_->append_to(to);
    else
        detail::append_null(to.text);
}

}  // namespace httphooks::socketio
