// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Functions with arguments of their own types as handlers of events and acknowledgements.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/bad_argument.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace httphooks::socketio::detail {

struct incoming_call;

/// Where handlers run, and who is told of what went wrong with them: a socket.
class handler_host {
public:
    virtual asio::any_io_executor executor() const = 0;
    /// A handler was not called.
    virtual void on_bad_argument(incoming_call const& call, bad_argument const& what) = 0;
    /// What a handler threw. @param ack of the event @param event its name
    virtual void on_exception(std::exception_ptr what, std::string_view event,
                              acknowledgement const& ack) = 0;
    /// What keeps it, for a coroutine.
    virtual std::shared_ptr<handler_host> handle() = 0;

protected:
    ~handler_host() = default;
};

/// An event on its way to a handler; whoever makes it keeps the host.
struct incoming_call {
    std::string_view event;
    arguments const& args;
    acknowledgement const& ack;
    handler_host& host;
    /// How many handlers it does not fit.
    mutable std::size_t unfit = 0;
    /// Why it does not fit the last one of them.
    mutable error_code why{};
};

/// A handler of any signature. What it throws passes through, unless it is a coroutine.
using event_handler = std::function<void(incoming_call const&)>;
/// What is called with an acknowledgement, or with the error that came instead.
using ack_handler = std::function<void(error_code, arguments const&)>;

/** Makes a handler.

    F takes values that arguments::get() gives, then an acknowledgement if it likes; or all as
    `arguments const&`, and an acknowledgement if it likes. It returns nothing, or a value that is
    acknowledged if the client asked; or an asio::awaitable of such, which runs on the host's
    executor. It is not called when an argument is missing or of the wrong kind. */
template <class F>
event_handler make_event_handler(F f);

/** Makes what an acknowledgement calls.

    F takes an error_code, then values that arguments::get() gives, or `arguments const&`. What is
    missing or of the wrong kind is an error, with values as their types make them. */
template <class F>
ack_handler make_ack_handler(F f);

// ---------------------------------------------------------------------------------------------

template <class... P>
struct parameters {};

template <class S>
struct signature;
template <class R, class... P>
struct signature<R(P...)> {
    using list = parameters<P...>;
};
#define HTTPHOOKS_DETAIL_SIGNATURE(QUALIFIERS) \
    template <class C, class R, class... P>    \
    struct signature<R (C::*)(P...) QUALIFIERS> : signature<R(P...)> {};
HTTPHOOKS_DETAIL_SIGNATURE()
HTTPHOOKS_DETAIL_SIGNATURE(const)
HTTPHOOKS_DETAIL_SIGNATURE(noexcept)
HTTPHOOKS_DETAIL_SIGNATURE(const noexcept)
#undef HTTPHOOKS_DETAIL_SIGNATURE
template <class R, class... P>
struct signature<R (*)(P...)> : signature<R(P...)> {};
template <class R, class... P>
struct signature<R (*)(P...) noexcept> : signature<R(P...)> {};

template <class F>
concept has_call_operator = requires {
    &F::operator();
};
template <class F>
concept plain_function = std::is_function_v<std::remove_pointer_t<F>>;

/// What F takes; a function that takes anything is given all arguments, and the acknowledgement if
/// it takes that.
template <class F>
struct parameters_of {
    using type = std::conditional_t<std::invocable<F&, arguments const&, acknowledgement>,
                                    parameters<arguments const&, acknowledgement>,
                                    parameters<arguments const&>>;
};
template <has_call_operator F>
struct parameters_of<F> {
    using type = typename signature<decltype(&F::operator())>::list;
};
template <plain_function F>
struct parameters_of<F> {
    using type = typename signature<F>::list;
};

/// What is kept for a parameter.
template <class P>
struct argument_value {
    using type = std::remove_cvref_t<P>;
};
template <class P>
requires std::same_as<std::remove_cvref_t<P>, std::string_view>
struct argument_value<P> {
    using type = std::string;
};

/// The value for the parameter at a place.
struct argument_reader {
    arguments const& args;
    acknowledgement const& ack;
    error_code failed{};
    std::size_t index = 0;

    template <class T>
    void read(T& to, std::size_t i) {
        if (failed) return;
        index = i;
        if constexpr (std::same_as<T, acknowledgement>)
            to = ack;
        else if constexpr (std::same_as<T, arguments>)
            to = args;
        else
            failed = args.read(to, i);
    }
    template <class... T>
    bool read_all(std::tuple<T...>& to) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (read(std::get<I>(to), I), ...);
        }
        (std::index_sequence_for<T...>());
        return !failed;
    }
};

template <class P, class T>
decltype(auto) pass_argument(T& value) {
    if constexpr (std::is_lvalue_reference_v<P>)
        return static_cast<T&>(value);
    else if constexpr (std::same_as<std::remove_cvref_t<P>, std::string_view>)
        return std::string_view(value);
    else
        return static_cast<T&&>(value);
}

template <class R>
struct awaited {
    static constexpr bool is_awaitable = false;
    using type = R;
};
template <class R, class E>
struct awaited<asio::awaitable<R, E>> {
    static constexpr bool is_awaitable = true;
    using type = R;
};

/// Calls a function with values for its parameters.
template <class F, class... P, class... T>
decltype(auto) call_with(F& f, parameters<P...>, std::tuple<T...>& values) {
    return [&]<std::size_t... I>(std::index_sequence<I...>)->decltype(auto) {
        return std::invoke(f, pass_argument<P>(std::get<I>(values))...);
    }
    (std::index_sequence_for<P...>());
}

