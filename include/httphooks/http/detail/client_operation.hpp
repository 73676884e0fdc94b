// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One request of the client: from waiting for a connection to the response.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client_options.hpp>
#include <httphooks/http/detail/client_pool.hpp>
#include <httphooks/http/detail/response_parser.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http::detail {

/// What all requests of a client share.
struct client_core {
    client_core(asio::any_io_executor const& ex, client_options o)
        : executor(ex),
          options(std::move(o)),
          pool(ex, options.connections_per_origin, options.idle_timeout) {}

    asio::any_io_executor const executor;
    client_options const options;
    client_pool pool;
};

/// Kept by an operation of the system's; tells when that goes without having ended, because its
/// execution context goes.
class operation_guard {
public:
    operation_guard() = default;
    operation_guard(operation_guard const&) = delete;
    operation_guard& operator=(operation_guard const&) = delete;
    virtual ~operation_guard() = default;

    /// Whether it has ended.
    bool ended = false;
};

/** One request; it keeps itself until its last operation has ended.

    After finish(), which happens once, whatever still comes is ignored: a name that is being
    resolved cannot be called back.
*/
class client_operation : public std::enable_shared_from_this<client_operation>,
                         private connection_taker {
public:
    client_operation(client_operation const&) = delete;
    client_operation& operator=(client_operation const&) = delete;

    /// Begins; on the pool's strand, as everything else.
    void start();
    /// Ends with this error if it has not ended.
    void abort(error_code ec) override { finish(ec); }

protected:
    using timer = asio::basic_waitable_timer<std::chrono::steady_clock>;

    enum class place { none, waiting, taken };

    client_operation(std::shared_ptr<client_core> core, result<absolute_url> url, request req);
    virtual ~client_operation() = default;

    /// Called once, at the end; with an error there is no response.
    virtual void complete(error_code ec, response message) = 0;

    /// The request begins: sets its time limit.
    HTTPHOOKS_DECL virtual void begin_clock();
    /// Sets the fields that tell how long the content is; there are none.
    HTTPHOOKS_DECL virtual void set_framing();
    /// Makes the parser of a response.
    HTTPHOOKS_DECL virtual void make_parser();
    /// Whether the request can be sent again.
    virtual bool repeatable() const noexcept { return true; }
    /// What a read that begins is to keep.
    virtual std::shared_ptr<operation_guard> make_guard() { return {}; }
    /// The header was written, with the content that is in the request.
    virtual void on_header_sent() { written_ = true; }
    /// There is an interim response.
    virtual void on_interim(unsigned) {}
    /// Some of the response was parsed, and more has to be read.
    virtual void on_progress() { read(); }
    /// What follows in the response is malformed, or too long.
    virtual void on_malformed(error_code ec) { finish(ec); }
    /// There is a response: ends with it, or follows where it leads to.
    HTTPHOOKS_DECL virtual void on_response();

    void read();
    /// Asks where the response leads to.
    void follow();
    void finish(error_code ec);

    std::shared_ptr<client_core> core_;
    result<absolute_url> url_;
    request request_;
    timer deadline_;
    client_connection_ptr connection_;
    std::optional<response_parser> parser_;
    place place_ = place::none;
    /// Whether the request was written, all of it.
    bool written_ = false;
    bool done_ = false;

private:
    using resolver_results = asio::ip::tcp::resolver::results_type;

    /// Begins to ask what url_ says.
    inline void ask();
    inline void prepare_request();
    HTTPHOOKS_DECL void take(client_connection_ptr idle) override;
    inline void connect();
    inline void connect_to(resolver_results const& endpoints);
    inline void exchange();
    inline void on_read(error_code ec, std::size_t n);
    inline void parse();
    /// The connection failed: tries once more on a new one if that is safe.
    inline void on_failure(error_code ec);
    /// Gives the connection back, or closes it. @param answered whether there is a response
    inline void let_go(bool answered);

    std::string text_;
    timer connect_deadline_;
    asio::ip::tcp::resolver resolver_;
    unsigned interim_responses_ = 0;
    unsigned redirections_ = 0;
    bool retried_ = false;
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/client_operation.ipp>
#endif
