// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How deep objects and arrays of a JSON text are nested.
*/

#include <cstddef>
#include <string_view>

namespace httphooks::detail {

/// How deep a text may be nested where nobody says otherwise.
inline constexpr std::size_t default_json_depth = 200;

/** Whether more objects and arrays are open at a time than `depth`. The text need not be JSON.

    What is nested deeper is read without recursion by a JSON library, but copied and written with
    it: some hundred thousand brackets take more than the stack has.
*/
inline bool is_nested_deeper(std::string_view json, std::size_t depth) noexcept {
    std::size_t open = 0;
    bool quoted = false;
    for (std::size_t at = 0; at < json.size(); ++at) {
        switch (json[at]) {
            case '"':
                quoted = !quoted;
                break;
            case '\\':
                at += quoted;  // what is behind it is no quote
                break;
            case '[':
            case '{':
                if (!quoted && open++ == depth) return true;
                break;
            case ']':
            case '}':
                if (!quoted && open > 0) --open;
                break;
            default:
                break;
        }
    }
    return false;
}

}  // namespace httphooks::detail
