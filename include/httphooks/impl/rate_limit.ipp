// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/rate_limit.hpp>

#include <httphooks/detail/system/keyed_hash.hpp>
#include <httphooks/detail/system/token_buckets.hpp>
#include <httphooks/detail/system/unmapped.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

/// A limit, and who has used how much of it.
struct rate_limit::state {
    explicit state(rate_limit_options o) : options(std::move(o)), buckets(options.max_clients) {}

    rate_limit_verdict take(std::uint64_t key) {
        auto const now = options.clock ? options.clock() : std::chrono::steady_clock::now();
        auto const a = buckets.take(key, std::chrono::nanoseconds(now.time_since_epoch()).count(),
                                    interval, depth);
        auto const seconds = [](std::int64_t ns) {
            return std::chrono::ceil<std::chrono::seconds>(std::chrono::nanoseconds(ns));
        };
        return {a.allowed, static_cast<std::uint64_t>((depth - a.until_full) / interval),
                seconds(a.until_next), seconds(a.until_full)};
    }

    rate_limit_options const options;
    detail::token_buckets buckets;
    detail::keyed_hash const hash{};
    std::int64_t interval = 0;
    std::int64_t depth = 0;
    /// The value of RateLimit-Policy.
    std::string policy{};
};

namespace detail {

/// Joins texts and numbers, in place.
class short_text {
public:
    short_text& operator<<(std::string_view s) noexcept {
        std::size_t const n = std::min(s.size(), room_.size() - size_);
        std::copy_n(s.data(), n, room_.data() + size_);
        size_ += n;
        return *this;
    }
    short_text& operator<<(std::uint64_t n) noexcept {
        char* const at = room_.data() + size_;
        auto const [end, ec] = std::to_chars(at, room_.data() + room_.size(), n);
        if (ec == std::errc()) size_ += static_cast<std::size_t>(end - at);
        return *this;
    }
    std::string_view text() const noexcept { return {room_.data(), size_}; }

private:
    std::array<char, 128> room_;
    std::size_t size_ = 0;
};

}  // namespace detail

HTTPHOOKS_DECL rate_limit::rate_limit(rate_limit_options o) {
    using namespace std::chrono;
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 4;
    if (o.limit == 0 || o.window <= milliseconds::zero() ||
        o.window > duration_cast<milliseconds>(nanoseconds(most)))
        throw std::invalid_argument("rate_limit: limit and window are not positive");
    bool const good = std::ranges::all_of(
        o.name, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (!good || o.name.empty() || o.name.size() > 64)
        throw std::invalid_argument("rate_limit: no name: " + o.name);
    if (!o.header.empty() && !detail::is_token(o.header))
        throw std::invalid_argument("rate_limit: no name of a field: " + o.header);
    if (o.burst == 0) o.burst = o.limit;
    std::int64_t const window = duration_cast<nanoseconds>(o.window).count();
    std::int64_t const interval = std::max<std::int64_t>(window / o.limit, 1);
    if (interval > most / o.burst)
        throw std::invalid_argument("rate_limit: burst takes too long to come back");
    state_ = std::make_shared<state>(std::move(o));
    state_->interval = interval;
    state_->depth = interval * state_->options.burst;
    detail::short_text policy;
    policy << "\"" << state_->options.name << "\";q=" << std::uint64_t{state_->options.limit}
           << ";w=" << static_cast<std::uint64_t>(ceil<seconds>(state_->options.window).count());
    state_->policy = policy.text();
}

HTTPHOOKS_DECL rate_limit_verdict rate_limit::take(asio::ip::address const& client) const {
    asio::ip::address const a = detail::unmapped(client);
    std::array<char, 9> key{};
    std::size_t size = 1;
    auto const add = [&](auto const& bytes, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) key[size++] = static_cast<char>(bytes[i]);
    };
    // an IPv6 network of 64 bits is the least that a client gets
    if (a.is_v4()) {
        key[0] = '4';
        add(a.to_v4().to_bytes(), 4);
    } else {
        key[0] = '6';
        add(a.to_v6().to_bytes(), 8);
    }
    return state_->take(state_->hash({key.data(), size}));
}

HTTPHOOKS_DECL rate_limit_verdict rate_limit::take(std::string_view client) const {
    // a name is never an address, whatever it is
    return state_->take(~state_->hash(client));
}

HTTPHOOKS_DECL rate_limit_verdict rate_limit::take(request const& r, origin const& from) const {
    rate_limit_options const& o = state_->options;
    if (o.key) {
        std::string const name = o.key(r, from);
        if (!name.empty()) return take(std::string_view(name));
    } else if (!o.header.empty()) {
        bool const trusted = o.trusted ? o.trusted(r, from) : from.proxied() && !from.handshake();
        auto const name = trusted ? r[o.header] : std::string_view();
        if (!name.empty()) return take(name);
    }
    return take(from.peer().address());
}

HTTPHOOKS_DECL bool rate_limit::says(rate_limit_verdict const& v) const noexcept {
    return state_->options.fields || !v.allowed;
}

HTTPHOOKS_DECL void rate_limit::describe(rate_limit_verdict const& v, fields& reply) const {
    auto const seconds = [](std::chrono::seconds s) {
        return static_cast<std::uint64_t>(s.count());
    };
    detail::short_text now;
    now << "\"" << state_->options.name << "\";r=" << v.remaining << ";t=" << seconds(v.reset);
    reply.set("RateLimit-Policy", state_->policy);
    reply.set("RateLimit", now.text());
    if (v.allowed) return;
    detail::short_text wait;
    wait << std::max<std::uint64_t>(seconds(v.retry_after), 1);
    reply.set(field::retry_after, wait.text());
}

}  // namespace httphooks
