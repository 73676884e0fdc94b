// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Functions that are called when something happens, and may change what is called then.
*/

#include <httphooks/socketio/handler_id.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio::detail {

/** Handlers by name, in order. A handler may add and take away others, and itself: what is added
    while handlers are called is not called then, what is taken away neither. */
template <class Signature>
class handler_list {
public:
    using function = std::function<Signature>;

    handler_id add(std::string_view name, function f, bool once = false, bool first = false) {
        auto at = entries_.before_begin();
        if (!first)
            for (auto next = entries_.begin(); next != entries_.end(); ++next) at = next;
        entries_.insert_after(at, entry{std::string(name), std::move(f), ++last_, once});
        return handler_id{last_};
    }
    bool remove(handler_id id) {
        return remove_if([&](entry const& e) { return handler_id(e.id) == id; });
    }
    bool remove(std::string_view name) {
        return remove_if([&](entry const& e) { return e.name == name; });
    }
    void clear() {
        remove_if([](entry const&) { return true; });
    }
    bool empty() const noexcept { return entries_.empty(); }
    std::size_t count(std::string_view name) const {
        return static_cast<std::size_t>(
            std::count_if(entries_.begin(), entries_.end(),
                          [&](entry const& e) { return !e.dead && e.name == name; }));
    }

    /// Calls the handlers of a name. @return how many there were
    template <class... Args>
    std::size_t call(std::string_view name, Args const&... args) {
        std::size_t called = 0;
        std::uint64_t const newest = last_;
        calling const guard(*this);
        for (entry& e : entries_) {
            if (e.dead || e.id > newest || e.name != name) continue;
            ++called;
            if (e.once) dead_ = e.dead = true;
            e.f(args...);
        }
        return called;
    }

private:
    struct entry {
        std::string name;
        function f;
        std::uint64_t id;
        bool once;
        bool dead = false;
    };

    /// While it lives, no entry is destroyed.
    struct calling {
        explicit calling(handler_list& l) noexcept : list(l) { ++list.depth_; }
        calling(calling const&) = delete;
        calling& operator=(calling const&) = delete;
        ~calling() {
            if (--list.depth_ == 0 && list.dead_) list.settle();
        }
        handler_list& list;
    };

    template <class Predicate>
    bool remove_if(Predicate p) {
        bool any = false;
        for (entry& e : entries_)
            if (!e.dead && p(e)) any = e.dead = true;
        dead_ = dead_ || any;
        if (any && depth_ == 0) settle();
        return any;
    }
    void settle() noexcept {
        dead_ = false;
        // destroyed at the end: what they hold may refer to this list
        std::forward_list<entry> gone;
        for (auto before = entries_.before_begin(), at = entries_.begin(); at != entries_.end();) {
            if (at->dead)
                gone.splice_after(gone.before_begin(), entries_, before);
            else
                before = at;
            at = std::next(before);
        }
    }

    std::forward_list<entry> entries_{};
    std::uint64_t last_ = 0;
    std::uint32_t depth_ = 0;
    bool dead_ = false;
};

}  // namespace httphooks::socketio::detail
