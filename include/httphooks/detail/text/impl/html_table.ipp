// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/text/html_table.hpp>

#include <httphooks/detail/text/html_text.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL html_table::html_table(std::string_view title) {
    html_ = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>)";
    append_html(html_, title);
    html_ += R"(</title>
<style>
:root { --line: #d5d9e0; --quiet: #5a6472; --mark: #fff3d6; --warn: #8a4b00; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a4150; --quiet: #a3adbb; --mark: #3a2f16; --warn: #ffc566; }
}
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
p { color: var(--quiet); margin: 0 0 1.25rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .45rem .75rem .45rem 0; text-align: left; vertical-align: top; }
th { color: var(--quiet); font-size: .8rem; font-weight: 600; white-space: nowrap; }
td:nth-child(2), td:nth-child(3) { white-space: nowrap; }
td:nth-child(6), td:last-child { min-width: 12rem; }
td:first-child { color: var(--quiet); font-variant-numeric: tabular-nums; }
code { font: .87em ui-monospace, monospace; white-space: nowrap; }
small { color: var(--quiet); display: block; }
tr.marked { background: var(--mark); }
tr.marked td:last-child, tr.marked small { color: var(--warn); }
</style>
<h1>)";
    append_html(html_, title);
    html_ += "</h1>\n";
}

HTTPHOOKS_DECL void html_table::paragraph(std::string_view text) {
    html_ += "<p>";
    append_html(html_, text);
    html_ += "</p>\n";
}

HTTPHOOKS_DECL void html_table::header(std::initializer_list<std::string_view> names) {
    html_ += "<div tabindex=\"0\">\n<table>\n<thead><tr>";
    for (std::string_view const name : names) {
        html_ += "<th scope=\"col\">";
        append_html(html_, name);
        html_ += "</th>";
    }
    html_ += "</tr></thead>\n<tbody>\n";
}

HTTPHOOKS_DECL void html_table::begin_row(bool marked) {
    html_ += marked ? "<tr class=\"marked\">" : "<tr>";
}

HTTPHOOKS_DECL void html_table::cell(std::string_view text, std::string_view small) {
    html_ += "<td>";
    append_html(html_, text);
    if (!small.empty()) {
        html_ += "<small>";
        append_html(html_, small);
        html_ += "</small>";
    }
    html_ += "</td>";
}

HTTPHOOKS_DECL void html_table::code(std::string_view text) {
    html_ += "<td><code>";
    append_html(html_, text);
    html_ += "</code></td>";
}

HTTPHOOKS_DECL std::string html_table::take() {
    html_ += "</tbody>\n</table>\n</div>\n</html>\n";
    return std::move(html_);
}

}  // namespace httphooks::detail
