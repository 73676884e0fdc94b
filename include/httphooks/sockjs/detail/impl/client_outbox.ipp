// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/client_outbox.hpp>

#include <httphooks/sockjs/frame.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL bool client_outbox::add(std::string_view message, bool& first) {
    return add_if_room(message.size(), first, [&](std::deque<std::string>& arrays) {
        if (arrays.empty() || arrays.back().size() + message.size() > batch_) arrays.emplace_back();
        std::string& to = arrays.back();
        std::size_t const before = to.size();
        to.push_back(to.empty() ? '[' : ',');
        append_quoted(to, message);
        return to.size() - before;
    });
}

HTTPHOOKS_DECL std::optional<std::string> client_outbox::take() {
    std::optional<std::string> next;
    take_some([&](std::deque<std::string>& arrays) -> std::size_t {
        if (arrays.empty()) return 0;
        next = std::move(arrays.front());
        arrays.pop_front();
        return next->size();
    });
    if (next) next->push_back(']');
    return next;
}

}  // namespace httphooks::sockjs::detail
