// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Values that each thread has for itself, and that others may read.
*/

#include <httphooks/detail/system/recycle.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace httphooks::detail {

/** Values, one a thread. When a thread ends, another one goes on with its value.

    @tparam T what its thread may change while others read it */
template <class T>
class per_thread {
public:
    /// The calling thread's value; null when the thread is ending.
    T* mine() {
        auto* const here = thread_cache<leases>::get();
        if (!here) return nullptr;
        return here->last_id == id_ ? here->last : take(*here);
    }

    /// Calls `f(T const&)` with the values of all threads.
    template <class Function>
    void for_each(Function f) const {
        std::lock_guard const lock(values_->mutex);
        for (auto const& v : values_->all) f(std::as_const(*v));
    }

private:
    struct store {
        std::mutex mutex{};
        std::vector<std::unique_ptr<T>> all{};
        std::vector<T*> unused{};
    };
    struct lease {
        std::weak_ptr<store> from;
        T* value;
    };
    /// What a thread has of all stores.
    struct leases {
        /// The store that was asked last, and its value.
        std::uint64_t last_id = 0;
        T* last = nullptr;
        std::vector<lease> all{};

        leases() = default;
        leases(leases const&) = delete;
        leases& operator=(leases const&) = delete;
        ~leases() {
            for (lease const& l : all)
                if (auto const s = l.from.lock()) {
                    std::lock_guard const lock(s->mutex);
                    s->unused.push_back(l.value);
                }
        }
    };

    static std::uint64_t next_id() noexcept {
        static std::atomic<std::uint64_t> last{0};
        return last.fetch_add(1, std::memory_order_relaxed) + 1;
    }

    T* take(leases& here);

    std::shared_ptr<store> values_ = std::make_shared<store>();
    std::uint64_t id_ = next_id();
};

// ---------------------------------------------------------------------------------------------

template <class T>
T* per_thread<T>::take(leases& here) {
    std::erase_if(here.all, [](lease const& l) { return l.from.expired(); });
    auto const at = std::find_if(here.all.begin(), here.all.end(),
                                 [this](lease const& l) { return l.from.lock() == values_; });
    T* value = nullptr;
    if (at != here.all.end()) {
        value = at->value;
    } else {
        here.all.reserve(here.all.size() + 1);
        std::lock_guard const lock(values_->mutex);
        if (values_->unused.empty()) {
            values_->all.push_back(std::make_unique<T>());
            values_->unused.reserve(
                values_->all.capacity());  // so that giving back does not allocate
            value = values_->all.back().get();
        } else {
            value = values_->unused.back();
            values_->unused.pop_back();
        }
        here.all.push_back({values_, value});
    }
    here.last_id = id_;
    here.last = value;
    return value;
}

}  // namespace httphooks::detail
