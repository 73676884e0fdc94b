// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A message that is not copied before it is sent.
*/

#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

/// A message that is written straight to where it goes.
class message_source {
public:
    message_source(message_source const&) = delete;
    message_source& operator=(message_source const&) = delete;

    /// Appends the message, which is UTF-8.
    virtual void append(std::string& to) const = 0;
    /// Appends it as append_quoted() does, between two plain texts.
    virtual void append_quoted(std::string& to, std::string_view before,
                               std::string_view after) const = 0;
    /// About how many bytes it has.
    virtual std::size_t expected_size() const noexcept = 0;

protected:
    message_source() = default;
    ~message_source() = default;
};

}  // namespace httphooks::sockjs::detail
