// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Text in HTML.
*/

#include <string>
#include <string_view>

namespace httphooks::detail {

/// Appends text in which HTML finds no markup, also within the quotes of an attribute.
inline void append_html(std::string& to, std::string_view text) {
    for (char const c : text) {
        switch (c) {
            case '&':
                to += "&amp;";
                break;
            case '<':
                to += "&lt;";
                break;
            case '>':
                to += "&gt;";
                break;
            case '"':
                to += "&quot;";
                break;
            case '\'':
                to += "&#39;";
                break;
            default:
                to += c;
        }
    }
}

}  // namespace httphooks::detail
