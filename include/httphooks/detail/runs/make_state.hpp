// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How the hooks' state is made, erased.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/recycle.hpp>

#include <new>

namespace httphooks {

/// The state of a registry whose hooks share none.
struct no_state {};

namespace detail {

/// How what the hooks of an exchange share is made; null functions: they share nothing.
struct state_type {
    void* (*make)() = nullptr;
    void (*destroy)(void*) noexcept = nullptr;
};

/// Makes a `State` in memory that is kept for the next one.
template <class State>
void* make_state() {
    if constexpr (alignof(State) > __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
        return new State();
    } else {
        void* const memory = block_cache::allocate(sizeof(State));
        try {
            return ::new (memory) State();
        } catch (...) {
            block_cache::deallocate(memory, sizeof(State));
            throw;
        }
    }
}

template <class State>
void destroy_state(void* state) noexcept {
    if constexpr (alignof(State) > __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
        delete static_cast<State*>(state);
    } else {
        static_cast<State*>(state)->~State();
        block_cache::deallocate(state, sizeof(State));
    }
}

template <class State>
constexpr state_type state_of() noexcept {
    return {&make_state<State>, &destroy_state<State>};
}
template <>
constexpr state_type state_of<no_state>() noexcept {
    return {};
}

}  // namespace detail
}  // namespace httphooks
