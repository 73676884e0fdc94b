// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/poll_set.hpp>

#include <httphooks/error.hpp>
#include <httphooks/http/detail/stream.hpp>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

#if defined(__linux__)

namespace httphooks::http::detail {

HTTPHOOKS_DECL bool poll_set::open() {
    int const handle = ::epoll_create1(EPOLL_CLOEXEC);
    if (handle < 0) return false;
    error_code ec;
    set_.emplace(context_.get_executor());
    set_->assign(handle, ec);
    if (ec) {
        set_.reset();
        ::close(handle);
    }
    return !ec;
}

HTTPHOOKS_DECL bool poll_set::control(int operation, member& m, std::uint32_t more) noexcept {
    if (!set_) return false;
    m.interest_ |= more;
    epoll_event e{};
    e.events = m.interest_;
    e.data.ptr = &m;
    return ::epoll_ctl(set_->native_handle(), operation, m.socket_, &e) == 0;
}

HTTPHOOKS_DECL bool poll_set::add(int socket, member& m) {
    if (!set_ && !open()) return false;
    m.socket_ = socket;
    m.interest_ = 0;
    if (!control(EPOLL_CTL_ADD, m, EPOLLIN | EPOLLRDHUP | EPOLLET)) {
        m.socket_ = -1;
        return false;
    }
    members_.push_back(m);
    arm();
    return true;
}

HTTPHOOKS_DECL void poll_set::remove(member& m) noexcept {
    if (!m.is_linked()) return;
    members_.erase(members_.iterator_to(m));
    control(EPOLL_CTL_DEL, m, 0);
    for (std::size_t i = next_; i < last_; ++i)
        if (batch_[i].data.ptr == &m) batch_[i].data.ptr = nullptr;
    error_code ignored;
    if (members_.empty() && set_) set_->cancel(ignored);
}

HTTPHOOKS_DECL void poll_set::arm() {
    if (armed_ || members_.empty()) return;
    armed_ = true;
    auto ready = [this](error_code) { on_ready(); };
    set_->async_wait(descriptor::wait_read, recycled<decltype(ready)>(std::move(ready)));
}

HTTPHOOKS_DECL void poll_set::on_ready() {
    armed_ = false;
    if (!set_) return;
    if (next_ == last_) {
        int const n =
            ::epoll_wait(set_->native_handle(), batch_.data(), static_cast<int>(batch_.size()), 0);
        next_ = 0;
        last_ = n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    // before anyone is told: they may run the context themselves
    arm();
    tell();
}

HTTPHOOKS_DECL void poll_set::tell() {
    try {
        while (next_ < last_) {
            epoll_event const e = batch_[next_++];
            if (e.data.ptr) static_cast<member*>(e.data.ptr)->on_poll(e.events);
        }
    } catch (...) {
        // the exception is for whoever runs the context; the others are told when they go on
        if (next_ < last_) asio::post(context_, [this] { tell(); });
        throw;
    }
}

HTTPHOOKS_DECL void poll_set::post(void (*function)(std::shared_ptr<void> const&),
                                   std::shared_ptr<void> argument) {
    calls_.push_back({function, std::move(argument)});
    call_later();
}

inline void poll_set::call_later() {
    if (std::exchange(calling_, true)) return;
    auto next = [this] { call_posted(); };
    asio::post(context_, recycled<decltype(next)>(std::move(next)));
}

/// Calls what is posted by now.
inline void poll_set::call_posted() {
    calling_ = false;
    std::size_t const end = calls_.size();
    // before anyone is called: they may throw
    if (end - next_call_ > 1) call_later();
    while (next_call_ < end && next_call_ < calls_.size()) {
        call const c = std::move(calls_[next_call_++]);
        c.function(c.argument);
    }
    calls_.erase(calls_.begin(), calls_.begin() + static_cast<std::ptrdiff_t>(next_call_));
    next_call_ = 0;
    if (!calls_.empty())
        call_later();
    else if (calls_.capacity() > most_calls_kept)
        std::vector<call>().swap(calls_);
}

HTTPHOOKS_DECL void poll_set::shutdown() {
    members_.clear();
    next_call_ = 0;
    std::vector<call>().swap(calls_);
    next_ = last_ = 0;
    set_.reset();
}

/// A child process has a set of its own, so that what it closes stays in that of its parent.
HTTPHOOKS_DECL void poll_set::notify_fork(asio::execution_context::fork_event event) {
    if (event != asio::execution_context::fork_child || !set_) return;
    set_.reset();
    next_ = last_ = 0;
    if (!open()) return;
    for (member& m : members_) control(EPOLL_CTL_ADD, m, 0);
}

}  // namespace httphooks::http::detail

#endif
