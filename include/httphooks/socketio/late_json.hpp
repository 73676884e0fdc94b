// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    JSON that is made a document when somebody asks for it.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <nlohmann/json.hpp>

#include <concepts>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks::socketio {

namespace detail {

/// What a document is made of, once. Thread-safe.
class late_source {
public:
    late_source() = default;
    late_source(late_source const&) = delete;
    late_source& operator=(late_source const&) = delete;
    virtual ~late_source() = default;

    nlohmann::json const& document() const {
        std::call_once(made_, [this] { make(document_); });
        return document_;
    }
    /// Appends the JSON.
    virtual void append_to(payload& to) const = 0;

protected:
    /// What is a document already.
    explicit late_source(nlohmann::json value) : document_(std::move(value)) {}
    nlohmann::json const& made() const noexcept { return document_; }
    virtual void make(nlohmann::json& to) const = 0;

private:
    mutable std::once_flag made_{};
    mutable nlohmann::json document_{};
};

}  // namespace detail

/** A JSON value, that converts to a document. One that came as text, or that others can write,
    stays so until it is asked for; copies share it.

    Servers tell each other of thousands of sockets, of which an application looks at a few.
    @par Thread safety
    Reading: all threads. */
class late_json {
public:
    /// Null.
    late_json() = default;
    /// A document, or what converts to one.
    template <std::convertible_to<nlohmann::json> T>
    requires(!std::derived_from<std::remove_cvref_t<T>, late_json>) late_json(T&& value)
        : source_(source_of(nlohmann::json(std::forward<T>(value)))) {}
    /// For servers.
    explicit late_json(std::shared_ptr<detail::late_source const> source)
        : source_(std::move(source)) {}
    /// A text that has been found to be JSON.
    static late_json from_text(std::string_view text);
    /// The same, that others keep, too.
    static late_json from_text(std::shared_ptr<std::string const> text);

    /// The document. @throws std::bad_alloc
    nlohmann::json const& get() const;
    operator nlohmann::json const&() const { return get(); }

    /// Appends its JSON, and bytes that are in it.
    void append_to(packet_data& to) const;

private:
    /// Null for null.
    static std::shared_ptr<detail::late_source const> source_of(nlohmann::json value);

    std::shared_ptr<detail::late_source const> source_{};
};

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/late_json.ipp>
#endif
