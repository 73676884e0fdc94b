// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The servers that a connection has to do with: one, or the nodes of a cluster.
*/

#include <httphooks/redis/detail/cluster_slots.hpp>
#include <httphooks/redis/detail/link.hpp>
#include <httphooks/redis/hash_slot.hpp>
#include <httphooks/redis/url.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::redis::detail {

/** Servers, the first of which is that of the URL, and which of them has which slot.
    @tparam Node is made of an address, and has the member `connection`, a pointer to a link, and
        the function `unused()` */
template <class Node>
class node_map {
public:
    explicit node_map(std::unique_ptr<Node> primary) : primary_(std::move(primary)) {}

    Node& primary() const noexcept { return *primary_; }
    bool is_primary(Node const& n) const noexcept { return &n == primary_.get(); }
    bool is_cluster() const noexcept { return !slots_.empty(); }

    template <class Function>
    void for_each(Function f) const {
        f(*primary_);
        for (auto const& [name, n] : others_) f(*n);
    }

    /// Who has a key; null: nobody is known.
    Node* owner(std::string_view key) const noexcept {
        return slots_.empty() ? primary_.get() : slots_[hash_slot(key)];
    }

    /// Someone who is there, and knows perhaps who has what; null: nobody is.
    Node* any_up() const noexcept {
        Node* found = nullptr;
        for_each([&](Node& n) {
            if (!found && n.connection->up()) found = &n;
        });
        return found;
    }

    /** The node of a name.
        @param from who has said the name
        @param make `make(url)` makes one that is not known, and is connected then
        @return null: there are too many */
    template <class Make>
    Node* find(Node const& from, node_name const& name, Make make) {
        url address = from.connection->address();
        if (!name.host.empty()) address.host = name.host;
        address.port = name.port;
        url const& first = primary_->connection->address();
        if (address.host == first.host && address.port == first.port) return primary_.get();
        std::string key = address.host + ':' + std::to_string(address.port);
        if (auto const at = others_.find(key); at != others_.end()) return at->second.get();
        if (others_.size() >= most_nodes) return nullptr;
        Node& n = *others_.emplace(std::move(key), make(std::move(address))).first->second;
        n.connection->start();
        return &n;
    }

    void move_slot(std::uint16_t slot, Node& to) {
        if (slots_.empty()) slots_.resize(slot_count);
        slots_[slot] = &to;
    }

    /// Learns where all slots are; forgets nodes that have none. @return whether there are any
    template <class Make>
    bool learn(Node& from, value const& reply, Make make) {
        auto const ranges = read_slots(reply);
        if (ranges.empty()) return false;
        slots_.assign(slot_count, nullptr);
        for (slot_range const& r : ranges)
            if (Node* const n = find(from, r.node, make))
                std::fill(slots_.begin() + r.first, slots_.begin() + r.last + 1, n);
        std::erase_if(others_, [&](auto const& entry) {
            Node& n = *entry.second;
            bool const gone =
                &n != &from && n.unused() && std::ranges::find(slots_, &n) == slots_.end();
            if (gone) n.connection->close();
            return gone;
        });
        return true;
    }

private:
    std::unique_ptr<Node> primary_;
    std::map<std::string, std::unique_ptr<Node>> others_{};
    /// Empty: it is no cluster.
    std::vector<Node*> slots_{};
};

}  // namespace httphooks::redis::detail
