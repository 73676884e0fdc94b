// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Numbers in Prometheus' text format.
*/

#include <httphooks/detail/text/utf8.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// Writes Prometheus' text.
class metrics_writer {
public:
    /// Begins a number.
    void begin(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        text_.append("# HELP ").append(name).append(" ");
        for (char const c : help)
            if (c == '\\')
                text_ += "\\\\";
            else if (c == '\n')
                text_ += "\\n";
            else
                text_ += c;
        text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
    }
    /// Begins a line of it. @param suffix behind the name, as "_sum"
    metrics_writer& line(std::string_view suffix = {}) {
        text_.append(name_).append(suffix);
        labelled_ = false;
        return *this;
    }
    metrics_writer& label(std::string_view name, std::string_view value) {
        text_.append(labelled_ ? "," : "{").append(name).append("=\"");
        labelled_ = true;
        while (!value.empty()) {
            std::size_t const valid = valid_utf8_prefix(value);
            append_value(value.substr(0, valid));
            if (valid == value.size()) break;
            append_value("\xef\xbf\xbd");
            value.remove_prefix(valid + 1);
        }
        text_ += '"';
        return *this;
    }
    /// Ends the line.
    void value(double v) {
        if (labelled_) text_ += '}';
        text_ += ' ';
        char digits[32];
        auto const end = std::to_chars(digits, digits + sizeof digits, v).ptr;
        text_.append(std::isnan(v)   ? "NaN"
                     : std::isinf(v) ? v > 0 ? "+Inf" : "-Inf"
                                     : std::string_view(digits, end));
        text_ += '\n';
    }
    void value(std::uint64_t v) {
        if (labelled_) text_ += '}';
        text_ += ' ' + std::to_string(v) + '\n';
    }

    std::string take() noexcept { return std::move(text_); }

private:
    void append_value(std::string_view value) {
        for (char const c : value) {
            if (c == '\n') {
                text_ += "\\n";
                continue;
            }
            if (c == '\\' || c == '"') text_ += '\\';
            text_ += c;
        }
    }

    std::string text_{};
    std::string_view name_{};
    bool labelled_ = false;
};

}  // namespace httphooks::detail
