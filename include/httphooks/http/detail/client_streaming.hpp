// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One request of the client whose content, or whose response, is a stream.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/body_channel.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/http/detail/client_operation.hpp>
#include <httphooks/http/response_stream.hpp>
#include <httphooks/http/streaming_options.hpp>
#include <httphooks/message.hpp>
#include <httphooks/stream_body.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::http::detail {

/** A request whose response is given when its header is there, and whose body is read as somebody
    asks for it; its content is taken from a stream_body as the server takes it.

    All on the pool's strand, but give_up(), which any thread may call. */
class client_streaming : public client_operation,
                         private httphooks::detail::body_feed,
                         private stream_sink {
public:
    /// Begins; on the pool's strand.
    void begin();
    /// What came behind the body; does not change once the body has ended.
    fields const& trailers() const noexcept { return trailers_; }
    /// Nobody reads any more.
    void give_up() noexcept;

protected:
    client_streaming(std::shared_ptr<client_core> core, result<absolute_url> url, request req,
                     std::shared_ptr<stream_body> content, streaming_options const& options);
    HTTPHOOKS_DECL ~client_streaming() override;

    /// Called once: there is a response, or an error.
    virtual void opened(error_code ec, response_stream r) = 0;

private:
    /// What becomes of the content.
    enum class content_phase : std::uint8_t {
        /// There is none.
        none,
        /// It was not begun.
        ahead,
        /// The server was asked whether it wants it.
        asked,
        /// It is sent.
        under_way,
        /// All of it was taken.
        ended,
        /// Nobody is to have it any more.
        stopped,
    };

    HTTPHOOKS_DECL void begin_clock() override;
    HTTPHOOKS_DECL void set_framing() override;
    HTTPHOOKS_DECL void make_parser() override;
    HTTPHOOKS_DECL bool repeatable() const noexcept override;
    HTTPHOOKS_DECL std::shared_ptr<operation_guard> make_guard() override;
    HTTPHOOKS_DECL void on_header_sent() override;
    HTTPHOOKS_DECL void on_interim(unsigned status_code) override;
    HTTPHOOKS_DECL void on_progress() override;
    HTTPHOOKS_DECL void on_malformed(error_code ec) override;
    HTTPHOOKS_DECL void on_response() override;
    HTTPHOOKS_DECL void complete(error_code ec, response message) override;
    HTTPHOOKS_DECL void on_read() noexcept override;
    HTTPHOOKS_DECL void on_stream() noexcept override;

    class guard;

    /// The execution context goes: nobody waits for what does not come any more.
    inline void drop() noexcept;
    inline void begin_content();
    inline void send();
    inline void on_sent(error_code ec);
    inline void on_content_moved();
    inline void hold_content();
    inline void stop_content() noexcept;
    /// Whether the response leads elsewhere, and the request can follow.
    inline bool leads_on();
    /// Gives the header if it was not given, and what has come of the body.
    inline void hand_over();
    /// Whether it is the server that has to do something.
    inline bool waits() noexcept;
    inline void touch();
    inline void watch(std::chrono::steady_clock::duration most);

    streaming_options const options_;
    std::shared_ptr<stream_body> content_;
    content_phase phase_ = content_phase::none;
    bool chunked_ = false;
    bool sending_ = false;
    bool reading_ = true;
    bool given_ = false;
    bool watched_ = false;
    std::atomic<bool> over_{false};
    std::string output_{};
    error_code content_error_{};
    std::shared_ptr<httphooks::detail::body_channel> channel_{};
    fields trailers_{};
    timer continue_timer_;
    std::chrono::steady_clock::time_point moved_{};
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/client_streaming.ipp>
#endif
