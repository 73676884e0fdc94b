// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Hooks that do with a session what a request asks for.
*/

#include <httphooks/registry.hpp>
#include <httphooks/sessions.hpp>

#include <string>

namespace support {

inline void add_session_hooks(httphooks::registry& hooks, httphooks::sessions const& sessions) {
    hooks.post("/set/:name/:value", [sessions](auto& c) {
        sessions.of(c).set(c.param("name"), std::string(c.param("value")));
        return httphooks::status::ok;
    });
    hooks.get("/get/:name", [sessions](auto& c) {
        auto& session = sessions.of(c);
        return httphooks::text(session.exists() ? "+" : "-", session.get(c.param("name")));
    });
    hooks.post("/login/:user", [sessions](auto& c) {
        sessions.of(c).rotate();
        sessions.of(c).set("user", std::string(c.param("user")));
        return httphooks::status::ok;
    });
    hooks.post("/logout", [sessions](auto& c) {
        sessions.of(c).destroy();
        return httphooks::status::ok;
    });
}

}  // namespace support
