// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How many clients there are from each address.
*/

#include <httphooks/detail/system/unmapped.hpp>

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <map>

namespace httphooks::http::detail {

/// Counts clients by address; those on this machine are as many as they like. Not thread-safe.
class address_counts {
public:
    /// @param most clients from one address
    explicit address_counts(std::size_t most) : most_(most) {}

    /// Counts a client. @return false when there are as many as there may be
    bool enter(asio::ip::address const& from) {
        asio::ip::address const address = httphooks::detail::unmapped(from);
        if (address.is_loopback()) return true;
        auto const at = counts_.find(address);
        std::size_t const before = at == counts_.end() ? 0 : at->second;
        if (before >= most_) return false;
        counts_[address] = before + 1;
        return true;
    }

    /// Takes back what enter() counted.
    void leave(asio::ip::address const& from) noexcept {
        auto const at = counts_.find(httphooks::detail::unmapped(from));
        if (at != counts_.end() && --at->second == 0) counts_.erase(at);
    }

    /// How many addresses there are.
    std::size_t size() const noexcept { return counts_.size(); }

private:
    std::size_t most_;
    std::map<asio::ip::address, std::size_t> counts_{};
};

}  // namespace httphooks::http::detail
