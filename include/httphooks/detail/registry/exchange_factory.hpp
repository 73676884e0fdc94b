// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where transports get their exchanges from, whatever the registry's state type is.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive_ptr.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace httphooks {

class exchange;
void intrusive_ptr_add_ref(exchange* ex) noexcept;
void intrusive_ptr_release(exchange* ex) noexcept;

/// A counted reference to an exchange; the last one gives it back for the next request.
using exchange_ptr = boost::intrusive_ptr<exchange>;

/// Told when the reply of an exchange that did not complete in place is ready.
struct reply_sink {
    /// Called once, on the exchange's executor, unless the exchange was cancelled.
    virtual void on_reply(exchange& ex) noexcept = 0;

    /// Called for an exchange that was started without its body, when it goes on with it only.
    virtual void on_body_wanted(exchange& ex) noexcept { static_cast<void>(ex); }

    /// Called for a reply that no hook has seen, so that it can be given more fields.
    virtual void dress(exchange& ex, response& reply) noexcept {
        static_cast<void>(ex);
        static_cast<void>(reply);
    }

protected:
    ~reply_sink() = default;
};

namespace detail {

struct hook_table;
using hook_table_ptr = std::shared_ptr<hook_table const>;

class judgement;

/// How the body of a request is to be taken, by its header.
struct body_plan {
    /// The smallest limit in bytes of the hooks that match; nothing when none has one.
    std::optional<std::uint64_t> limit{};
    /// Whether there are hooks that run before the body has come.
    bool hooks_before = false;
};

/// Makes exchanges for one event loop; not thread-safe unless it says so.
class exchange_factory {
public:
    virtual ~exchange_factory() = default;

    /** An exchange whose request is empty, to be filled and started.

        @param executor where the exchange's hooks run
        @param sink told of a reply that comes later; must outlive the exchange, or cancel it
    */
    virtual exchange_ptr make_exchange(asio::any_io_executor const& executor, reply_sink* sink) = 0;

    /// A judgement of a request whose hooks run on an executor. @param sink told of a decision that
    /// comes later; outlives the judgement
    virtual std::unique_ptr<judgement> judge(asio::any_io_executor const& executor,
                                             reply_sink& sink) = 0;

    /// How the body that is to follow a header is taken.
    virtual body_plan plan_body(request const& header) = 0;

    /// The hooks as they are now.
    virtual hook_table_ptr table() = 0;
};

}  // namespace detail
}  // namespace httphooks
