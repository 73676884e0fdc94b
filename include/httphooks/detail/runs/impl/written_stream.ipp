// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/written_stream.hpp>

#include <httphooks/detail/runs/dispatch_operation.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL stream_operation::stream_operation(asio::any_io_executor executor)
    : where(asio::prefer(std::move(executor), asio::execution::outstanding_work.tracked)) {}

/// Counts a call that was posted and has not begun, or is thrown away.
class written_stream::posted_call {
public:
    explicit posted_call(pointer stream) noexcept : stream_(std::move(stream)) {
        stream_->posted_.fetch_add(1, std::memory_order_relaxed);
    }
    posted_call(posted_call&&) noexcept = default;
    posted_call& operator=(posted_call&&) = delete;
    ~posted_call() {
        if (stream_) begin();
    }

    /// What is called from now on is behind it.
    pointer begin() noexcept {
        stream_->posted_.fetch_sub(1, std::memory_order_release);
        return std::move(stream_);
    }

private:
    pointer stream_;
};

template <class F>
void written_stream::on_executor(pointer stream, F f) {
    asio::any_io_executor const executor = stream->executor_;
    if (runs_here(executor) && stream->posted_.load(std::memory_order_acquire) == 0)
        return f(*stream);
    posted_call call(std::move(stream));
    asio::post(executor, [c = std::move(call), function = std::move(f)]() mutable {
        pointer const s = c.begin();
        function(*s);
    });
}

/// Takes the first of a list; null when there is none.
inline std::unique_ptr<stream_operation> take_first(std::unique_ptr<stream_operation>& list) {
    auto first = std::move(list);
    if (first) list = std::move(first->next);
    return first;
}

HTTPHOOKS_DECL void stream_canceller::operator()(asio::cancellation_type how) const {
    if (auto stream = stream_.lock()) written_stream::cancel(std::move(stream), number_, how);
}

HTTPHOOKS_DECL written_stream::~written_stream() {
    // one after another, however many there are
    while (take_first(first_) || take_first(waits_closed_)) {
    }
}

HTTPHOOKS_DECL void written_stream::start(asio::any_io_executor const& executor,
                                          stream_sink& sink) {
    executor_ = executor;
    sink_ = &sink;
    started_ = true;
    try {
        producer_->run(shared_from_this());
    } catch (...) {
        fail({}, std::current_exception());
    }
}

HTTPHOOKS_DECL void written_stream::stop() noexcept {
    pointer const keep = shared_from_this();
    sink_ = nullptr;
    // the hooks that it knows may keep the stream
    auto const told = std::exchange(told_, nullptr);
    if (phase_ == phase::over) return;
    bool const gone = phase_ == phase::open;
    phase_ = phase::over;
    close();
    if (!gone) return;
    try {
        asio::post(executor_, [keep] { keep->cancelled_.emit(asio::cancellation_type::terminal); });
    } catch (...) {  // it finds out when it writes
        return;
    }
}

/// Whoever waits is told.
inline void written_stream::close() noexcept {
    closed_.store(true, std::memory_order_release);
    drop_writes();
    while (auto op = take_first(waits_closed_)) complete(std::move(op), {});
}

inline void written_stream::drop_writes() noexcept {
    last_ = nullptr;
    while (auto op = take_first(first_)) complete(std::move(op), error::stream_closed);
}

HTTPHOOKS_DECL void written_stream::write(pointer stream, operation op) {
    on_executor(std::move(stream),
                [o = std::move(op)](written_stream& s) mutable { s.enqueue(std::move(o)); });
}

inline void written_stream::enqueue(operation op) {
    if (phase_ != phase::open) return complete(std::move(op), error::stream_closed);
    if (first_) {
        last_->next = std::move(op);
        last_ = last_->next.get();
        return;
    }
    if (op->rest().empty()) return complete(std::move(op), {});
    first_ = std::move(op);
    last_ = first_.get();
    tell();
}

HTTPHOOKS_DECL std::string_view written_stream::next() noexcept {
    return first_ ? first_->rest() : std::string_view();
}

