// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Completes a hook that takes its time.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <exception>
#include <memory>

namespace httphooks {

namespace detail {
class async_run;
}  // namespace detail

/** Completes a hook of the callback form.

    Call it once, from any thread. Copies are cheap and stand for the same completion; when the last
    one goes uncalled, the hook has failed with error::dropped_done. The context is valid as long as
    a copy lives.
*/
class hook_done {
public:
    explicit hook_done(detail::async_run& run);

    /// The hook is done; what it set on its context counts.
    void operator()() const;

    /// The hook is done; a set `ec` means that it failed.
    void operator()(error_code ec) const;

    /// The hook has failed, as if it had thrown the exception.
    void fail(std::exception_ptr exception) const;

private:
    struct guard;

    std::shared_ptr<guard> shared_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/hook_done.ipp>
#endif
