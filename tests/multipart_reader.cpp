// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/multipart_reader.hpp>

#include <httphooks/form_data.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/responders.hpp>
#include <httphooks/testing.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"

using namespace httphooks;

namespace {

/// What a scanner finds, as text: [name=content] for each part, and ! where it has failed.
std::string scanned(std::string_view body, std::size_t split, multipart_limits const& limits = {}) {
    detail::multipart_scanner scanner("b", limits);
    using event = detail::multipart_scanner::event;
    std::string text;
    // each piece in memory of its own, which goes when the scanner wants more
    std::string pieces[] = {std::string(body.substr(0, split)),
                            std::string(split < body.size() ? body.substr(split) : "")};
    std::size_t next = 0;
    for (;;) {
        switch (scanner.next()) {
            case event::wants_more:
                if (next > 0) std::string(pieces[next - 1].size(), '!').swap(pieces[next - 1]);
                if (next < 2)
                    scanner.put(pieces[next++]);
                else
                    scanner.finish();
                break;
            case event::part:
                text += '[';
                for (auto const& f : scanner.header())
                    text.append(f.name_string()).append(":").append(f.value()).append(";");
                text += '=';
                break;
            case event::content:
                text += scanner.content();
                break;
            case event::part_end:
                text += ']';
                break;
            case event::end:
                return text;
            case event::failed:
                return text + "!";
        }
    }
}

/// The same at every split.
std::string scanned_anyhow(std::string_view body, multipart_limits const& limits = {}) {
    std::string const whole = scanned(body, body.size(), limits);
    for (std::size_t split = 0; split < body.size(); ++split) {
        INFO(split);
        REQUIRE(scanned(body, split, limits) == whole);
    }
    return whole;
}

request form_request(std::string body) {
    request r(verb::post, "/", 11);
    r.set(field::content_type, "multipart/form-data; boundary=b");
    r.body() = std::move(body);
    return r;
}

std::string field_of(std::string_view name, std::string_view content) {
    std::string text = "--b\r\nContent-Disposition: form-data; name=\"";
    return text.append(name).append("\"\r\n\r\n").append(content).append("\r\n");
}

/// The reply of a hook that reads a form.
template <class F>
response answer_to(request r, F read) {
    registry hooks;
    hooks.post(
        "/",
        [read](responder_context& c) {
            return read(multipart_reader(c.request(), c.body(), {.parts = 3, .name_bytes = 10}));
        },
        {.body = body::stream});
    return testing::inject(hooks, std::move(r));
}

asio::awaitable<std::string> names(multipart_reader form) {
    std::string all;
    for (;;) {
        std::optional<httphooks::form_part> const part = co_await form.async_next_part();
        if (!part) co_return all;
        all += part->name + (part->filename ? "(" + *part->filename + ") " : " ");
    }
}

}  // namespace

TEST_CASE("a form's parts are found wherever it is split") {
    CHECK(scanned_anyhow("--b\r\nA: 1\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n") ==
          "[A:1;=one][=two]");
    CHECK(scanned_anyhow("before\r\n--b\r\n\r\n1\r\n--b--behind\r\n--b--") ==
          "[=1\r\n--b--behind]");
    CHECK(scanned_anyhow("--b \t\r\n\r\n1\r\n--b-- ") == "[=1]");
    CHECK(scanned_anyhow("--b\r\n\r\n\r\n--b\r\n--b\r\nA: 1\r\n--b--") == "[=][=][A:1;=]");
    CHECK(scanned_anyhow("--b\r\n\r\n\r\r\n\n--bc\r\n-\r\n--b-\r\n--b--\r\nmore") ==
          "[=\r\r\n\n--bc\r\n-\r\n--b-]");
    CHECK(scanned_anyhow("--b--") == "");
    CHECK(scanned_anyhow("") == "!");
    CHECK(scanned_anyhow("--b\r\n\r\nno end\r\n--b") == "[=no end\r\n--b!");
    CHECK(scanned_anyhow("--b\r\nno colon\r\n\r\n\r\n--b--") == "!");
    CHECK(scanned_anyhow("--b\r\nA: 1") == "!");
}

