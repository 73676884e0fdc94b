// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The response that carries a session's frames for a while: a poll, or a stream.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/session.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

class receiver;

/// A receiver's number, unique in the process.
using receiver_id = std::uint64_t;

/// Who writes to a receiver; told on its own home.
class receiver_owner {
public:
    receiver_owner(receiver_owner const&) = delete;
    receiver_owner& operator=(receiver_owner const&) = delete;

    virtual http::detail::home const& receiver_home() const noexcept = 0;
    /// A frame is written, and the response goes on.
    virtual void on_written(receiver_id r) = 0;
    /// The response has ended, whole.
    virtual void on_done(receiver_id r) = 0;
    /// The client has gone.
    virtual void on_gone(receiver_id r) = 0;

protected:
    receiver_owner() = default;
    ~receiver_owner() = default;
};

/** A response that frames are written to.

    It is kept alive by what is under way on its connection; sessions refer to it weakly. */
class receiver final : public std::enable_shared_from_this<receiver> {
public:
    /** @param header of the response
        @param prelude what a stream begins with */
    receiver(http::detail::visit v, response header, receiver_shape shape, std::string prelude = {})
        : visit_(std::move(v)),
          home_(visit_.client.get_executor()),
          header_(std::move(header)),
          shape_(std::move(shape)),
          prelude_(std::move(prelude)) {}

    // on the connection's executor --------------------------------------------------------

    request const& message() const noexcept { return visit_.message; }
    http::connection const& client() const noexcept { return visit_.client; }
    receiver_shape const& shape() const noexcept { return shape_; }

    /// Begins the response of a stream, then goes on; of a poll goes on at once.
    template <class Next>
    void begin(Next next);

    /// Watches the client from now on, whoever else refers to the receiver; if it has gone, tells
    /// the owner so.
    void hold();

    /// Answers with something else than a session. Not behind begin() of a stream.
    void refuse(response const& r);
    bool begun() const noexcept { return begun_; }

    void owner(std::shared_ptr<receiver_owner> o) noexcept { owner_ = std::move(o); }

    // from any thread ---------------------------------------------------------------------

    http::detail::home const& place() const noexcept { return home_; }
    receiver_id id() const noexcept { return id_; }

    /// Writes a frame. @param last the response ends behind it
    void write(std::string frame, bool last);

    /// Looks whether the client has gone.
    void probe(std::function<void(bool gone)> answer);

private:
    bool polling() const noexcept { return shape_.limit == 0; }
    inline void write_here(std::string frame, bool last);
    inline void on_written(error_code ec, bool last);
    inline void end(error_code ec);
    void gone(error_code ec);
    inline void tell(void (receiver_owner::*what)(receiver_id));

    static receiver_id next_id() noexcept {
        static std::atomic<receiver_id> last{0};
        return last.fetch_add(1, std::memory_order_relaxed) + 1;
    }

    receiver_id const id_ = next_id();
    http::detail::visit visit_;
    http::detail::home home_;
    response header_;
    receiver_shape shape_;
    std::string prelude_;
    std::shared_ptr<receiver_owner> owner_{};
    bool begun_ = false;
    bool held_ = false;
    bool ended_ = false;
    bool gone_ = false;
};

// ---------------------------------------------------------------------------------------------

template <class Next>
void receiver::begin(Next next) {
    if (polling() || std::exchange(begun_, true)) return next();
    auto const self = shared_from_this();
    visit_.client.async_start(header_, [self, next](error_code ec) {
        if (ec) return self->gone(ec);
        std::string const prelude = std::move(self->prelude_);
        self->visit_.client.async_write_chunk(prelude, [self, next](error_code error) {
            if (error) return self->gone(error);
            next();
        });
    });
}

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/receiver.ipp>
#endif
