// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A hash whose collisions nobody can find who does not know its key.
*/

#include <httphooks/config.hpp>

#include <cstdint>
#include <string_view>

namespace httphooks::detail {

/** SipHash-2-4.
    @par Source
    Aumasson and Bernstein, SipHash: a fast short-input PRF, 2012 */
class keyed_hash {
public:
    /// A random key.
    keyed_hash();
    /// This key.
    constexpr keyed_hash(std::uint64_t k0, std::uint64_t k1) noexcept : k0_(k0), k1_(k1) {}

    std::uint64_t operator()(std::string_view bytes) const noexcept;

private:
    std::uint64_t k0_;
    std::uint64_t k1_;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/system/impl/keyed_hash.ipp>
#endif
