// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A function that is called while its caller waits, whatever its type.
*/

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace httphooks::detail {

template <class Signature>
class function_ref;

/// A reference to something callable, which lives as long as the call that the reference is an
/// argument of.
template <class Result, class... Args>
class function_ref<Result(Args...)> {
public:
    template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, function_ref> &&
             std::is_invocable_r_v<Result, F&, Args...>) function_ref(F&& f)
    noexcept
        : object_(const_cast<void*>(static_cast<void const*>(std::addressof(f)))),
          call_([](void* object, Args... args) -> Result {
              return (*static_cast<std::remove_reference_t<F>*>(object))(
                  std::forward<Args>(args)...);
          }) {}

    Result operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

private:
    void* object_;
    Result (*call_)(void*, Args...);
};

}  // namespace httphooks::detail
