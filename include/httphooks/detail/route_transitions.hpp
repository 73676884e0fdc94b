// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One flat hash table of the steps (state, literal segment) -> state.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/path_segment.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::detail {

/// Open addressing, at most half full; a step is verified by comparing the whole literal.
class route_transitions {
public:
    /// No such step.
    static constexpr std::uint32_t none = 0xFFFFFFFFu;

    /// Makes room for `count` steps; forgets what was there.
    void reset(std::size_t count) {
        std::size_t const size = std::bit_ceil(count * 2 + 2);
        slots_.assign(size, slot{});
        shift_ = 64 - static_cast<unsigned>(std::countr_zero(size));
        literals_.clear();
    }

    /// Adds a step that is not there; `literal` is a whole segment.
    void add(std::uint32_t state, std::string_view literal, std::uint32_t next) {
        path_segment const segment = segment_scanner(literal).at(0);
        std::size_t i = index(state, segment);
        while (slots_[i].state != none) i = (i + 1) & (slots_.size() - 1);
        slots_[i] = {segment.word, state, next, segment.size,
                     static_cast<std::uint32_t>(literals_.size())};
        if (literal.size() > 8) literals_ += literal;
    }

    /// The state behind a segment of `path`, or none.
    std::uint32_t find(std::uint32_t state, path_segment const& segment,
                       char const* path) const noexcept {
        for (std::size_t i = index(state, segment);; i = (i + 1) & (slots_.size() - 1)) {
            slot const& s = slots_[i];
            if (s.word == segment.word && s.state == state && s.size == segment.size &&
                (s.size <= 8 ||
                 std::memcmp(literals_.data() + s.literal, path + segment.begin, s.size) == 0))
                return s.next;
            if (s.state == none) return none;
        }
    }

private:
    struct slot {
        std::uint64_t word = 0;
        std::uint32_t state = none;
        std::uint32_t next = none;
        std::uint32_t size = 0;
        std::uint32_t literal = 0;
    };

    std::size_t index(std::uint32_t state, path_segment const& segment) const noexcept {
        return static_cast<std::size_t>(((segment.hash + state) * 0xD6E8FEB86659FD93u) >> shift_);
    }

    std::vector<slot> slots_{slot{}, slot{}};
    unsigned shift_ = 63;
    std::string literals_;
};

}  // namespace httphooks::detail
