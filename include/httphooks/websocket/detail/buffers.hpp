// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Memory that connections of one thread use in turn: for reading, and for output.
*/

#include <httphooks/detail/system/recycle.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::websocket::detail {

/// The thread's buffer for reading, or another one while that is in use.
class read_buffer {
public:
    static constexpr std::size_t size = 64 * 1024 + 256;

    read_buffer() : shared_(httphooks::detail::thread_cache<slot>::get()) {
        if (shared_ && shared_->busy) shared_ = nullptr;
        if (shared_) {
            shared_->busy = true;
            if (!shared_->bytes) shared_->bytes.reset(new char[size]);
        } else {
            own_.reset(new char[size]);
        }
    }
    read_buffer(read_buffer const&) = delete;
    read_buffer& operator=(read_buffer const&) = delete;
    ~read_buffer() {
        if (shared_) shared_->busy = false;
    }

    char* data() noexcept { return shared_ ? shared_->bytes.get() : own_.get(); }

private:
    struct slot {
        std::unique_ptr<char[]> bytes{};
        bool busy = false;
    };

    slot* shared_;
    std::unique_ptr<char[]> own_{};
};

/// Strings that outputs were in; large ones are kept only a few.
class output_buffers {
public:
    /// Gives an empty string some capacity, if there is some.
    static void take(std::string& s) noexcept {
        auto* const kept = httphooks::detail::thread_cache<store>::get();
        if (!kept || kept->strings.empty()) return;
        s.swap(kept->strings.back());
        kept->strings.pop_back();
    }

    /// Takes the memory of a string that is not needed.
    static void give(std::string& s) noexcept {
        constexpr std::size_t most = 8;
        constexpr std::size_t largest = 512 * 1024;
        s.clear();
        if (s.capacity() <= std::string().capacity()) return;
        auto* const kept = httphooks::detail::thread_cache<store>::get();
        if (kept && httphooks::detail::caching && kept->strings.size() < most &&
            s.capacity() <= largest)
            kept->strings.emplace_back().swap(s);
        else
            std::string().swap(s);
    }

private:
    struct store {
        std::vector<std::string> strings{};
        store() { strings.reserve(8); }
    };
};

}  // namespace httphooks::websocket::detail
