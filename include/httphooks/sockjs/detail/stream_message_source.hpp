// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A message of a stream that is not copied before it is sent.
*/

#include <httphooks/detail/json/stream_message.hpp>
#include <httphooks/sockjs/detail/envelope_source.hpp>
#include <httphooks/sockjs/detail/message_source.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

/// A message of a stream.
class stream_message_source final : public message_source {
public:
    explicit stream_message_source(httphooks::detail::stream_message const& m) noexcept
        : message_(m) {}

    void append(std::string& to) const override {
        httphooks::detail::append_stream_message(to, message_);
    }
    void append_quoted(std::string& to, std::string_view before,
                       std::string_view after) const override {
        std::size_t const size = before.size() + after.size() + expected_size();
        httphooks::detail::json_writer<quoted_json> out(to, size);
        out.put_plain(before);
        out.put_plain("\"");
        httphooks::detail::put_stream_message(out, message_);
        out.put_plain("\"");
        out.put_plain(after);
    }
    std::size_t expected_size() const noexcept override {
        return httphooks::detail::stream_message_size(message_) + 4;
    }

private:
    httphooks::detail::stream_message const& message_;
};

}  // namespace httphooks::sockjs::detail
