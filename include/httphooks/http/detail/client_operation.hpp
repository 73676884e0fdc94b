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
    client_operation(std::shared_ptr<client_core> core, result<absolute_url> url, request req);
    virtual ~client_operation() = default;

    /// Called once, at the end.
    virtual void complete(error_code ec, response message) = 0;

private:
    using timer = asio::basic_waitable_timer<std::chrono::steady_clock>;
    using resolver_results = asio::ip::tcp::resolver::results_type;

    enum class place { none, waiting, taken };

    /// Begins to ask what url_ says.
    inline void ask();
    inline void prepare_request();
    HTTPHOOKS_DECL void take(client_connection_ptr idle) override;
    inline void connect();
    inline void connect_to(resolver_results const& endpoints);
    inline void exchange();
    inline void read();
    inline void on_read(error_code ec, std::size_t n);
    inline void parse();
    /// The connection failed: tries once more on a new one if that is safe.
    inline void on_failure(error_code ec);
    /// There is a response: ends with it, or follows where it leads to.
    inline void on_response();
    inline void follow();
    /// Gives the connection back, or closes it. @param answered whether there is a response
    inline void let_go(bool answered);
    void finish(error_code ec);

    std::shared_ptr<client_core> core_;
    result<absolute_url> url_;
    request request_;
    std::string text_;
    timer deadline_;
    timer connect_deadline_;
    asio::ip::tcp::resolver resolver_;
    client_connection_ptr connection_;
    std::optional<response_parser> parser_;
    place place_ = place::none;
    unsigned interim_responses_ = 0;
    unsigned redirections_ = 0;
    bool retried_ = false;
    bool written_ = false;
    bool done_ = false;
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/client_operation.ipp>
#endif
