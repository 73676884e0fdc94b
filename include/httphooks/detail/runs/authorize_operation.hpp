// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The bridge from an exchange that only judges a request to a completion token.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/error.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// See exchange::authorize_only().
void authorize_only(exchange& ex) noexcept;

/// Takes the reply of an exchange that judges a request for a handler that wants a refusal or
/// nothing.
template <class Handler>
struct refusal_handler {
    Handler handler;

    void operator()(error_code ec, response&& reply) {
        std::optional<response> refusal;
        // no hook can set this status: it says that the request may go on
        if (!ec && reply.result() != status::continue_) refusal.emplace(std::move(reply));
        std::move(handler)(ec, std::move(refusal));
    }
};

/// A request without its body.
template <class Fields>
request header_of(beast::http::header<true, Fields> const& from) {
    request r;
    std::string_view method_text;
    if (from.method() == verb::unknown) method_text = from.method_string();
    take_start_line(r, from.method(), method_text, from.target(), from.version());
    for (auto const& f : from) r.append_parsed(f.name(), f.name_string(), f.value());
    return r;
}

/// Has hooks judge a request, for a handler.
struct initiate_authorize {
    template <class Handler>
    void operator()(Handler handler, std::shared_ptr<exchange_factory> hooks,
                    asio::any_io_executor const& fallback, request header, origin from) const {
        asio::any_io_executor const executor = asio::get_associated_executor(handler, fallback);
        exchange_ptr ex = hooks->make_exchange(executor, nullptr);
        incoming_of(*ex) = std::move(header);
        origin_of(*ex) = std::move(from);
        authorize_only(*ex);
        refusal_handler<Handler> wanted{std::move(handler)};
        if (!runs_here(executor))
            return dispatch_exchange(erase_handler(std::move(wanted)), std::move(ex),
                                     std::move(hooks));
        if (!start(*ex)) return wait_for_reply(erase_handler(std::move(wanted)), std::move(ex));
        asio::post(executor,
                   reply_delivery<refusal_handler<Handler>>(std::move(wanted), std::move(ex)));
    }
};

}  // namespace httphooks::detail

/// @cond
template <template <class, class> class Associator, class Handler, class Default>
struct boost::asio::associator<Associator, httphooks::detail::refusal_handler<Handler>, Default>
    : Associator<Handler, Default> {
    static auto get(httphooks::detail::refusal_handler<Handler> const& h) noexcept {
        return Associator<Handler, Default>::get(h.handler);
    }
    static auto get(httphooks::detail::refusal_handler<Handler> const& h,
                    Default const& d) noexcept {
        return Associator<Handler, Default>::get(h.handler, d);
    }
};
/// @endcond