HTTPHOOKS_DECL void written_stream::consume(std::size_t n) {
    first_->at += n;
    while (first_ && first_->rest().empty()) {
        auto op = take_first(first_);
        if (!first_) last_ = nullptr;
        complete(std::move(op), {});
    }
}

/// Calls a handler, not within this call.
inline void written_stream::complete(operation op, error_code ec) noexcept {
    try {
        auto const where = op->where;
        asio::post(where, [o = std::move(op), ec]() mutable { o.release()->call(ec); });
    } catch (...) {  // no memory: nobody is told
        return;
    }
}

HTTPHOOKS_DECL void written_stream::cancel(pointer stream, std::uint64_t number,
                                           asio::cancellation_type how) {
    on_executor(std::move(stream), [number, how](written_stream& s) { s.cancel(number, how); });
}

inline void written_stream::cancel(std::uint64_t number, asio::cancellation_type how) {
    for (operation* list : {&waits_closed_, &first_}) {
        stream_operation* before = nullptr;
        for (operation* link = list; *link; before = link->get(), link = &before->next) {
            if ((*link)->number != number) continue;
            if ((*link)->at > 0) {
                if ((how & asio::cancellation_type::terminal) != asio::cancellation_type::none)
                    fail(asio::error::operation_aborted, nullptr);
                return;
            }
            auto op = take_first(*link);
            if (last_ == op.get()) last_ = before;
            return complete(std::move(op), asio::error::operation_aborted);
        }
    }
}

HTTPHOOKS_DECL void written_stream::wait_closed(pointer stream, operation op) {
    on_executor(std::move(stream), [o = std::move(op)](written_stream& s) mutable {
        if (s.phase_ == phase::over) return complete(std::move(o), {});
        o->next = std::move(s.waits_closed_);
        s.waits_closed_ = std::move(o);
    });
}

HTTPHOOKS_DECL void written_stream::trailer(pointer stream, std::string name, std::string value) {
    on_executor(std::move(stream), [n = std::move(name), v = std::move(value)](written_stream& s) {
        if (!s.trailers_) s.trailers_ = std::make_unique<fields>();
        s.trailers_->insert(n, v);
    });
}

HTTPHOOKS_DECL void written_stream::end(pointer stream) {
    on_executor(std::move(stream), [](written_stream& s) {
        if (s.phase_ != phase::open) return;
        s.phase_ = phase::ending;
        s.tell();
    });
}

HTTPHOOKS_DECL void written_stream::fail(pointer stream, error_code why) {
    on_executor(std::move(stream), [why](written_stream& s) { s.fail(why, nullptr); });
}

HTTPHOOKS_DECL void written_stream::fail(error_code why, std::exception_ptr thrown) noexcept {
    if (phase_ != phase::open) return;
    break_off(why, std::move(thrown));
    tell();
}

HTTPHOOKS_DECL void written_stream::break_off(error_code why, std::exception_ptr thrown) noexcept {
    if (phase_ == phase::failed || phase_ == phase::over) return;
    phase_ = phase::failed;
    drop_writes();
    auto const told = std::exchange(told_, nullptr);
    if (!told) return;
    try {
        told(why, std::move(thrown));
    } catch (...) {  // its own affair
        return;
    }
}

inline void written_stream::tell() noexcept {
    pointer const keep = shared_from_this();
    if (sink_) sink_->on_stream();
}

HTTPHOOKS_DECL writer_end::~writer_end() {
    if (stream_->closed()) return;
    try {
        written_stream::fail(stream_, error::stream_dropped);
    } catch (...) {  // no memory: the connection ends by its time limits
        return;
    }
}

template <class>
void spawn_stream(written_stream& stream, asio::awaitable<void> coroutine) {
    // co_spawn uses the slot behind the coroutine's end, so its handler keeps the stream
    asio::co_spawn(stream.executor(), std::move(coroutine),
                   asio::bind_cancellation_slot(
                       stream.slot(), [keep = stream.shared_from_this()](std::exception_ptr) {}));
}

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
template void spawn_stream(written_stream& stream, asio::awaitable<void> coroutine);
#endif

}  // namespace httphooks::detail
