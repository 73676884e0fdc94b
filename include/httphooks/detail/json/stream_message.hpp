// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One of the messages that a stream goes over a socket in, and its JSON.
*/

#include <httphooks/detail/json/envelope_writer.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::detail {

/** A message of a stream: the first, one with a piece of the content, or the last.

    `{"id","statusCode","headers","more":true,"content":""}` comes first, then
    `{"id","more":true,"content"}` for each write, and at the end `{"id","content":""}`, with a
    member `trailers` if there are any. When the stream fails, the last one is
    `{"id","statusCode":500,"headers":{},"content":""}`. A content that is not UTF-8 is base64, as
    in any envelope; it always comes last. */
struct stream_message {
    /// JSON.
    std::string_view id{};
    /// Whose status and headers it has; null: it is not the first.
    response const* head = nullptr;
    /// The fields behind the content; null: none.
    fields const* trailers = nullptr;
    /// What went wrong; unknown: nothing.
    status failed = status::unknown;
    /// Whether others follow.
    bool more = false;
    std::string const& content;
};

/// About how many bytes put_stream_message() writes.
inline std::size_t stream_message_size(stream_message const& m) noexcept {
    return m.id.size() + (m.head ? 2 * m.head->base().wire().size() : 0) + m.content.size() +
           m.content.size() / 8 + 64;
}

template <class Form>
void put_stream_message(json_writer<Form>& out, stream_message const& m) {
    open_envelope(out, m.id);
    if (m.head || m.failed != status::unknown) {
        put_status(out, m.head ? m.head->result_int() : static_cast<unsigned>(m.failed));
        if (m.head) put_headers(out, m.head->base());
        out.template put<"},">();
    }
    if (m.trailers) {
        out.template put<R"("trailers":{)">();
        put_headers(out, *m.trailers);
        out.template put<"},">();
    }
    if (m.more) out.template put<R"("more":true,)">();
    put_content(out, m.content);
    out.template put<"}">();
}

/// The JSON of a message, behind a text.
inline void append_stream_message(std::string& to, stream_message const& m) {
    json_writer<plain_json> out(to, stream_message_size(m));
    put_stream_message(out, m);
}

}  // namespace httphooks::detail
