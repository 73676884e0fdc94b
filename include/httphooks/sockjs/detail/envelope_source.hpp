// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The envelope of a response, as a message that is not copied before it is sent.
*/

#include <httphooks/detail/json/envelope_writer.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/detail/message_source.hpp>
#include <httphooks/sockjs/frame.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

/// JSON as append_quoted() writes it, without the quotes around it.
struct quoted_json {
    static constexpr bool quoted = true;
    static void append(std::string& to, std::string_view json) { append_quoted_text(to, json); }
};

/// The envelope of a response as a message.
class envelope_source final : public message_source {
public:
    envelope_source(response const& r, std::string_view id) noexcept : response_(r), id_(id) {}

    void append(std::string& to) const override { envelope::encode(to, response_, id_); }
    void append_quoted(std::string& to, std::string_view before,
                       std::string_view after) const override {
        std::size_t const size = before.size() + after.size() + expected_size();
        httphooks::detail::json_writer<quoted_json> out(to, size);
        out.put_plain(before);
        out.put_plain("\"");
        httphooks::detail::put_envelope(out, response_, id_);
        out.put_plain("\"");
        out.put_plain(after);
    }
    std::size_t expected_size() const noexcept override {
        return httphooks::detail::envelope_size(response_, id_) + 4;
    }

private:
    response const& response_;
    std::string_view id_;
};

}  // namespace httphooks::sockjs::detail
