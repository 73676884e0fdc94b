// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/hook.hpp>

#include <httphooks/context.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <stdexcept>
#include <unordered_set>

#include "support/catch.hpp"

using namespace httphooks;

namespace {

struct no_response {};

struct hook_state {
    int value = 0;
};

template <class F>
constexpr bool for_responder = hook_function<F, responder_context>;
template <class F>
constexpr bool for_pre_responder = hook_function<F, pre_responder_context>;
template <class F>
constexpr bool for_listener = hook_function<F, request_listener_context>;

// The four forms.
static_assert(for_responder<response (*)(responder_context&)>);
static_assert(for_responder<std::string (*)(responder_context&)>);
static_assert(for_responder<char const* (*)(responder_context const&)>);
static_assert(for_responder<nlohmann::json (*)(responder_context&)>);
static_assert(for_responder<status (*)(responder_context&)>);
static_assert(for_responder<void (*)(responder_context&)>);
static_assert(for_responder<asio::awaitable<void> (*)(responder_context&)>);
static_assert(for_responder<asio::awaitable<response> (*)(responder_context&)>);
static_assert(for_responder<asio::awaitable<std::string> (*)(responder_context&)>);
static_assert(for_responder<void (*)(responder_context&, hook_done)>);
static_assert(for_responder<void (*)(responder_context&, hook_done const&)>);
static_assert(for_responder<void (*)(responder_context&, hook_done&&)>);
static_assert(for_responder<void (*)(responder_context&, std::function<void()>)>);
static_assert(for_responder<void (*)(responder_context&, std::function<void(error_code)>)>);
static_assert(for_responder<std::function<void(responder_context&)>>);
static_assert(for_pre_responder<status (*)(pre_responder_context&)>);
static_assert(for_listener<void (*)(request_listener_context const&)>);
static_assert(for_listener<asio::awaitable<void> (*)(request_listener_context&)>);
static_assert(for_listener<void (*)(request_listener_context&, hook_done)>);

// What is none of them.
static_assert(!for_responder<int>);
static_assert(!for_responder<void (*)()>);
static_assert(!for_responder<void (*)(int)>);
static_assert(!for_responder<void (*)(responder_context)>);
static_assert(!for_responder<void (*)(responder_context&, int)>);
static_assert(!for_responder<void (*)(responder_context&, hook_done&)>);
static_assert(!for_responder<int (*)(responder_context&, hook_done)>);
static_assert(!for_responder<no_response (*)(responder_context&)>);
static_assert(!for_responder<asio::awaitable<no_response> (*)(responder_context&)>);
static_assert(
    !for_responder<asio::awaitable<void, asio::io_context::executor_type> (*)(responder_context&)>);
static_assert(!for_responder<void (*)(pre_responder_context&)>);
static_assert(!for_responder<void (*)(basic_context<hook_type::responder, hook_state>&)>);
static_assert(!for_listener<std::string (*)(request_listener_context&)>);
static_assert(!for_listener<asio::awaitable<std::string> (*)(request_listener_context&)>);
static_assert(!for_listener<response (*)(request_listener_context&)>);
static_assert(!for_listener<void (*)(response_listener_context&)>);
static_assert(hook_function<void (*)(basic_context<hook_type::responder, hook_state>&),
                            basic_context<hook_type::responder, hook_state>>);

}  // namespace

TEST_CASE("a callback that can be called without done is not taken for one with it") {
    auto const any = [](auto&&...) {};
    CHECK(detail::form_of<decltype(any), responder_context>() == detail::hook_form::void_);
    auto const bound =
        std::bind([](responder_context&) { return status::ok; }, std::placeholders::_1);
    CHECK(detail::form_of<decltype(bound), responder_context>() == detail::hook_form::value);
}

TEST_CASE("hook ids are values") {
    CHECK(hook_id() == hook_id(0));
    CHECK(hook_id(1) < hook_id(2));
    CHECK(hook_id(7).value() == 7);
    std::unordered_set<hook_id> const ids{hook_id(1), hook_id(2), hook_id(1)};
    CHECK(ids.size() == 2);
}

TEST_CASE("a pre-responder is mandatory unless it says otherwise, other hooks are not") {
    hook_info info;
    for (hook_type type : hook_types) {
        info.type = type;
        info.options.mandatory.reset();
        CHECK(info.mandatory() == (type == hook_type::pre_responder));
        info.options.mandatory = true;
        CHECK(info.mandatory());
        info.options.mandatory = false;
        CHECK_FALSE(info.mandatory());
    }
}

TEST_CASE("a hook's error has the text of its code or of its exception") {
    hook_info const info;
    auto const what = [&](error_code ec, std::exception_ptr e) {
        return hook_error{info, 1, ec, e}.what();
    };
    CHECK(what(error::time_limit, nullptr) == "a hook exceeded its time limit");
    CHECK(what({}, std::make_exception_ptr(std::runtime_error("text"))) == "text");
    CHECK(what({}, std::make_exception_ptr(1)) == "a hook threw an unknown exception");
}
