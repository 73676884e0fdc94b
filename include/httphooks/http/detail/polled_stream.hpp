// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A plain socket as a byte_stream that is in a poll_set (Linux).
*/

#include <httphooks/config.hpp>

#if defined(__linux__)

#include <httphooks/error.hpp>
#include <httphooks/http/detail/byte_stream.hpp>
#include <httphooks/http/detail/poll_set.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace httphooks::http::detail {

/** A socket without Asio: it is read and written by system calls when its set says so.

    The set tells of changes only: `ready_` remembers that there may be something to read, until a
    read has found nothing more. */
class polled_stream final : public byte_stream,
                            private poll_set::member,
                            public std::enable_shared_from_this<polled_stream> {
public:
    using executor_type = asio::io_context::executor_type;

    explicit polled_stream(executor_type executor)
        : executor_(executor), set_(&poll_set::of(executor.context())) {}
    ~polled_stream() override { abandon(); }

    /** Enters the set, and owns the socket from then on.
        @param socket non-blocking
        @return false when the system has no room for it; then the socket is the caller's */
    bool start(int socket) { return set_->add(socket, *this); }

    asio::any_io_executor get_executor() const override { return executor_; }
    asio::execution_context& context() const override { return executor_.context(); }
    bool running_here() const noexcept override { return executor_.running_in_this_thread(); }
    bool owns_context() const noexcept override { return true; }
    HTTPHOOKS_DECL void post(void (*function)(std::shared_ptr<void> const&),
                             std::shared_ptr<void> argument) override;
    HTTPHOOKS_DECL void wait_readable() override;
    HTTPHOOKS_DECL std::size_t read_some(char* to, std::size_t n, error_code& ec) override;
    HTTPHOOKS_DECL bool write(std::string& bytes, error_code& ec) override;
    std::size_t write_some(std::string_view bytes, error_code& ec) override {
        return send_some(bytes.data(), bytes.size(), ec);
    }
    std::size_t unsent() const noexcept override {
        return rest_ ? rest_->bytes.size() - rest_->sent : 0;
    }
    HTTPHOOKS_DECL void end(bool fin) override;
    HTTPHOOKS_DECL void close(bool reset) noexcept override;
    HTTPHOOKS_DECL void abandon() noexcept override;

private:
    /// What the socket did not take yet.
    struct rest {
        std::string bytes;
        std::size_t sent;
    };

    HTTPHOOKS_DECL void on_poll(std::uint32_t events) override;
    inline void on_input();
    inline void on_writable(std::uint32_t events);
    inline void later();
    inline void discard();
    std::size_t send_some(char const* bytes, std::size_t n, error_code& ec) noexcept;

    executor_type executor_;
    poll_set* set_;
    std::unique_ptr<rest> rest_{};
    bool ready_ = false;
    /// The other side has ended, so that reading never blocks.
    bool hung_up_ = false;
    bool waiting_ = false;
    bool posted_ = false;
    bool polls_output_ = false;
    bool ending_ = false;
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/polled_stream.ipp>
#endif

#endif
