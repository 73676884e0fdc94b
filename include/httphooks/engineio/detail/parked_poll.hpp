// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A poll: the request that a session answers when it has something to say.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/content_coding.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/message.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

/// How the polls of a client are answered.
struct poll_style {
    revision protocol = revision::v4;
    /// Whether the client takes payloads of bytes.
    bool bytes = false;
    /// The function that a script calls; empty: the reply is no script.
    std::string script_call{};
    /// What the client takes.
    content_coding coding = content_coding::identity;
};

/** A poll. It is kept by its connection while the client waits. */
struct parked_poll {
    std::weak_ptr<http::detail::waiting_visit> client{};
    /// Its fields, but for the type.
    response reply{};
    poll_style style{};

    /// Answers, from any thread.
    void answer(std::vector<packet> const& packets, compression const& with);
    void answer(response r) {
        if (auto const c = client.lock()) c->answer(std::move(r));
    }
};

/// Turns a payload into a script that hands it to a function of the page.
std::string script_of(std::string_view call, std::string_view payload);

/** Undoes what a form does to newlines: `\n` stands for one, `\\n` for a backslash and an n.
    @par Source
    engine.io 6.6, JSONP.onData */
std::string unescape_newlines(std::string_view form);

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/parked_poll.ipp>
#endif
