// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a response's body is made of when it is no text.
*/

#include <cstdint>

namespace httphooks {

/// What a body is made of when it is no text: a file_body or a stream_body.
class body_source {
public:
    /// Which of them.
    enum class kind : std::uint8_t { file, stream };

    /// Which it is.
    kind type() const noexcept { return type_; }

protected:
    explicit body_source(kind type) noexcept : type_(type) {}
    ~body_source() = default;

private:
    kind type_;
};

}  // namespace httphooks
