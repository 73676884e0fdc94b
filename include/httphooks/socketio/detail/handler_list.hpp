// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Functions that are called when something happens, and may change what is called then.
*/

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

/// Names a handler, to take it away again. Never 0.
enum class handler_id : std::uint64_t {};

namespace detail {

/** Handlers by name, in order. A handler may add and take away others, and itself: what is added
    while handlers are called is not called then, what is taken away neither. */
template <class Signature>
class handler_list {
public:
    using function = std::function<Signature>;

    handler_id add(std::string_view name, function f, bool once = false, bool first = false) {
        auto e = std::make_unique<entry>(entry{std::string(name), std::move(f), ++last_, once});
        handler_id const id{last_};
        // what is put first while handlers are called must not move the others
        if (first && depth_ == 0)
            entries_.insert(entries_.begin(), std::move(e));
        else if (first)
            late_.insert(late_.begin(), std::move(e));
        else
            entries_.push_back(std::move(e));
        return id;
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
    bool empty() const noexcept { return entries_.empty() && late_.empty(); }
    std::size_t count(std::string_view name) const {
        auto const named = [&](auto const& e) { return !e->dead && e->name == name; };
        return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), named) +
                                        std::count_if(late_.begin(), late_.end(), named));
    }

    /// Calls the handlers of a name. @return whether there was one
    template <class... Args>
    bool call(std::string_view name, Args const&... args) {
        bool any = false;
        std::size_t const n = entries_.size();
        calling const guard(*this);
        for (std::size_t i = 0; i < n; ++i) {
            entry& e = *entries_[i];
            if (e.dead || e.name != name) continue;
            any = true;
            if (e.once) e.dead = true;
            e.f(args...);
        }
        return any;
    }

private:
    struct entry {
        std::string name;
        function f;
        std::uint64_t id;
        bool once;
        bool dead = false;
    };
    using entry_list = std::vector<std::unique_ptr<entry>>;

    struct calling {
        explicit calling(handler_list& l) noexcept : list(l) { ++list.depth_; }
        calling(calling const&) = delete;
        calling& operator=(calling const&) = delete;
        ~calling() {
            if (--list.depth_ == 0) list.settle();
        }
        handler_list& list;
    };

    template <class Predicate>
    bool remove_if(Predicate p) {
        bool any = false;
        for (auto* const list : {&entries_, &late_})
            for (auto& e : *list)
                if (!e->dead && p(*e)) any = e->dead = true;
        if (any && depth_ == 0) settle();
        return any;
    }
    void settle() {
        if (!late_.empty()) {
            std::move(entries_.begin(), entries_.end(), std::back_inserter(late_));
            entries_ = std::exchange(late_, {});
        }
        // destroyed at the end: what they hold may refer to this list
        entry_list gone;
        for (auto& e : entries_)
            if (e->dead) gone.push_back(std::move(e));
        std::erase(entries_, nullptr);
        if (entries_.empty()) entries_.shrink_to_fit();
    }

    entry_list entries_{};
    entry_list late_{};
    std::uint64_t last_ = 0;
    std::uint32_t depth_ = 0;
};

}  // namespace detail

}  // namespace httphooks::socketio
