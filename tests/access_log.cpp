// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/access_log.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;
using namespace std::chrono_literals;

namespace {

/// 2026-11-30T18:42:37.042Z
constexpr std::chrono::system_clock::time_point some_time{1'796'064'157'042ms};

access_log_entry some_entry() {
    access_log_entry e;
    e.time = some_time;
    e.client = asio::ip::make_address("192.0.2.1");
    e.method = "GET";
    e.target = "/a?b=c";
    e.status = 200;
    e.bytes = 1234;
    e.elapsed = 12'345'678ns;
    return e;
}

/// A folder for the files of a test.
struct log_folder {
    std::filesystem::path path;

    log_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "httphooks-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~log_folder() { std::filesystem::remove_all(path); }

    std::string file(std::string_view name) const { return (path / name).string(); }
    std::vector<std::string> lines(std::string_view name) const {
        std::ifstream in(path / name);
        std::vector<std::string> all;
        for (std::string line; std::getline(in, line);) all.push_back(line);
        return all;
    }
};

/// Options that put the lines into a journal.
access_log_options into(journal& lines, access_log_format format = access_log_format::json) {
    access_log_options o;
    o.format = format;
    o.write = [&lines](std::string_view line) { lines.add(std::string(line)); };
    o.clock = [] { return some_time; };
    return o;
}

bool is_one_line(std::string_view line) {
    return line.ends_with('\n') &&
           std::all_of(line.begin(), line.end() - 1, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

TEST_CASE("a line of JSON has what there is to say") {
    access_log_entry e = some_entry();
    CHECK(access_log_line(e, access_log_format::json) ==
          R"({"time":"2026-11-30T18:42:37.042Z","client":"192.0.2.1","method":"GET",)"
          R"("target":"/a?b=c","protocol":"HTTP/1.1","status":200,"bytes":1234,"ms":12.345,)"
          R"("transport":"http","tls":false})"
          "\n");
    e.version = 10;
    e.tls = true;
    e.client = asio::ip::address();
    e.elapsed = 1us;
    e.referer = "http://a/\"b\"";
    e.user_agent = "\xc3\xa4\xf0\x9f\x98\x80";
    e.request_id = "id-1";
    std::string const line = access_log_line(e, access_log_format::json);
    CHECK(is_one_line(line));
    auto const read = nlohmann::json::parse(line);
    CHECK(read.at("protocol") == "HTTP/1.0");
    CHECK(read.at("tls") == true);
    CHECK(read.at("client") == "");
    CHECK(read.at("ms") == 0.001);
    CHECK(read.at("referer") == e.referer);
    CHECK(read.at("user_agent") == e.user_agent);
    CHECK(read.at("request_id") == "id-1");
}

TEST_CASE("a line of the combined format is as Apache writes it") {
    access_log_entry e = some_entry();
    CHECK(access_log_line(e, access_log_format::combined) ==
          "192.0.2.1 - - [30/Nov/2026:18:42:37 +0000] \"GET /a?b=c HTTP/1.1\" 200 1234 \"-\" "
          "\"-\"\n");
    e.client = asio::ip::address();
    e.referer = "http://a/";
    e.user_agent = "curl/8 (x)";
    CHECK(access_log_line(e, access_log_format::combined)
              .ends_with("\" 200 1234 \"http://a/\" \"curl/8 (x)\"\n"));
    CHECK(access_log_line(e, access_log_format::combined).starts_with("- - - ["));
}

TEST_CASE("nothing that a client sends ends a line, a field or is seen by a terminal") {
    std::vector<std::string> hostile{"a\r\nb",
                                     "\n{\"status\":200}",
                                     "\" 200 0 \"-\" \"x",
                                     "\x1b[2J",
                                     "\x7f\x80\xff",
                                     "\xc2\x9b"
                                     "31m",
                                     "\xe2\x80\xae",
                                     "\\\" \\x22",
                                     std::string("a\0b", 3),
                                     "\xe2\x80\xa8",
                                     "\xf4\x90\x80\x80",
                                     "\t"};
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    hostile.push_back(all);
    for (std::string const& text : hostile) {
        access_log_entry e = some_entry();
        e.method = e.target = e.referer = e.user_agent = text;
        std::string const line = access_log_line(e, access_log_format::json);
        CHECK(is_one_line(line));
        auto const read = nlohmann::json::parse(line);
        CHECK(read.at("status") == 200);
        CHECK(read.at("target") == read.at("user_agent"));
        std::string const combined = access_log_line(e, access_log_format::combined);
        CHECK(is_one_line(combined));
        CHECK(std::count(combined.begin(), combined.end(), '"') == 6);
    }
}

TEST_CASE("each request that the listener sees is a line, with the time that it took") {
    journal lines;
    fixture t(registry_options{.request_id = request_id({.make = [] { return "id-1"; }})});
    t.hooks.get("/x", [](auto&) -> asio::awaitable<response> {
        co_await turns();
        co_return text("four");
    });
    t.hooks.response_listener(any_verb, "/*", access_log(into(lines)));
    request r = make_request(verb::get, "/x?token=1");
    r.set(field::user_agent, "test \"agent\"");
    r.set(field::referer, "http://r/");
    testing::inject(t.hooks, std::move(r),
                    origin(transport::http, {asio::ip::make_address("2001:db8::1"), 1}, true));
    t.send(verb::head, "/nowhere");
    REQUIRE(lines.size() == 2);
    auto const first = nlohmann::json::parse(lines.entries()[0]);
    CHECK(first.at("client") == "2001:db8::1");
    CHECK(first.at("target") == "/x?token=1");
    CHECK(first.at("bytes") == 4);
    CHECK(first.at("ms").is_number());
    CHECK(first.at("tls") == true);
    CHECK(first.at("user_agent") == "test \"agent\"");
    CHECK(first.at("referer") == "http://r/");
    CHECK(first.at("request_id") == "id-1");
    auto const second = nlohmann::json::parse(lines.entries()[1]);
    CHECK(second.at("method") == "HEAD");
    CHECK(second.at("status") == 404);
    CHECK(second.at("bytes") == 0);
    CHECK(second.at("transport") == "inject");
    CHECK(second.at("client") == "");
    CHECK(t.errors.text().empty());
}

TEST_CASE("queries may be left out") {
    journal lines;
    fixture t;
    access_log_options o = into(lines, access_log_format::combined);
    o.query = false;
    t.hooks.response_listener(any_verb, "/*", access_log(o));
    t.get("/x?token=secret");
    CHECK(lines.text().find("\"GET /x HTTP/1.1\" 404") != std::string::npos);
    CHECK(lines.text().find("secret") == std::string::npos);
}

TEST_CASE("an exchange is timed only for those who want to know") {
    fixture t;
    std::chrono::nanoseconds seen{-1};
    auto const look = [&](auto& c) { seen = c.elapsed(); };
    t.hooks.response_listener(any_verb, "/*", look);
    t.get("/x");
    CHECK(seen == 0ns);
    journal lines;
    auto const id = t.hooks.response_listener(verb::post, "/other", access_log(into(lines)));
    t.get("/x");
    CHECK(seen > 0ns);
    t.hooks.remove(id);
    t.get("/x");
    CHECK(seen == 0ns);
}

TEST_CASE("a file is added to, and opened again when it was moved away") {
    log_folder const folder;
    std::ofstream(folder.file("access.log")) << "old\n";
    fixture t;
    access_log const log(
        {.format = access_log_format::combined, .file = folder.file("access.log")});
    t.hooks.response_listener(any_verb, "/*", log);
    t.get("/1");
    std::filesystem::rename(folder.file("access.log"), folder.file("access.log.1"));
    t.get("/2");
    log.reopen();
    t.get("/3");
    auto const before = folder.lines("access.log.1");
    REQUIRE(before.size() == 3);
    CHECK(before[0] == "old");
    CHECK(before[1].find("/1 ") != std::string::npos);
    CHECK(before[2].find("/2 ") != std::string::npos);
    auto const after = folder.lines("access.log");
    REQUIRE(after.size() == 1);
    CHECK(after[0].find("/3 ") != std::string::npos);
    struct stat made {};
    REQUIRE(::stat(folder.file("access.log").c_str(), &made) == 0);
    CHECK((made.st_mode & 07) == 0);
}

TEST_CASE("a file that cannot be opened is an error, and the one before stays") {
    log_folder const folder;
    CHECK_THROWS_AS(access_log({.file = folder.file("no/such/folder")}), system_error);
    fixture t;
    std::filesystem::create_directory(folder.file("sub"));
    access_log const log({.file = folder.file("sub/a")});
    t.hooks.response_listener(any_verb, "/*", log);
    std::filesystem::rename(folder.file("sub"), folder.file("moved"));
    CHECK_THROWS_AS(log.reopen(), system_error);
    t.get("/x");
    CHECK(folder.lines("moved/a").size() == 1);
}

TEST_CASE("lines that cannot be written are told of once") {
    if (!std::filesystem::exists("/dev/full")) return;
    fixture t;
    access_log const log({.file = "/dev/full"});
    t.hooks.response_listener(any_verb, "/*", log);
    CHECK(t.get("/x").result() == status::not_found);
    t.get("/x");
    CHECK(t.errors.size() == 1);
    log.reopen();
    t.get("/x");
    CHECK(t.errors.size() == 2);
    CHECK(t.errors.text().starts_with("response-listener: "));
}

TEST_CASE("threads write whole lines") {
    log_folder const folder;
    access_log const log({.file = folder.file("a")});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&log] {
            fixture t;
            t.hooks.response_listener(any_verb, "/*", log);
            for (int n = 0; n < 50; ++n) {
                t.get("/x");
                if (n % 10 == 0) log.reopen();
            }
        });
    for (std::thread& t : threads) t.join();
    auto const lines = folder.lines("a");
    CHECK(lines.size() == 200);
    for (std::string const& line : lines) CHECK(nlohmann::json::parse(line).at("status") == 404);
}
