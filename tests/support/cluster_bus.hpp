// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A transport between servers of one process.
*/

#include <httphooks/socketio/cluster_adapter.hpp>
#include <httphooks/socketio/cluster_transport.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

namespace sio = httphooks::socketio;

/// Carries messages, and notes them. Thread-safe.
class cluster_bus : public std::enable_shared_from_this<cluster_bus> {
public:
    /// What makes the adapters of one server.
    sio::adapter_factory adapter(sio::cluster_options o = {}, bool heartbeats = true) {
        return sio::cluster_adapter(
            [self = shared_from_this(), heartbeats](sio::adapter_context&) {
                return std::make_unique<transport>(self, heartbeats);
            },
            o);
    }

    /// What was published.
    std::vector<std::string> messages() const {
        std::lock_guard const lock(mutex_);
        return messages_;
    }
    /// How many servers there are, for those that count them. A frozen one gets nothing.
    std::size_t servers(std::string_view nsp) const {
        std::lock_guard const lock(mutex_);
        return static_cast<std::size_t>(
            std::ranges::count_if(members_, [&](member const& m) { return m.nsp == nsp; }));
    }
    /// How often they were counted.
    std::size_t counts() const noexcept { return counts_; }
    /// Has a server get nothing, and send nothing, until thaw().
    void freeze(std::string const& uid) {
        std::lock_guard const lock(mutex_);
        frozen_ = uid;
    }
    /// Lets what has come meanwhile arrive.
    void thaw() {
        std::vector<std::string> all;
        std::string uid;
        {
            std::lock_guard const lock(mutex_);
            all.swap(held_);
            uid = std::exchange(frozen_, {});
        }
        for (std::string const& bytes : all) send(bytes, {}, uid);
    }
    bool is_frozen(std::string const& uid) const {
        std::lock_guard const lock(mutex_);
        return uid == frozen_;
    }
    void go_away(bool away = true) {
        std::lock_guard const lock(mutex_);
        away_ = away;
    }
    /// Passes bytes to all servers of a namespace, or to one. @param nsp empty: of any
    void send(std::string const& bytes, std::string_view nsp, std::string_view uid = {}) {
        std::lock_guard const lock(mutex_);
        messages_.push_back(bytes);
        if (away_) return;
        for (member const& m : members_) {
            if ((!nsp.empty() && m.nsp != nsp) || (!uid.empty() && m.uid != uid)) continue;
            if (m.uid == frozen_) {
                held_.push_back(bytes);
                continue;
            }
            if (auto const link = m.link.lock())
                link->post([weak = m.link, bytes] {
                    if (auto const l = weak.lock()) l->receive(bytes);
                });
        }
    }
    /// The names of the servers of a namespace, in the order of their coming.
    std::vector<std::string> uids(std::string_view nsp) const {
        std::vector<std::string> all;
        std::lock_guard const lock(mutex_);
        for (member const& m : members_)
            if (m.nsp == nsp) all.push_back(m.uid);
        return all;
    }

private:
    struct member {
        std::weak_ptr<sio::cluster_link> link;
        std::string nsp;
        std::string uid;
    };

    class transport final : public sio::cluster_transport {
    public:
        transport(std::shared_ptr<cluster_bus> bus, bool heartbeats)
            : bus_(std::move(bus)), heartbeats_(heartbeats) {}

        void open(std::weak_ptr<sio::cluster_link> to) override {
            auto const link = to.lock();
            nsp_ = link->nsp();
            uid_ = link->uid();
            {
                std::lock_guard const lock(bus_->mutex_);
                bus_->members_.push_back({to, nsp_, uid_});
            }
            link->ready();
        }
        bool publish(sio::cluster_message const& m) override {
            if (!bus_->is_frozen(uid_)) bus_->send(encode(m), nsp_);
            return false;
        }
        void answer(std::string_view uid, sio::cluster_message const& m) override {
            if (heartbeats_)
                publish(m);
            else
                bus_->send(encode(m), nsp_, uid);
        }
        bool has_heartbeats() const override { return heartbeats_; }
        void count(std::function<void(httphooks::error_code, std::size_t)> done) override {
            ++bus_->counts_;
            done({}, bus_->servers(nsp_));
        }
        bool is_away() const override {
            std::lock_guard const lock(bus_->mutex_);
            return bus_->away_;
        }
        void close() override {
            std::lock_guard const lock(bus_->mutex_);
            std::erase_if(bus_->members_, [&](member const& m) { return m.uid == uid_; });
        }

    private:
        std::shared_ptr<cluster_bus> bus_;
        bool heartbeats_;
        std::string nsp_{};
        std::string uid_{};
    };

    mutable std::mutex mutex_{};
    std::vector<member> members_{};
    std::vector<std::string> messages_{};
    std::vector<std::string> held_{};
    std::string frozen_{};
    bool away_ = false;
    std::atomic<std::size_t> counts_{0};
};

}  // namespace support
