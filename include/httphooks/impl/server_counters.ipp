// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/server_counters.hpp>

#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

HTTPHOOKS_DECL std::vector<std::pair<std::string, std::uint64_t>> server_counters::refusals()
    const {
    std::lock_guard const lock(mutex_);
    return {refusals_.begin(), refusals_.end()};
}

HTTPHOOKS_DECL void server_counters::refuse(std::string_view reason) noexcept {
    std::lock_guard const lock(mutex_);
    try {
        auto at = refusals_.find(reason);
        if (at == refusals_.end()) at = refusals_.emplace(reason, 0).first;
        ++at->second;
    } catch (std::exception const&) {  // no memory to count a first one
    }
}

}  // namespace httphooks
