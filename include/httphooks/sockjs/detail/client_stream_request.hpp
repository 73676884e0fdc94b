// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A POST whose response is handed on as it comes.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client_stream.hpp>
#include <httphooks/http/detail/response_parser.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

/** A request on a connection of its own, without a body and without a time limit.

    Its operations keep it and what `keep` refers to; it does not keep that otherwise.
*/
class stream_request : public std::enable_shared_from_this<stream_request> {
public:
    /// What is asked, and who is told.
    struct setup {
        asio::any_io_executor executor{};
        http::absolute_url url{};
        fields headers{};
        http::client_stream_factory tls{};
        std::size_t header_limit = 0;
        std::weak_ptr<void> keep{};
        /// A piece of the body of a response whose status is 200. Then read() has to be called.
        std::function<void(std::string_view)> on_bytes{};
        /// The response has ended, or there is none; `status` is 0 when it is not known.
        std::function<void(error_code, unsigned status)> on_end{};
    };

    explicit stream_request(setup s)
        : setup_(std::move(s)), resolver_(setup_.executor), header_limit_(setup_.header_limit) {}
    stream_request(stream_request const&) = delete;
    stream_request& operator=(stream_request const&) = delete;

    void start();
    /// Goes on, after a piece of the body.
    void read();
    /// Ends, without a word.
    void stop();

private:
    using tcp = asio::ip::tcp;

    inline void connect(tcp::resolver::results_type const& where);
    inline void write();
    inline void on_read(error_code ec, std::size_t n);
    /// Takes the input up to the next piece of the body. @return whether more has to be read
    inline bool parse();
    inline void finish(error_code ec);

    setup setup_;
    tcp::resolver resolver_;
    std::size_t const header_limit_;
    std::unique_ptr<http::client_stream> stream_{};
    std::string output_{};
    std::string input_{};
    std::array<char, 16 * 1024> piece_{};
    std::optional<http::detail::response_parser> parser_{};
    unsigned interim_responses_ = 0;
    bool done_ = false;
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/client_stream_request.ipp>
#endif
