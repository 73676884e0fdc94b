// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A function of the application's whose copies are one.
*/

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace httphooks::detail {

template <class Signature>
class shared_function;

/** A function; copies refer to the same one, so that what it keeps from one call to the next is
    kept for all of them. Who calls a copy may lose the original meanwhile. It may be one that can
    only be moved.

    Calls are not serialised. */
template <class R, class... Args>
class shared_function<R(Args...)> {
public:
    /// None; it is not to be called.
    shared_function() = default;
    template <class F>
    requires(!std::same_as<F, shared_function> && std::is_invocable_r_v<R, F&, Args...>)
        shared_function(F f)
        : f_(std::make_shared<holder<F>>(std::move(f))) {}
    /// An empty function is none.
    shared_function(std::function<R(Args...)> f) {
        if (f) f_ = std::make_shared<holder<std::function<R(Args...)>>>(std::move(f));
    }

    explicit operator bool() const noexcept { return f_ != nullptr; }
    R operator()(Args... args) const { return f_->call(std::forward<Args>(args)...); }

private:
    struct callable {
        callable() = default;
        callable(callable const&) = delete;
        callable& operator=(callable const&) = delete;
        virtual ~callable() = default;
        virtual R call(Args... args) = 0;
    };
    template <class F>
    struct holder final : callable {
        explicit holder(F&& g) : f(std::move(g)) {}
        R call(Args... args) override {
            if constexpr (std::is_void_v<R>)
                static_cast<void>(std::invoke(f, std::forward<Args>(args)...));
            else
                return std::invoke(f, std::forward<Args>(args)...);
        }
        F f;
    };

    std::shared_ptr<callable> f_{};
};

}  // namespace httphooks::detail
