// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Functions whose last argument is something else than the others.
*/

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace httphooks::socketio::detail {

template <class... Args>
struct last_of {
    using type = void;
};
template <class First, class... Rest>
struct last_of<First, Rest...> {
    using type = std::tuple_element_t<
        sizeof...(Rest), std::tuple<std::type_identity<First>, std::type_identity<Rest>...>>::type;
};
/// The last of some types; void of none.
template <class... Args>
using last_of_t = typename last_of<Args...>::type;

/// Calls `f(last, others...)`.
template <class F, class... Args>
decltype(auto) with_last(F f, Args&&... args) {
    return [&]<std::size_t... I>(std::index_sequence<I...>, auto all)->decltype(auto) {
        return f(std::get<sizeof...(Args) - 1>(std::move(all)), std::get<I>(all)...);
    }
    (std::make_index_sequence<sizeof...(Args) - 1>(),
     std::forward_as_tuple(std::forward<Args>(args)...));
}

}  // namespace httphooks::socketio::detail
