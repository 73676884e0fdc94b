// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Servers within the server: whoever owns a path prefix and serves it on the connection itself.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/connection.hpp>
#include <httphooks/http/guards.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::http {

/** How a mount completes a request: with the connection when it can serve another request, without
    when the mount has taken it over or it is gone. */
using mount_handler = asio::any_completion_handler<void(error_code, std::optional<connection>)>;

/** What a mount has called, on the thread of body_begins(), when a body that was on its way is
    whole or refused, with true, or when the client has gone before, with false; may be empty. */
using body_end = std::function<void(bool)>;

/** What can be mounted: a cheap handle with a prefix that serves requests on their connections.

    `prefix()` begins with `/` and does not end with it. `async_serve()` is called on the
    connection's executor, in a server with threads on several at a time, and calls its handler
    once, on any thread. Optional members: `body_limit()`, bytes of a request's body that the mount
    takes; `dress_refusal(request const&, response&)`, called when the server itself refuses a
    request below the prefix, because it is malformed, too large or late, so that the reply can have
    more fields or another body, on any thread; of a header that is not whole or not well-formed the
    request has method, target and fields as far as they are, of the body nothing;
    `body_begins(request const&)`, called when the header of a request has come and a part of its
    body has not, which gives a body_end; `drain()`, called once when the server begins to shut
    down, from any thread. */
template <class M>
concept mountable = std::copy_constructible<M> &&
    requires(M& m, M const& c, connection conn, request r, mount_handler h) {
    { c.prefix() } -> std::convertible_to<std::string_view>;
    m.async_serve(std::move(conn), std::move(r), std::move(h));
};

namespace detail {

struct mounted {
    mounted() = default;
    mounted(mounted const&) = delete;
    mounted& operator=(mounted const&) = delete;
    virtual ~mounted() = default;
    virtual void serve(connection c, request r, mount_handler h) = 0;
    virtual void drain() = 0;
    virtual std::optional<std::uint64_t> body_limit() const = 0;
    virtual void dress_refusal(request const& r, response& reply) const = 0;
    virtual body_end body_begins(request const& r) = 0;
    /// The hooks that it is behind; null: none.
    virtual http::guards const* guarded_by() const noexcept { return nullptr; }

    std::string prefix{};
};

template <class M>
struct mounted_as final : mounted {
    explicit mounted_as(M m) : mount(std::move(m)) { prefix = std::string_view(mount.prefix()); }

    void serve(connection c, request r, mount_handler h) override {
        M handle = mount;
        handle.async_serve(std::move(c), std::move(r), std::move(h));
    }
    void drain() override {
        if constexpr (requires { mount.drain(); }) mount.drain();
    }
    std::optional<std::uint64_t> body_limit() const override {
        if constexpr (requires { mount.body_limit(); })
            return static_cast<std::uint64_t>(mount.body_limit());
        else
            return std::nullopt;
    }
    void dress_refusal(request const& r, response& reply) const override {
        if constexpr (requires { mount.dress_refusal(r, reply); }) mount.dress_refusal(r, reply);
    }
    body_end body_begins(request const& r) override {
        if constexpr (requires { mount.body_begins(r); })
            return mount.body_begins(r);
        else
            return {};
    }

    M mount;
};

/// A mount behind guards. @throws std::invalid_argument its prefix is no path that hooks take
std::shared_ptr<mounted> put_behind(std::shared_ptr<mounted> m, mount_options o);

/// Has a mount serve; the handler is called when nothing is under way on the connection any more.
void serve(std::shared_ptr<mounted> const& by, connection c, request r, mount_handler h);

}  // namespace detail

/** The mounts of a server, longest prefix first.

    A mount owns its prefix and everything below it, compared byte by byte with the raw path of the
    target, before normalisation and before hooks: of what a mount serves hooks see what they guard,
    see mount_options, and nothing else.

    @par Thread safety
    Reading is safe from any thread while nobody adds.
*/
class mounts {
public:
    /** Adds a mount.
        @throws std::invalid_argument when its prefix is malformed or taken */
    template <mountable M>
    void add(M m, mount_options o = {}) {
        add(std::make_shared<detail::mounted_as<M>>(std::move(m)), std::move(o));
    }
    /// As above, for a mount behind its interface; for servers.
    void add(std::shared_ptr<detail::mounted> m, mount_options o);

    /// Whether there is none.
    bool empty() const noexcept { return list_.empty(); }

    /// Whether a mount owns the request's path, in a target that is safe to look at.
    bool matches(request const& r) const noexcept { return find(r) != nullptr; }

    /** Has the mount that owns the path serve the request.
        @par Completes with
        (no error, connection) when the connection is free for the next request; (no error, empty)
        when it was taken over or closed; (error, empty) when it failed
        @throws std::invalid_argument when no mount matches */
    template <asio::completion_token_for<void(error_code, std::optional<connection>)> Token>
    auto async_serve(connection c, request r, Token&& token) const;

    /// The limit of the body of a request that a mount owns; nothing when it has none.
    std::optional<std::uint64_t> body_limit(request const& r) const;

    /// Tells every mount that the server shuts down.
    void drain();

    /// Calls `f(prefix, guards const*)` with each mount; null: it has none.
    template <class Function>
    void for_each(Function f) const {
        for (auto const& m : list_) f(std::string_view(m->prefix), m->guarded_by());
    }

    /// The mount that is to serve the request, or null; for servers.
    detail::mounted* find(request const& r) const noexcept;
    /// The mount that owns the path, whatever else the target has, or null; for servers.
    detail::mounted* owner(request const& r) const noexcept;

private:
    /// The mount that is to serve, told of the request. @throws std::invalid_argument none does
    std::shared_ptr<detail::mounted> begin(connection& c, request const& r) const;

    std::vector<std::shared_ptr<detail::mounted>> list_;
};

// ---------------------------------------------------------------------------------------------

template <asio::completion_token_for<void(error_code, std::optional<connection>)> Token>
auto mounts::async_serve(connection c, request r, Token&& token) const {
    auto by = begin(c, r);
    return asio::async_initiate<Token, void(error_code, std::optional<connection>)>(
        [](auto handler, std::shared_ptr<detail::mounted> m, connection conn, request req) {
            detail::serve(m, std::move(conn), std::move(req), mount_handler(std::move(handler)));
        },
        token, std::move(by), std::move(c), std::move(r));
}

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/mount.ipp>
#include <httphooks/http/impl/mount_guards.ipp>
#endif
