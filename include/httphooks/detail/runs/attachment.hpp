// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What services keep with an exchange, for its hooks, and no message can name: sessions.
*/

#include <httphooks/fields.hpp>

#include <atomic>
#include <cstdint>
#include <memory>

namespace httphooks::detail {

class pipeline;
struct hook_entry;

/// Something of a service that goes with one exchange.
class attachment {
public:
    /** @param key what it is found by: an address of the service's
        @param hook the hook that asked for it first; its errors are reported as this one's */
    attachment(void const* key, hook_entry const& hook) noexcept : key_(key), hook_(&hook) {}
    attachment(attachment const&) = delete;
    attachment& operator=(attachment const&) = delete;
    virtual ~attachment() = default;

    /// Called once, when all that answer have run and the reply is about to be made; not when the
    /// exchange is cancelled. What it throws makes the reply a 500.
    virtual void before_reply(fields& reply_headers) = 0;

    /// What runs in front of that, when there is something to wait for: a hook of the form
    /// `void(context&, done)`, which lives as long as this. When it fails, so does the reply, and
    /// before_reply() is not called. Null: nothing.
    virtual hook_entry const* waits_for() const noexcept { return nullptr; }

    void const* key() const noexcept { return key_; }
    hook_entry const& hook() const noexcept { return *hook_; }
    attachment* next() const noexcept { return next_; }

private:
    friend class attachments;
    friend class pipeline;

    /// What was told of the reply; for the pipeline.
    enum class progress : std::uint8_t { none, waiting, told };

    void const* key_;
    hook_entry const* hook_;
    attachment* next_ = nullptr;
    progress progress_ = progress::none;
};

/** The attachments of an exchange. They are added, never removed, until the exchange ends.

    @par Thread safety
    first(), find() and add(): all threads.
*/
class attachments {
public:
    attachments() = default;
    attachments(attachments const&) = delete;
    attachments& operator=(attachments const&) = delete;
    ~attachments() { clear(); }

    attachment* first() const noexcept { return first_.load(std::memory_order_acquire); }

    /// The one with this key; null: there is none.
    attachment* find(void const* key) const noexcept {
        attachment* a = first();
        while (a && a->key() != key) a = a->next();
        return a;
    }

    /// Adds one, unless another thread has added one with its key. @return the one that is there
    attachment& add(std::unique_ptr<attachment> a) noexcept {
        for (;;) {
            a->next_ = first();
            for (attachment* there = a->next_; there; there = there->next())
                if (there->key() == a->key()) return *there;
            attachment* expected = a->next_;
            if (first_.compare_exchange_strong(expected, a.get(), std::memory_order_acq_rel))
                return *a.release();
        }
    }

    /// Ends all.
    void clear() noexcept {
        if (!first_.load(std::memory_order_relaxed)) return;
        attachment* a = first_.exchange(nullptr, std::memory_order_acq_rel);
        while (a) {
            std::unique_ptr<attachment> const ended(a);
            a = a->next_;
        }
    }

private:
    std::atomic<attachment*> first_{nullptr};
};

}  // namespace httphooks::detail
