// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A child namespace that goes when it is empty, and comes again, at a server of several.
*/

#include <httphooks/socketio/server.hpp>

#include <map>
#include <mutex>
#include <regex>
#include <string>
#include <utility>

#include "support/eventually.hpp"
#include "support/socketio_service.hpp"

namespace support {

/// Servers "a" and "b", of which "a" has a namespace as long as somebody is in it, and an
/// application that keeps it longer.
class returning_namespace {
public:
    /// @param adapter what both servers have
    explicit returning_namespace(sio::adapter_factory const& adapter)
        : a_(options(adapter)), b_(options(adapter)) {
        a_.io().on_new_namespace([this](sio::nsp const& n) {
            std::lock_guard const lock(mutex_);
            kept_.insert_or_assign(n.name(), n);
        });
        a_.io().of(std::regex("/child-.")).on_connection([](sio::socket s) {
            s.on("mark", [] { return true; });
        });
        b_.port();
    }
    ~returning_namespace() {
        a_.stop();
        b_.stop();
    }

    /// A client of "a" joins and leaves. @return whether it has heard "b" meanwhile
    bool is_heard() {
        socketio_peer c(a_);
        if (c.join("0/child-1,").empty()) return false;
        return eventually([&] { return hears(c); });
    }
    /// Whether "a" has nobody in the namespace, and has been told.
    bool is_empty() {
        return eventually([&] {
            std::lock_guard const lock(mutex_);
            return kept_.at("/child-1").size() == 0;
        });
    }

private:
    static sio::options options(sio::adapter_factory const& adapter) {
        sio::options o;
        o.adapter = adapter;
        o.cleanup_empty_child_namespaces = true;
        return o;
    }
    /// Whether an event has come before an answer.
    bool hears(socketio_peer& c) {
        b_.io().of("/child-1").emit("e");
        bool heard = false;
        c.send(R"(2/child-1,1["mark"])");
        for (;;) {
            std::string const p = c.get();
            if (p == "<end>" || p.starts_with("3/child-1,1")) return heard;
            heard = heard || p == R"(2/child-1,["e"])";
        }
    }

    std::mutex mutex_{};
    std::map<std::string, sio::nsp> kept_{};
    socketio_service a_;
    socketio_service b_;
};

}  // namespace support
