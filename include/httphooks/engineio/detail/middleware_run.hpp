// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A request on its way through the middlewares.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/detail/decision.hpp>
#include <httphooks/engineio/detail/reply.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/engineio/middleware.hpp>
#include <httphooks/http/detail/home.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace httphooks::engineio::detail {

/** Has the middlewares look at a request, one after another; then serves it, or refuses. The
    connection keeps it while it waits. */
class middleware_run final : public std::enable_shared_from_this<middleware_run> {
public:
    /// @param serve called when all have passed the request on
    middleware_run(std::shared_ptr<service> s, visit v, bool upgrade,
                   std::function<void(visit)> serve)
        : service_(std::move(s)),
          visit_(std::move(v)),
          place_(visit_.client.get_executor()),
          serve_(std::move(serve)),
          upgrade_(upgrade) {}

    void start() { go_on(); }

private:
    void go_on();
    inline void call(middleware const& f);
    inline void told(std::size_t number, middleware_outcome o);
    inline void end(middleware_outcome o);

    std::shared_ptr<service> service_;
    visit visit_;
    home place_;
    std::function<void(visit)> serve_;
    std::shared_ptr<fields> added_ = std::make_shared<fields>();
    std::optional<middleware_outcome> outcome_{};
    std::size_t number_ = 0;
    bool const upgrade_;
    bool waiting_ = false;
};

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/middleware_run.ipp>
#endif
