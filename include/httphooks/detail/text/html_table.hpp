// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A page of HTML with one table, everything in it escaped.
*/

#include <httphooks/config.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// Writes the page from top to bottom.
class html_table {
public:
    /// Begins the page. @param title of the window and of the page
    explicit html_table(std::string_view title);

    /// A paragraph above the table.
    void paragraph(std::string_view text);
    /// Begins the table with the names of its columns.
    void header(std::initializer_list<std::string_view> names);
    /// Begins a row. @param marked whether it stands out
    void begin_row(bool marked);
    /// A cell with text, and small text below it.
    void cell(std::string_view text, std::string_view small = {});
    /// A cell with code.
    void code(std::string_view text);
    void end_row() { html_ += "</tr>\n"; }

    /// Ends the page and gives it.
    std::string take();

private:
    std::string html_;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/text/impl/html_table.ipp>
#endif
