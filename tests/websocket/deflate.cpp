// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/websocket/deflate.hpp>

#include <httphooks/websocket/error.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace ws = httphooks::websocket;

namespace {

/// What a server answers to an offer; "-": nothing.
std::string reply_to(std::string_view offer, ws::deflate_options const& o) {
    auto const found = ws::accept_deflate(offer, o);
    return found ? found->reply : "-";
}

ws::deflate_options with_contexts() {
    ws::deflate_options o;
    o.server_no_context_takeover = o.client_no_context_takeover = false;
    return o;
}

}  // namespace

TEST_CASE("An offer of permessage-deflate is accepted with what both sides want") {
    auto const o = with_contexts();
    CHECK(reply_to("permessage-deflate", o) == "permessage-deflate");
    CHECK(reply_to("permessage-deflate; client_max_window_bits", o) == "permessage-deflate");
    CHECK(reply_to("permessage-deflate;client_max_window_bits=10", o) ==
          "permessage-deflate; client_max_window_bits=10");
    CHECK(reply_to("permessage-deflate; server_max_window_bits=15", o) ==
          "permessage-deflate; server_max_window_bits=15");
    CHECK(reply_to("permessage-deflate ; server_max_window_bits = \"9\" ; "
                   "server_no_context_takeover;\tclient_no_context_takeover",
                   o) ==
          "permessage-deflate; server_no_context_takeover; "
          "client_no_context_takeover; server_max_window_bits=9");
    CHECK(reply_to("permessage-deflate", {}) ==
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
}

TEST_CASE("A server's smaller windows are in its answer, those of a client only if it knows them") {
    auto o = with_contexts();
    o.server_max_window_bits = 11;
    o.client_max_window_bits = 12;
    CHECK(reply_to("permessage-deflate", o) == "permessage-deflate; server_max_window_bits=11");
    CHECK(reply_to("permessage-deflate; client_max_window_bits", o) ==
          "permessage-deflate; server_max_window_bits=11; client_max_window_bits=12");
    auto const small = ws::accept_deflate(
        "permessage-deflate; client_max_window_bits=9; server_max_window_bits=10", o);
    REQUIRE(small);
    CHECK(small->parameters == ws::deflate_parameters{10, 9, false, false});
    auto const unknown = ws::accept_deflate("permessage-deflate", o);
    REQUIRE(unknown);
    CHECK(unknown->parameters == ws::deflate_parameters{11, 15, false, false});
}

TEST_CASE("The first offer that can be accepted is, others are passed over") {
    auto const o = with_contexts();
    CHECK(reply_to("x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=16, "
                   "permessage-deflate; server_max_window_bits=10, permessage-deflate",
                   o) == "permessage-deflate; server_max_window_bits=10");
    for (std::string_view const bad : {
             "permessage-deflate; unknown",
             "permessage-deflate; server_no_context_takeover=1",
             "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
             "permessage-deflate; server_max_window_bits",
             "permessage-deflate; server_max_window_bits=7",
             "permessage-deflate; server_max_window_bits=08",
             "permessage-deflate; server_max_window_bits=16",
             "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
             "permessage-deflate; client_max_window_bits=1",
             "permessage-deflate; client_max_window_bits=15; client_max_window_bits",
             "Permessage-Deflate",
             "permessage-bzip2",
             "",
             " , ,",
         })
        CHECK(reply_to(bad, o) == "-");
}

TEST_CASE("A malformed list of extensions is none, and takes time in proportion to its length") {
    auto const o = with_contexts();
    for (std::string_view const bad : {
             "permessage-deflate;",
             "permessage-deflate; ;",
             "permessage-deflate; server_max_window_bits=",
             "permessage-deflate; server_max_window_bits=\"10",
             "permessage-deflate; server_max_window_bits=\"\"",
             "permessage-deflate; server_max_window_bits=\"10\\",
             "permessage-deflate x",
             "permessage-deflate, \"x\"",
             "permessage-deflate, a b",
             "=",
             ";",
         })
        CHECK(reply_to(bad, o) == "-");
    for (char const c : {'"', '\\', ',', ';', '=', ' ', 'a'}) {
        std::string const many(8192, c);
        CHECK(reply_to(many, o) == "-");
        CHECK(reply_to("permessage-deflate; server_max_window_bits=\"" + many, o) == "-");
    }
}

TEST_CASE("A client's offer says what it wants, and the answer has to fit it") {
    ws::deflate_options o;
    CHECK(ws::offer_deflate(o) ==
          "permessage-deflate; server_no_context_takeover; "
          "client_no_context_takeover; client_max_window_bits");
    o = with_contexts();
    CHECK(ws::offer_deflate(o) == "permessage-deflate; client_max_window_bits");
    o.server_max_window_bits = 12;
    o.client_max_window_bits = 13;
    CHECK(ws::offer_deflate(o) ==
          "permessage-deflate; server_max_window_bits=12; client_max_window_bits=13");

    auto const good = ws::read_deflate_reply(
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits=11; "
        "server_no_context_takeover",
        o);
    REQUIRE(good.has_value());
    CHECK(*good == ws::deflate_parameters{10, 11, true, false});
    for (std::string_view const bad : {
             "permessage-deflate",  // the client asked for a smaller window
             "permessage-deflate; server_max_window_bits=13",
             "permessage-deflate; server_max_window_bits=12; client_max_window_bits=14",
             "permessage-deflate; server_max_window_bits=12; client_max_window_bits",
             "permessage-deflate; server_max_window_bits=12; unknown",
             "permessage-deflate; server_max_window_bits=12, permessage-deflate",
             "permessage-deflate; server_max_window_bits=12;",
             "permessage-bzip2; server_max_window_bits=12",
             "",
         }) {
        auto const refused = ws::read_deflate_reply(bad, o);
        REQUIRE(refused.has_error());
        CHECK(refused.error() == ws::error::not_offered);
    }
    CHECK(ws::read_deflate_reply("permessage-deflate", {}).has_error());  // contexts of the server's
}

TEST_CASE("What a client offers a server accepts, and the client its answer") {
    for (int const bits : {9, 12, 15})
        for (bool const keeps : {false, true}) {
            ws::deflate_options o;
            o.server_max_window_bits = bits;
            o.client_max_window_bits = 24 - bits;
            o.server_no_context_takeover = keeps;
            o.client_no_context_takeover = !keeps;
            auto const accepted = ws::accept_deflate(ws::offer_deflate(o), {});
            REQUIRE(accepted);
            auto const agreed = ws::read_deflate_reply(accepted->reply, o);
            REQUIRE(agreed.has_value());
            CHECK(*agreed == accepted->parameters);
        }
}
