// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How many connections there are, in all and from one address.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/address_counts.hpp>
#include <httphooks/http/detail/connection_ticket.hpp>
#include <httphooks/http/detail/trusted_networks.hpp>
#include <httphooks/server_counters.hpp>

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace httphooks::http::detail {

/// Counts connections; who is admitted holds a ticket. Thread-safe.
class admission : public std::enable_shared_from_this<admission> {
public:
    admission(std::size_t most, std::size_t most_per_address,
              std::shared_ptr<server_counters> counters)
        : most_(most), counters_(std::move(counters)), by_address_(most_per_address) {}

    /// A ticket, or null when there are too many.
    std::unique_ptr<connection_ticket> admit(asio::ip::address const& from);

    /// A ticket for a connection that is told so; null when there are too many of these, too.
    std::unique_ptr<connection_ticket> refuse();

private:
    static constexpr std::size_t most_refused = 64;

    class ticket final : public connection_ticket {
    public:
        ticket(std::shared_ptr<admission> owner, asio::ip::address address, bool counted,
               bool refused)
            : owner_(std::move(owner)), address_(address), counted_(counted), refused_(refused) {}
        ~ticket() override { owner_->leave(address_, counted_, refused_); }

    private:
        std::shared_ptr<admission> owner_;
        asio::ip::address address_;
        bool counted_;
        bool refused_;
    };

    void leave(asio::ip::address const& from, bool counted, bool refused) noexcept;

    std::size_t const most_;
    std::shared_ptr<server_counters> const counters_;
    std::mutex mutex_;
    std::size_t all_ = 0;
    std::size_t refused_ = 0;
    address_counts by_address_;
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/admission.ipp>
#endif
