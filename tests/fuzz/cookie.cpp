// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Cookies: the first line is a request's Cookie field, the rest a name and a value, a line each.
    What is read stays within the field, what is set is one line that can be read again, and nothing
    that was not signed or encrypted is taken for it.
*/

#include <httphooks/cookie.hpp>
#include <httphooks/sessions.hpp>
#include <httphooks/tls_cookie_keys.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

namespace hh = httphooks;

void must(bool condition) {
    if (!condition) std::abort();
}

bool within(std::string_view part, std::string_view whole) {
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

std::string_view next_line(std::string_view& text) {
    std::size_t const end = text.find('\n');
    std::string_view const line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return line;
}

void read(std::string_view line, hh::cookie_keys const& keys, hh::sessions const& sessions) {
    if (!hh::detail::is_field_text(line)) return;
    hh::request r(hh::verb::get, "/", 11);
    r.insert(hh::field::cookie, line);
    for (auto const& [name, value] : hh::cookies(r)) {
        must(within(name, r[hh::field::cookie]) && within(value, r[hh::field::cookie]));
        must(!name.empty() && name.find_first_of("=;") == name.npos);
        must(value.find(';') == value.npos);
        must(hh::cookie_value(r, name).has_value());
        must(!keys.verify(r, name) && !keys.decrypt(r, name));
    }
    must(!sessions.find(r));
}

void set(std::string_view name, std::string_view value, hh::cookie_keys const& keys) {
    std::string const encrypted = keys.encrypt(name, value);
    must(keys.decrypt(name, encrypted) == value);
    must(keys.verify(name, keys.sign(name, value)) == value);
    hh::fields reply;
    try {
        hh::set_cookie(reply, {.name = std::string(name), .value = std::string(value)}, false);
    } catch (std::invalid_argument const&) {
        return;
    }
    must(reply.wire().find("\r\n") == reply.wire().size() - 2);
    std::string_view const text = reply[hh::field::set_cookie];
    hh::fields request;
    request.insert(hh::field::cookie, text.substr(0, text.find(';')));
    must(hh::cookie_value(request, name) == value);
    hh::set_cookie(reply, {.name = std::string(name)}, true);
    must(reply.count(hh::field::set_cookie) == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static hh::cookie_keys const keys({std::string(32, 'a'), std::string(32, 'b')});
    static hh::sessions const sessions;
    std::string_view text(reinterpret_cast<char const*>(data), size);
    read(next_line(text), keys, sessions);
    std::string_view const name = next_line(text);
    if (text.size() <= 8192) set(name, text, keys);
    return 0;
}