TEST_CASE("a form beyond its limits is refused wherever it is split") {
    std::string const body = "--b\r\nA: 1\r\nB: 2\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--";
    CHECK(scanned_anyhow(body, {.parts = 2, .header_bytes = 12, .fields = 2}) ==
          "[A:1;B:2;=1][=2]");
    CHECK(scanned_anyhow(body, {.parts = 1}) == "[A:1;B:2;=1]!");
    CHECK(scanned_anyhow(body, {.header_bytes = 11}) == "!");
    CHECK(scanned_anyhow(body, {.fields = 1}) == "!");
    // what cannot be told from a delimiter is not kept for ever
    CHECK(scanned_anyhow("--b" + std::string(20, ' ') + "\r\n\r\n1\r\n--b--",
                         {.header_bytes = 9}) == "");
}

TEST_CASE("a form is read part by part") {
    std::string body = field_of("a", "one");
    body += "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n\r\nfile\r\n";
    body += "--b--\r\n";
    CHECK(answer_to(form_request(body), names).body() == "a f(x.txt) ");
    auto const read = [](multipart_reader form) -> asio::awaitable<std::string> {
        std::string all;
        for (;;) {
            std::optional<httphooks::form_part> const part = co_await form.async_next_part();
            if (!part) break;
            for (;;) {
                std::string_view const chunk = co_await form.async_read_chunk();
                if (chunk.empty()) break;
                all += chunk;
            }
            std::string_view const again = co_await form.async_read_chunk();
            all += again.empty() ? ";" : "?";
        }
        co_return all;
    };
    CHECK(answer_to(form_request(body), read).body() == "one;file;");
}

TEST_CASE("what is wrong with a form is the reply, if the hook lets it pass") {
    CHECK(answer_to(form_request("--b\r\n\r\n1\r\n--b--"), names).result_int() == 400);
    CHECK(answer_to(form_request("nothing"), names).result_int() == 400);
    CHECK(answer_to(form_request(field_of("longer than ten", "") + "--b--"), names).result_int() ==
          413);
    std::string many;
    for (int i = 0; i < 4; ++i) many += field_of("n", "");
    CHECK(answer_to(form_request(many + "--b--"), names).result_int() == 400);
    request other = form_request("a=b");
    other.set(field::content_type, "text/plain");
    CHECK(answer_to(other, names).result_int() == 415);
}

