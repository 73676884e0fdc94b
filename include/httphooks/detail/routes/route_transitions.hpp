// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One flat hash table of the steps (state, literal segment) -> state.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/routes/path_segment.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::detail {

/** Open addressing, sparse; a step is verified by comparing the whole literal.

    Slot 0 is never taken: a look there fails at once, and stays in the cache.
*/
class route_transitions {
public:
    /// The number of no state.
    static constexpr std::uint32_t none = 0xFFFFFFFFu;

    /// Makes room for `count` steps; forgets what was there.
    void reset(std::size_t count) {
        std::size_t const sparse = count <= few ? 4 : 2;
        std::size_t const size = std::bit_ceil(count * sparse + 2);
        slots_.assign(size + 1, slot{});
        shift_ = 64 - static_cast<unsigned>(std::countr_zero(size));
        literals_.clear();
    }

    /// Adds a step that is not there; `literal` is a whole segment.
    void add(std::uint32_t state, std::string_view literal, std::uint32_t next) {
        path_segment const segment = segment_scanner(literal).at(0);
        std::size_t i = index(state, segment);
        while (slots_[i].state != none) {
            slots_[i].passed = true;
            i = after(i);
        }
        slot& taken = slots_[i];
        taken.words[0] = segment.words[0];
        taken.words[1] = segment.words[1];
        taken.state = state;
        taken.next = next;
        if (literal.size() < 16) return;
        taken.literal = static_cast<std::uint32_t>(literals_.size());
        taken.size = segment.size & 0x7FFFFFFFu;
        literals_ += literal;
    }

    /** The state behind a segment of `path`.
        @param other the result when there is no such step.
        @param has_steps whether the state has any.
    */
    std::uint32_t find(std::uint32_t state, path_segment const& segment, char const* path,
                       std::uint32_t other, bool has_steps) const noexcept {
        std::size_t const i = has_steps ? index(state, segment) : 0;
        slot const& s = slots_[i];
        bool const same = is_step(s, state, segment);
        if ((!same && s.passed) || segment.size >= 16) [[unlikely]]
            return find_slowly(i, state, segment, path, other);
        return same ? s.next : other;
    }

private:
    static constexpr std::size_t few = 4096;

    struct slot {
        std::uint64_t words[2] = {0, 0};
        std::uint32_t state = none;
        std::uint32_t next = none;
        /// Of a literal of 16 bytes or more: where it is, and its size; else 0.
        std::uint32_t literal = 0;
        std::uint32_t size : 31 = 0;
        /// Whether a step that belongs here had to go on.
        std::uint32_t passed : 1 = 0;
    };

    static bool is_step(slot const& s, std::uint32_t state, path_segment const& segment) noexcept {
        return ((s.words[0] ^ segment.words[0]) | (s.words[1] ^ segment.words[1]) |
                (s.state ^ state)) == 0;
    }

    std::uint32_t find_slowly(std::size_t i, std::uint32_t state, path_segment const& segment,
                              char const* path, std::uint32_t other) const noexcept {
        for (;; i = after(i)) {
            slot const& s = slots_[i];
            bool const is_long = segment.size >= 16;
            if (is_step(s, state, segment) && s.size == (is_long ? segment.size : 0) &&
                (!is_long || std::memcmp(literals_.data() + s.literal, path + segment.begin,
                                         segment.size) == 0))
                return s.next;
            if (!s.passed) return other;
        }
    }

    std::size_t index(std::uint32_t state, path_segment const& segment) const noexcept {
        return static_cast<std::size_t>(((segment.hash + state) * 0xD6E8FEB86659FD93u) >> shift_) +
               1;
    }

    std::size_t after(std::size_t i) const noexcept { return (i & (slots_.size() - 2)) + 1; }

    std::vector<slot> slots_ = std::vector<slot>(3);
    unsigned shift_ = 63;
    std::string literals_;
};

}  // namespace httphooks::detail
