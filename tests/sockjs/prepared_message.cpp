// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/prepared_message.hpp>

#include "support/catch.hpp"

#include <string>

namespace sockjs = httphooks::sockjs;

TEST_CASE("a message for many is quoted and framed once, copies share it") {
    sockjs::prepared_message const message("to \"all\"\xe2\x80\xa8");
    sockjs::prepared_message const copy = message;
    CHECK(copy.text() == "to \"all\"\xe2\x80\xa8");
    CHECK(copy.quoted() == R"("to \"all\"\u2028")");
    CHECK(copy.text().data() == message.text().data());
    CHECK(copy.quoted().data() == message.quoted().data());
    CHECK(&copy.websocket_frame() == &message.websocket_frame());
    CHECK(&copy.raw_frame() == &message.raw_frame());
}