TEST_CASE("a form is refused for the same reasons whole and part by part") {
    registry hooks;
    hooks.post("/whole",
               [](responder_context& c) { return text(std::to_string(c.form().size())); });
    hooks.post("/parts",
               [](responder_context& c) -> asio::awaitable<std::string> {
                   multipart_reader const form(c.request(), c.body());
                   std::size_t n = 0;
                   while (co_await form.async_next_part()) ++n;
                   co_return std::to_string(n);
               },
               {.body = body::stream});
    auto const both = [&hooks](std::string const& type, std::string const& content) {
        unsigned codes[2];
        std::string bodies[2];
        for (std::size_t i = 0; i < 2; ++i) {
            request r(verb::post, i == 0 ? "/whole" : "/parts", 11);
            r.set(field::content_type, type);
            r.body() = content;
            response const reply = testing::inject(hooks, std::move(r));
            codes[i] = reply.result_int();
            if (codes[i] == 200) bodies[i] = reply.body();
        }
        CHECK(codes[0] == codes[1]);
        CHECK(bodies[0] == bodies[1]);
        return codes[1];
    };
    auto const with_boundary = [&both](std::string const& boundary) {
        return both("multipart/form-data; boundary=" + boundary, "--" + boundary + "--");
    };
    std::string const form_type = "multipart/form-data; boundary=b";
    auto const form = [&both, &form_type](std::string const& parts) {
        return both(form_type, parts + "--b--");
    };
    auto const parts = [](int n) {
        std::string all;
        for (int i = 0; i < n; ++i) all += field_of("a", "1");
        return all;
    };
    // a part whose header has so many fields, or bytes
    std::string const named = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n";
    auto const with_fields = [&named](int n) {
        std::string all = named;
        for (int i = 1; i < n; ++i) all += "A: 1\r\n";
        return all + "\r\n1\r\n";
    };
    auto const with_header = [&named](std::size_t n) {
        // the delimiter is no part of it, and as long as what is around the x
        return named + "A: " + std::string(n - named.size(), 'x') + "\r\n\r\n1\r\n";
    };
    auto const with_file = [](std::size_t n) {
        return "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"" +
               std::string(n, 'x') + "\"\r\n\r\n1\r\n";
    };

    // a field that is a body of parts itself, or says so without a boundary
    auto const within = [&named](std::string const& boundary, std::string const& content) {
        return named + "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n" +
               content + "\r\n";
    };
    // a field with parts, of which one has parts, and so on
    auto const nested = [&within](int depth) {
        std::string inner = "1";
        for (int i = depth; i > 0; --i) {
            std::string const boundary(static_cast<std::size_t>(i), 'c');
            std::string const type = "Content-Type: multipart/mixed; boundary=c" + boundary;
            std::string const header = i == depth ? "" : type + "\r\n";
            inner = "--" + boundary + "\r\n" + header + "\r\n" + inner + "\r\n--" + boundary + "--";
        }
        return within("c", inner);
    };

    CHECK(both("text/plain", "a=b") == 415);
    CHECK(both("multipart/mixed; boundary=b", "--b--") == 415);
    CHECK(both("multipart/form-datax; boundary=b", "--b--") == 415);
    CHECK(both("Multipart/Form-Data ; boundary=\"b\"", "--b--") == 200);
    CHECK(both("multipart/form-data", "--b--") == 400);
    CHECK(both("multipart/form-data; boundary=", "--b--") == 400);
    CHECK(with_boundary(std::string(70, 'b')) == 200);
    CHECK(with_boundary(std::string(71, 'b')) == 400);
    CHECK(form(parts(128)) == 200);
    CHECK(form(parts(129)) == 400);
    CHECK(form(with_fields(16)) == 200);
    CHECK(form(with_fields(17)) == 400);
    CHECK(form(with_header(8192)) == 200);
    CHECK(form(with_header(8193)) == 400);
    CHECK(form(nested(1)) == 200);
    CHECK(form(nested(2)) == 400);
    CHECK(form(within("c", "--c\r\n\r\n1\r\n")) == 400);
    CHECK(form(within("c", "--c\r\nno colon\r\n\r\n1\r\n--c--")) == 400);
    CHECK(form(within("", "--c\r\nno colon\r\n\r\n1\r\n--c--")) == 200);
    CHECK(form(parts(126) + nested(1)) == 200);
    CHECK(form(parts(127) + nested(1)) == 400);
    CHECK(form("--b\r\nno colon\r\n\r\n1\r\n") == 400);
    CHECK(form("--b\r\n\r\n1\r\n") == 400);
    CHECK(both(form_type, parts(1)) == 400);
    CHECK(form(field_of(std::string(1024, 'x'), "1")) == 200);
    CHECK(form(field_of(std::string(1025, 'x'), "1")) == 413);
    CHECK(form(with_file(1024)) == 200);
    CHECK(form(with_file(1025)) == 413);
}

TEST_CASE("a file of a form is saved, up to its limit") {
    auto const folder = std::filesystem::temp_directory_path() / "httphooks_multipart_reader";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    std::string const path = (folder / "file").string();
    std::string const body = field_of("a", "content") + field_of("b", "2") + "--b--";
    auto const save = [path](std::uint64_t most) {
        return [path, most](multipart_reader form) -> asio::awaitable<std::string> {
            std::optional<httphooks::form_part> const part = co_await form.async_next_part();
            std::uint64_t const n = co_await form.async_save_to(path, most);
            std::optional<httphooks::form_part> const next = co_await form.async_next_part();
            co_return std::to_string(n) + next->name;
        };
    };
    CHECK(answer_to(form_request(body), save(6)).result_int() == 413);
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(answer_to(form_request(body), save(7)).body() == "7b");
    std::ifstream in(path);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "content");
    CHECK(answer_to(form_request(body), save(7)).result_int() == 500);  // it is there already
    std::string const cut = field_of("a", "content");
    std::filesystem::remove(path);
    CHECK(answer_to(form_request(cut), save(100)).result_int() == 400);
    CHECK_FALSE(std::filesystem::exists(path));
    std::filesystem::remove_all(folder);
}
