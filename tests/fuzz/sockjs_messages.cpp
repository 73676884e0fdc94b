// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    SockJS's message arrays: taken are the arrays of strings that another parser takes, with the
    same messages in them; and what is framed can be read again.
*/

#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/sockjs/frame.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace sockjs = httphooks::sockjs;
using nlohmann::json;

namespace {

void require(bool so) {
    if (!so) std::abort();
}

std::vector<std::string> messages(std::string_view text) {
    std::vector<std::string> all;
    std::string scratch;
    std::string_view message;
    for (sockjs::message_reader reader(text); reader.next(message, scratch);)
        all.emplace_back(message);
    return all;
}

/// Whether the other parser is no judge: a NUL ends its text, it skips a BOM, and it takes no
/// escaped lone surrogate.
bool is_special(std::string_view text) {
    return text.find('\0') != text.npos || text.starts_with("\xef\xbb\xbf") ||
           text.find("\\ud") != text.npos || text.find("\\uD") != text.npos;
}

void compare(std::string_view text) {
    json const other = json::parse(text, nullptr, false);
    bool strings = other.is_array();
    std::vector<std::string> expected;
    if (strings)
        for (json const& element : other) {
            strings = strings && element.is_string();
            if (element.is_string()) expected.push_back(element.get<std::string>());
        }
    require(strings == !sockjs::check_messages(text));
    require((strings || other.is_string()) == !sockjs::check_message_frame(text));
    if (strings) require(messages(text) == expected);
    if (other.is_string()) require(messages(text) == std::vector{other.get<std::string>()});
}

void round_trip(std::string_view message) {
    std::string frame = "[";
    sockjs::append_quoted(frame, message);
    frame += ']';
    require(!sockjs::check_messages(frame));
    std::vector<std::string> const back = messages(frame);
    require(back.size() == 1);
    if (httphooks::detail::is_utf8(message)) {
        require(back[0] == message);
        require(json::parse(frame)[0].get<std::string>() == message);
    }

    std::string line;
    sockjs::append_framed(line, sockjs::framing::line, frame);
    require(line.find('\n') == line.size() - 1);
    std::string event;
    sockjs::append_framed(event, sockjs::framing::event, frame);
    require(event.find_first_of("\r\n") == event.size() - 4);
    std::string script;
    sockjs::append_framed(script, sockjs::framing::script, frame);
    std::string_view const head = "<script>\np(";
    std::string_view const tail = ");\n</script>\r\n";
    require(script.starts_with(head) && script.ends_with(tail));
    std::string_view const inner =
        std::string_view(script).substr(head.size(), script.size() - head.size() - tail.size());
    require(inner.find_first_of("<>&") == inner.npos);
    require(json::parse(inner).get<std::string>() == frame);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (!sockjs::check_messages(text) || !sockjs::check_message_frame(text)) {
        std::string again = "[";
        for (std::string const& m : messages(text)) {
            if (again.size() > 1) again += ',';
            sockjs::append_quoted(again, m);
        }
        require(messages(again += ']') == messages(text));
    }
    if (!is_special(text)) compare(text);
    round_trip(text);
    return 0;
}
