// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Readiness of many sockets of one event loop, told in batches (Linux).

    Waiting for a socket with Asio costs a system call and an operation for each event. A socket in
    a poll_set is registered once; the set itself is what Asio waits for.
*/

#include <httphooks/config.hpp>

#if defined(__linux__)

#include <httphooks/error.hpp>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <sys/epoll.h>

namespace httphooks::http::detail {

/** The sockets of one io_context, which one thread runs. All calls on that thread. */
class poll_set final : public asio::execution_context::service {
public:
    /// A socket, and who is told of its events.
    class member : public boost::intrusive::list_base_hook<> {
    public:
        member() = default;
        member(member const&) = delete;
        member& operator=(member const&) = delete;

        /// @param events EPOLLIN and so on; only changes are told of
        virtual void on_poll(std::uint32_t events) = 0;

    protected:
        ~member() = default;

        /// What add() was given.
        int socket_ = -1;

    private:
        friend class poll_set;

        std::uint32_t interest_ = 0;
    };

    static inline asio::execution_context::id id;

    explicit poll_set(asio::execution_context& context)
        : asio::execution_context::service(context),
          context_(static_cast<asio::io_context&>(context)) {}

    /// The set of a context.
    static poll_set& of(asio::io_context& context) { return asio::use_service<poll_set>(context); }

    /** Adds a socket; that it is readable already is told.
        @return false when the system has no room for it */
    bool add(int socket, member& m);
    /// From now on it is told when the socket can be written to, too.
    void want_write(member& m) noexcept { control(EPOLL_CTL_MOD, m, EPOLLOUT); }
    /// Removes a socket, before it is closed.
    void remove(member& m) noexcept;

    /// Calls a function soon, in its turn, never within this call.
    void post(void (*function)(std::shared_ptr<void> const&), std::shared_ptr<void> argument);

private:
    struct call {
        void (*function)(std::shared_ptr<void> const&);
        std::shared_ptr<void> argument;
    };

    /// Memory for so many calls is kept.
    static constexpr std::size_t most_calls_kept = 1024;

    using descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

    HTTPHOOKS_DECL void shutdown() override;
    HTTPHOOKS_DECL void notify_fork(asio::execution_context::fork_event event) override;
    bool open();
    bool control(int operation, member& m, std::uint32_t more) noexcept;
    void arm();
    void on_ready();
    void tell();
    inline void call_later();
    inline void call_posted();

    asio::io_context& context_;
    std::optional<descriptor> set_{};
    boost::intrusive::list<member> members_{};
    std::array<epoll_event, 256> batch_{};
    /// What of the batch is not told yet.
    std::size_t next_ = 0;
    std::size_t last_ = 0;
    std::vector<call> calls_{};
    std::size_t next_call_ = 0;
    bool armed_ = false;
    bool calling_ = false;
};

}  // namespace httphooks::http::detail

#endif

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/poll_set.ipp>
#endif
