// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a program of these tests says when it cannot do what it was told.
*/

#include <iostream>
#include <string_view>

namespace conformance {

/** Writes one line on standard error, whatever the text has.
    @param status of the program's end
    @return the status */
inline int complain(std::string_view program, std::string_view text, int status) {
    std::cerr << program << ":";
    while (!text.empty()) {
        std::string_view const line = text.substr(0, text.find('\n'));
        if (!line.empty()) std::cerr << ' ' << line;
        text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
    }
    std::cerr << std::endl;
    return status;
}

}  // namespace conformance
