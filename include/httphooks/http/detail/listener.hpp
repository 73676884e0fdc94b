// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One event loop of a server over an executor of a known type: its acceptor and its connections.
*/

#include <httphooks/error.hpp>
#include <httphooks/http/detail/admission.hpp>
#include <httphooks/http/detail/last_error.hpp>
#include <httphooks/http/detail/later.hpp>
#include <httphooks/http/detail/listener_base.hpp>
#include <httphooks/http/detail/session_loop.hpp>
#include <httphooks/http/detail/session.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace httphooks::http::detail {

/** A loop over an executor of a known type.
    @tparam Wrap turns an accepted socket into the stream that is served */
template <class Executor, class Wrap>
class listener final : public listener_base,
                       public std::enable_shared_from_this<listener<Executor, Wrap>> {
public:
    using socket_type = asio::basic_stream_socket<asio::ip::tcp, Executor>;
    using stream_type = decltype(std::declval<Wrap&>()(std::declval<socket_type>()));

    listener(Executor executor, std::unique_ptr<httphooks::detail::exchange_factory> hooks,
             std::shared_ptr<server_settings const> settings, std::shared_ptr<admission> admitted,
             Wrap wrap)
        : acceptor_(executor),
          retry_(executor),
          loop_(std::make_shared<session_loop>(executor, std::move(hooks), std::move(settings))),
          admission_(std::move(admitted)),
          wrap_(std::move(wrap)) {}
    ~listener() override { loop_->cut(); }

    void open(asio::ip::tcp::endpoint const& where, bool shared, int backlog,
              error_code& ec) override;
    void join(listener_base& other, error_code& ec) override;
    void close() override;
    int native_handle() override { return acceptor_.native_handle(); }
    asio::ip::tcp::endpoint local_endpoint() const override {
        error_code ec;
        return acceptor_.local_endpoint(ec);
    }
    asio::any_io_executor get_executor() override { return acceptor_.get_executor(); }
    void accept() override;
    void drain(std::function<void()> empty) override;
    std::pair<std::size_t, std::size_t> cut() override;

private:
    void on_accept(error_code ec, socket_type socket);

    asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor_;
    asio::steady_timer retry_;
    std::shared_ptr<session_loop> loop_;
    std::shared_ptr<admission> admission_;
    Wrap wrap_;
};

// ---------------------------------------------------------------------------------------------

template <class Executor, class Wrap>
void listener<Executor, Wrap>::open(asio::ip::tcp::endpoint const& where, bool shared, int backlog,
                                    error_code& ec) {
    acceptor_.open(where.protocol(), ec);
    if (ec) return;
    acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec && shared) {
        using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
        acceptor_.set_option(reuse_port(true), ec);
    }
    if (!ec) acceptor_.bind(where, ec);
    if (!ec) acceptor_.listen(backlog, ec);
    if (ec) close();
}

template <class Executor, class Wrap>
void listener<Executor, Wrap>::join(listener_base& other, error_code& ec) {
    int const own = ::fcntl(other.native_handle(), F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        ec = last_error();
        return;
    }
    acceptor_.assign(other.local_endpoint().protocol(), own, ec);
    if (ec) ::close(own);
}

template <class Executor, class Wrap>
void listener<Executor, Wrap>::accept() {
    if (!acceptor_.is_open()) return;
    acceptor_.async_accept([self = this->shared_from_this()](error_code ec, socket_type socket) {
        self->on_accept(ec, std::move(socket));
    });
}

template <class Executor, class Wrap>
void listener<Executor, Wrap>::on_accept(error_code ec, socket_type socket) {
    if (!acceptor_.is_open()) return;
    if (ec == asio::error::no_descriptors || ec == asio::error::no_memory ||
        ec == asio::error::no_buffer_space ||
        ec == boost::system::errc::too_many_files_open_in_system) {
        // the connection stays where it is until there is room; trying at once would spin
        retry_.expires_after(std::chrono::milliseconds(100));
        call_at_expiry(retry_, [self = this->shared_from_this()](error_code) { self->accept(); });
        return;
    }
    if (!ec) {
        error_code ignored;
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        auto const peer = socket.remote_endpoint(ignored);
        using serve = session<stream_type>;
        try {
            if (auto ticket = admission_->admit(peer.address()))
                serve::start(loop_, wrap_(std::move(socket)), std::move(ticket), peer);
            else if (auto refused = admission_->refuse())
                serve::refuse(loop_, wrap_(std::move(socket)), std::move(refused));
        } catch (std::exception const&) {
            socket.close(ignored);  // no memory for another connection
        }
    }
    accept();
}

template <class Executor, class Wrap>
void listener<Executor, Wrap>::close() {
    error_code ec;
    acceptor_.close(ec);
    retry_.cancel();
}

template <class Executor, class Wrap>
void listener<Executor, Wrap>::drain(std::function<void()> empty) {
    close();
    loop_->drain(std::move(empty));
}

template <class Executor, class Wrap>
std::pair<std::size_t, std::size_t> listener<Executor, Wrap>::cut() {
    close();
    loop_->begin_drain();
    return loop_->cut();
}

}  // namespace httphooks::http::detail