/// Calls a function with what it takes of an event, and acknowledges what it returns.
template <class F, class List = typename parameters_of<F>::type>
class typed_handler;

template <class F, class... P>
class typed_handler<F, parameters<P...>> {
    using values = std::tuple<typename argument_value<P>::type...>;
    using returned = std::invoke_result_t<F&, P...>;

public:
    static constexpr bool is_coroutine = awaited<returned>::is_awaitable;

    explicit typed_handler(F&& f) : f_(std::move(f)) {}

    /// Calls a function that is no coroutine.
    void operator()(incoming_call const& call);
    /// Starts a coroutine, which keeps the handler.
    static void start(std::shared_ptr<typed_handler> const& self, incoming_call const& call);

private:
    /// Whether the function takes an event as it is.
    static constexpr bool takes_all =
        std::same_as<parameters<P...>, parameters<arguments const&, acknowledgement const&>>;

    /// What a coroutine refers to.
    struct running {
        std::shared_ptr<typed_handler> self;
        std::shared_ptr<handler_host> host;
        std::string event;
        acknowledgement ack;
        values given{};

        void failed(std::exception_ptr what) { host->on_exception(std::move(what), event, ack); }
    };

    static bool read(values& to, incoming_call const& call);

    F f_;
};

template <class F, class... P>
bool typed_handler<F, parameters<P...>>::read(values& to, incoming_call const& call) {
    argument_reader reader{call.args, call.ack};
    if (reader.read_all(to)) return true;
    ++call.unfit;
    call.why = reader.failed;
    call.host.on_bad_argument(call, {call.event, reader.index, reader.failed});
    return false;
}

template <class F, class... P>
void typed_handler<F, parameters<P...>>::operator()(incoming_call const& call) {
    if constexpr (takes_all && std::is_void_v<returned>) {
        f_(call.args, call.ack);
    } else {
        values given;
        if (!read(given, call)) return;
        if constexpr (std::is_void_v<returned>)
            call_with(f_, parameters<P...>(), given);
        else
            call.ack(call_with(f_, parameters<P...>(), given));
    }
}

void keep_argument(arguments& a);
template <class T>
void keep_argument(T&) noexcept {}

template <class F, class... P>
void typed_handler<F, parameters<P...>>::start(std::shared_ptr<typed_handler> const& self,
                                               incoming_call const& call) {
    auto const run = std::make_shared<running>(
        running{self, call.host.handle(), std::string(call.event), call.ack});
    if (!read(run->given, call)) return;
    std::apply([](auto&... value) { (keep_argument(value), ...); }, run->given);
    auto task = call_with(self->f_, parameters<P...>(), run->given);
    if constexpr (std::is_void_v<typename awaited<returned>::type>)
        asio::co_spawn(call.host.executor(), std::move(task), [run](std::exception_ptr thrown) {
            if (thrown) run->failed(thrown);
        });
    else
        asio::co_spawn(call.host.executor(), std::move(task),
                       [run](std::exception_ptr thrown, auto const& value) {
                           if (thrown)
                               run->failed(thrown);
                           else
                               run->ack(value);
                       });
}

template <class F>
event_handler make_event_handler(F f) {
    using handler = typed_handler<F>;
    if constexpr (handler::is_coroutine)
        return [h = std::make_shared<handler>(std::move(f))](incoming_call const& call) {
            handler::start(h, call);
        };
    else if constexpr (std::copy_constructible<F>)
        return handler(std::move(f));
    else
        return [h = std::make_shared<handler>(std::move(f))](incoming_call const& call) {
            (*h)(call);
        };
}

/// What the function of an acknowledgement takes behind the error; nothing unless it is one.
template <class List>
struct acknowledged_parameters {};
template <class E, class... P>
requires std::same_as<std::remove_cvref_t<E>, error_code>
struct acknowledged_parameters<parameters<E, P...>> {
    using type = parameters<P...>;
};

template <class F>
struct ack_parameters_of {};
template <class F>
requires(has_call_operator<F> || plain_function<F>) struct ack_parameters_of<F>
    : acknowledged_parameters<typename parameters_of<F>::type> {
};
template <class F>
requires(!has_call_operator<F> &&
         std::invocable<F&, error_code, arguments const&>) struct ack_parameters_of<F> {
    using type = parameters<arguments const&>;
};

/// Whether make_ack_handler() takes it: the last argument of `emit` is then no argument.
template <class F>
concept ack_function = requires {
    typename ack_parameters_of<std::decay_t<F>>::type;
};

template <class F, class... P>
void call_acknowledged(F& f, error_code e, arguments const& args, parameters<P...>) {
    std::tuple<typename argument_value<P>::type...> given;
    acknowledgement const none;
    argument_reader reader{args, none, e};
    reader.read_all(given);
    auto with_error = [&](auto&&... values) {
        std::invoke(f, reader.failed, std::forward<decltype(values)>(values)...);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        with_error(pass_argument<P>(std::get<I>(given))...);
    }
    (std::index_sequence_for<P...>());
}

template <class F>
ack_handler make_ack_handler(F f) {
    using list = typename ack_parameters_of<F>::type;
    return [shared = std::make_shared<F>(std::move(f))](error_code e, arguments const& args) {
        call_acknowledged(*shared, e, args, list());
    };
}

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/typed_handler.ipp>
#endif
