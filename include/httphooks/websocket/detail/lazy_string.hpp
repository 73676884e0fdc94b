// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A string that is only there when it is needed: what nearly every idle connection does without.
*/

#include <httphooks/detail/system/recycle.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket::detail {

/// A string that takes one pointer while it is empty; its memory is recycled.
class lazy_string {
public:
    lazy_string() = default;
    lazy_string(lazy_string const&) = delete;
    lazy_string& operator=(lazy_string const&) = delete;
    ~lazy_string() { clear(); }

    std::size_t size() const noexcept { return text_ ? text_->size() : 0; }
    bool empty() const noexcept { return size() == 0; }
    std::string_view view() const noexcept {
        return text_ ? std::string_view(*text_) : std::string_view();
    }

    void append(char const* bytes, std::size_t n) {
        if (!text_) {
            allocator a;
            text_ = std::construct_at(a.allocate(1), httphooks::detail::take_string());
        }
        text_->append(bytes, n);
    }

    /// The text, which is not here any more. Give it to give_string() when it has been used.
    std::string take() noexcept {
        std::string taken;
        if (text_) taken.swap(*text_);
        clear();
        return taken;
    }

    void clear() noexcept {
        if (!text_) return;
        httphooks::detail::give_string(std::move(*text_));
        std::destroy_at(text_);
        allocator().deallocate(std::exchange(text_, nullptr), 1);
    }

private:
    using allocator = httphooks::detail::recycling_allocator<std::string>;

    std::string* text_ = nullptr;
};

}  // namespace httphooks::websocket::detail
