// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/detail/file_reply.hpp>
#include <httphooks/http/detail/parse_http_date.hpp>
#include <httphooks/http/static_files.hpp>

#include <httphooks/http/detail/file_reply.hpp>
#include <httphooks/http/detail/open_beneath.hpp>
#include <httphooks/http/detail/parse_http_date.hpp>
#include <httphooks/multipart.hpp>
#include <httphooks/testing.hpp>

#include <boost/asio/io_context.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"

namespace hh = httphooks;
namespace fs = std::filesystem;
using hh::field;
using hh::status;
using hh::verb;

namespace {

/// A directory that is gone with the object.
class temporary_directory {
public:
    temporary_directory() {
        std::string name = (fs::temp_directory_path() / "static_files_XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    temporary_directory(temporary_directory const&) = delete;
    temporary_directory& operator=(temporary_directory const&) = delete;
    ~temporary_directory() { fs::remove_all(path_); }

    fs::path const& path() const { return path_; }

    void write(std::string const& name, std::string_view content) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << content;
        // 1994-11-06 08:49:37 and 5 ns
        timespec const times[2] = {{784111777, 5}, {784111777, 5}};
        REQUIRE(::utimensat(AT_FDCWD, (path_ / name).c_str(), times, 0) == 0);
    }

private:
    fs::path path_;
};

using header_list = std::initializer_list<std::pair<field, std::string_view>>;

struct file_server {
    temporary_directory directory;
    fs::path root = directory.path() / "root";
    hh::asio::io_context context;
    hh::registry hooks{context.get_executor()};

    explicit file_server(hh::http::static_files_options options = {}) {
        fs::create_directories(root);
        directory.write("root/a.txt", "0123456789");
        directory.write("root/sub/b.HTML", "<p>b");
        directory.write("root/sub/index.html", "index of sub");
        directory.write("root/index.html", "index");
        directory.write("root/empty.bin", "");
        directory.write("root/.secret", "dot");
        directory.write("root/.git/config", "dot");
        directory.write("root/bare/x.unknown", "x");
        directory.write("secret.txt", "outside");
        hooks.get("/files/*path", hh::http::static_files(root.string(), std::move(options)));
    }

    hh::response ask(verb method, std::string_view target, header_list headers = {}) {
        hh::request r(method, target, 11);
        for (auto const& [name, value] : headers) r.insert(name, value);
        return hh::testing::inject(hooks, std::move(r));
    }
    hh::response get(std::string_view target, header_list headers = {}) {
        return ask(verb::get, target, headers);
    }
    hh::response range(std::string_view value) {
        return get("/files/a.txt", {{field::range, value}});
    }
};

}  // namespace

TEST_CASE("a file is served with its type, its tag and its date") {
    file_server s;
    auto const r = s.get("/files/a.txt");
    CHECK(r.result() == status::ok);
    CHECK(r.body() == "0123456789");
    CHECK(r[field::content_type] == "text/plain; charset=utf-8");
    CHECK(r[field::content_length] == "10");
    CHECK(r[field::last_modified] == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(r[field::etag] == "\"a-2ebc98a1.5\"");
    CHECK(r[field::accept_ranges] == "bytes");
    CHECK(r[field::cache_control] == "public, max-age=0");
    CHECK(r["X-Content-Type-Options"] == "nosniff");

    CHECK(s.get("/files/sub/b.HTML")[field::content_type] == "text/html; charset=utf-8");
    CHECK(s.get("/files/bare/x.unknown")[field::content_type] == "application/octet-stream");
    auto const empty = s.get("/files/empty.bin");
    CHECK(empty.result() == status::ok);
    CHECK(empty[field::content_length] == "0");
}

TEST_CASE("without the parameter the request's path is the path of the file") {
    file_server s;
    s.directory.write("root/caf\xC3\xA9 au lait.txt", "coffee");
    s.directory.write("root/any/a.txt", "below any");
    auto const serve_tree = [&] {
        CHECK(s.get("/sub/b.HTML").body() == "<p>b");
        CHECK(s.get("/a.txt").body() == "0123456789");
        CHECK(s.get("/").body() == "index");
        CHECK(s.get("/sub/").body() == "index of sub");
        CHECK(s.get("/caf%C3%A9%20au%20lait.txt").body() == "coffee");
        auto const moved = s.get("/sub?x=1");
        CHECK(moved.result() == status::moved_permanently);
        CHECK(moved[field::location] == "/sub/?x=1");
        for (auto const* target : {"/a.txt/", "/.secret", "/sub%2Fb.HTML", "/%2E%2E%2Fsecret.txt",
                                   "/no", "/a%00b", "/a%5Cb"})
            CHECK(s.get(target).result_int() >= 400);
        CHECK(s.ask(verb::post, "/a.txt").result_int() == 405);
        CHECK(s.ask(verb::options, "*").result_int() == 405);
        CHECK(s.get("*").result() == status::not_found);
    };
    hh::http::static_files const files(s.root.string());
    SECTION("a default responder") {
        s.hooks.default_responder(files);
        serve_tree();
    }
    SECTION("a no-match handler") {
        s.hooks.no_match(files);
        CHECK(s.get("/sub/b.HTML").body() == "<p>b");
        CHECK(s.get("/").body() == "index");
    }
    SECTION("a splat without a name") {
        s.hooks.responder(hh::any_verb, "/*", files);
        CHECK(s.get("/sub/b.HTML").body() == "<p>b");
        CHECK(s.get("/any/a.txt").body() == "below any");
    }
    SECTION("a parameter of another name") {
        s.hooks.get("/any/*file", files);
        CHECK(s.get("/any/a.txt").body() == "below any");
        s.hooks.clear();
        s.hooks.get("/any/*file", hh::http::static_files(s.root.string(), {.parameter = "file"}));
        CHECK(s.get("/any/a.txt").body() == "0123456789");
        CHECK(s.get("/any/").body() == "index");
    }
}

TEST_CASE("HEAD has the length of the file and no body") {
    file_server s;
    auto const r = s.ask(verb::head, "/files/a.txt", {{field::range, "bytes=0-1"}});
    CHECK(r.result() == status::ok);
    CHECK(r.body().empty());
    CHECK(r[field::content_length] == "10");
}

TEST_CASE("other methods are not allowed") {
    file_server s;
    CHECK(s.ask(verb::post, "/files/a.txt").result() == status::method_not_allowed);
    s.hooks.responder(hh::any_verb, "/any/*path", hh::http::static_files(s.root.string()));
    auto const r = s.ask(verb::delete_, "/any/a.txt");
    CHECK(r.result() == status::method_not_allowed);
    CHECK(r[field::allow] == "GET, HEAD");
    CHECK(s.get("/any/a.txt").body() == "0123456789");
}

TEST_CASE("nothing outside of the directory is found") {
    file_server s;
    fs::create_symlink(s.directory.path() / "secret.txt", s.root / "absolute_link");
    fs::create_symlink("../secret.txt", s.root / "relative_link");
    fs::create_directory_symlink("..", s.root / "up");
    fs::create_symlink("/dev/zero", s.root / "zero_link");
    fs::create_symlink("loop", s.root / "loop");
    fs::create_symlink("/proc/self/root/etc/passwd", s.root / "magic");
    for (auto const* target : {"/files/absolute_link",
                               "/files/relative_link",
                               "/files/up/secret.txt",
                               "/files/zero_link",
                               "/files/loop",
                               "/files/magic",
                               "/files/..%2fsecret.txt",
                               "/files/%2e%2e%2fsecret.txt",
                               "/files/%252e%252e/secret.txt",
                               "/files/%252e%252e%252fsecret.txt",
                               "/files/..%5csecret.txt",
                               "/files/sub%2Findex.html",
                               "/files/%2Fetc%2Fpasswd",
                               "/files//etc/passwd",
                               "/files/..%5Csecret.txt",
                               "/files/sub/..%2f..%2fsecret.txt",
                               "/files/.secret",
                               "/files/.git/config",
                               "/files/%2esecret",
                               "/files/sub/%2e%2e/%2e%2e/secret.txt",
                               "/files/....//secret.txt",
                               "/files/a.txt/",
                               "/files/a.txt/x",
                               "/files/missing"}) {
        INFO(target);
        auto const r = s.get(target);
        CHECK(r.result() == status::not_found);
        CHECK(r.body() == "Not Found");
    }
    CHECK(s.get("/files/%00").result() == status::bad_request);
    CHECK(s.get("/files/../../secret.txt").result() == status::bad_request);
    CHECK(s.get("/files/" + std::string(5000, 'a')).result() == status::not_found);
    CHECK(s.get("/files/sub/../a.txt").result() == status::ok);
    CHECK(s.get("/files/%61.txt").body() == "0123456789");
}

TEST_CASE("a link that stays inside is followed") {
    file_server s;
    fs::create_symlink("sub/b.HTML", s.root / "inside.html");
    CHECK(s.get("/files/inside.html").body() == "<p>b");
}

TEST_CASE("only regular files are served, and a pipe does not block") {
    file_server s;
    REQUIRE(::mkfifo((s.root / "pipe").c_str(), 0600) == 0);
    CHECK(s.get("/files/pipe").result() == status::not_found);
}

TEST_CASE("the fallback follows no link at all") {
    file_server s;
    using hh::http::detail::open_by_segments;
    hh::http::detail::unique_descriptor const root(::open(s.root.c_str(), O_RDONLY | O_DIRECTORY));
    REQUIRE(root);
    fs::create_symlink("a.txt", s.root / "link");
    fs::create_directory_symlink("sub", s.root / "sub_link");
    CHECK(open_by_segments(root.get(), "a.txt").has_value());
    CHECK(open_by_segments(root.get(), "sub/index.html").has_value());
    CHECK(open_by_segments(root.get(), ".").has_value());
    CHECK_FALSE(open_by_segments(root.get(), "link").has_value());
    CHECK_FALSE(open_by_segments(root.get(), "sub_link/index.html").has_value());
    CHECK_FALSE(open_by_segments(root.get(), "a.txt/x").has_value());
    CHECK_FALSE(open_by_segments(root.get(), "missing/x").has_value());
}

TEST_CASE("a plain path has no segment that leads elsewhere") {
    using hh::http::detail::is_plain_path;
    for (auto const* path : {"", "a", "a/b.c", "a..b/c", "..a", "a/b.", "é"}) {
        INFO(path);
        CHECK(is_plain_path(path, true));
    }
    for (auto const* path : {"/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\\b"}) {
        INFO(path);
        CHECK_FALSE(is_plain_path(path, true));
    }
    CHECK_FALSE(is_plain_path(std::string_view("a\0b", 3), true));
    CHECK_FALSE(is_plain_path(".a", false));
    CHECK_FALSE(is_plain_path("a/.b/c", false));
}

TEST_CASE("a directory is its index file, under a path with a slash at the end") {
    file_server s;
    CHECK(s.get("/files/").body() == "index");
    CHECK(s.get("/files/sub/").body() == "index of sub");
    CHECK(s.get("/files/sub/")[field::content_type] == "text/html; charset=utf-8");
    auto const r = s.get("/files/sub?a=1&b=%2F");
    CHECK(r.result() == status::moved_permanently);
    CHECK(r[field::location] == "/files/sub/?a=1&b=%2F");
    CHECK(s.get("/files/bare").result() == status::not_found);
    CHECK(s.get("/files/bare/").result() == status::not_found);

    file_server without({.index = ""});
    CHECK(without.get("/files/sub/").result() == status::not_found);
    CHECK(without.get("/files/sub").result() == status::not_found);
    CHECK(without.get("/files/sub/index.html").result() == status::ok);
}

TEST_CASE("a client that has the file gets 304") {
    file_server s;
    auto const not_modified = [&](header_list headers) {
        auto const r = s.get("/files/a.txt", headers);
        if (r.result() == status::not_modified) {
            CHECK(r.body().empty());
            CHECK_FALSE(r.contains(field::content_length));
            CHECK_FALSE(r.contains(field::content_type));
            CHECK(r[field::etag] == "\"a-2ebc98a1.5\"");
            CHECK(r[field::cache_control] == "public, max-age=0");
            return true;
        }
        CHECK(r.result() == status::ok);
        return false;
    };
    CHECK(not_modified({{field::if_none_match, "\"a-2ebc98a1.5\""}}));
    CHECK(not_modified({{field::if_none_match, "W/\"a-2ebc98a1.5\""}}));
    CHECK(not_modified({{field::if_none_match, "\"x,y\", W/\"z\" ,\"a-2ebc98a1.5\""}}));
    CHECK(not_modified({{field::if_none_match, "\"x\""}, {field::if_none_match, "*"}}));
    CHECK(not_modified({{field::if_none_match, "*"}}));
    CHECK_FALSE(not_modified({{field::if_none_match, "\"x\""}}));
    CHECK_FALSE(not_modified({{field::if_none_match, "a-2ebc98a1.5"}}));
    CHECK_FALSE(not_modified({{field::if_none_match, "\"a-2ebc98a1.5"}}));

    CHECK(not_modified({{field::if_modified_since, "Sun, 06 Nov 1994 08:49:37 GMT"}}));
    CHECK(not_modified({{field::if_modified_since, "Sunday, 06-Nov-94 08:49:38 GMT"}}));
    CHECK(not_modified({{field::if_modified_since, "Sun Nov  6 08:49:37 1994"}}));
    CHECK_FALSE(not_modified({{field::if_modified_since, "Sun, 06 Nov 1994 08:49:36 GMT"}}));
    CHECK_FALSE(not_modified({{field::if_modified_since, "yesterday"}}));
    CHECK_FALSE(not_modified({{field::if_none_match, "\"x\""},
                              {field::if_modified_since, "Sun, 06 Nov 1994 08:49:37 GMT"}}));
}

TEST_CASE("a file that is not the one the client means is refused") {
    file_server s;
    auto const of = [&](field name, std::string_view value) {
        return s.get("/files/a.txt", {{name, value}}).result();
    };
    CHECK(of(field::if_match, "\"a-2ebc98a1.5\"") == status::ok);
    CHECK(of(field::if_match, "*") == status::ok);
    CHECK(of(field::if_match, "W/\"a-2ebc98a1.5\"") == status::precondition_failed);
    CHECK(of(field::if_match, "\"x\"") == status::precondition_failed);
    CHECK(of(field::if_unmodified_since, "Sun, 06 Nov 1994 08:49:37 GMT") == status::ok);
    CHECK(of(field::if_unmodified_since, "Sun, 06 Nov 1994 08:49:36 GMT") ==
          status::precondition_failed);
}

TEST_CASE("one range is answered with that part") {
    file_server s;
    auto const part = [&](std::string_view value, std::string_view body, std::string_view where) {
        INFO(value);
        auto const r = s.range(value);
        CHECK(r.result() == status::partial_content);
        CHECK(r.body() == body);
        CHECK(r[field::content_range] == where);
        CHECK(r[field::content_length] == std::to_string(body.size()));
        CHECK(r[field::content_type] == "text/plain; charset=utf-8");
        CHECK(r[field::etag] == "\"a-2ebc98a1.5\"");
    };
    part("bytes=0-0", "0", "bytes 0-0/10");
    part("bytes=2-4", "234", "bytes 2-4/10");
    part("bytes=7-", "789", "bytes 7-9/10");
    part("bytes=-3", "789", "bytes 7-9/10");
    part("bytes=-300", "0123456789", "bytes 0-9/10");
    part("bytes=8-99", "89", "bytes 8-9/10");
    part("BYTES= 2 - 4 ,", "234", "bytes 2-4/10");
    part("bytes=0-1,10-", "01", "bytes 0-1/10");
}

TEST_CASE("several ranges are answered as parts") {
    file_server s;
    auto const r = s.range("bytes=0-1, -2,4-5");
    CHECK(r.result() == status::partial_content);
    CHECK_FALSE(r.contains(field::content_range));
    CHECK(r[field::content_type].starts_with("multipart/byteranges; boundary="));
    auto const parts = hh::parse_multipart(r[field::content_type], r.body());
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 3);
    CHECK((*parts)[0].body == "01");
    CHECK((*parts)[0].header[field::content_range] == "bytes 0-1/10");
    CHECK((*parts)[0].header[field::content_type] == "text/plain; charset=utf-8");
    CHECK((*parts)[1].body == "89");
    CHECK((*parts)[2].body == "45");

    file_server small({.multipart_limit = 3});
    auto const whole = small.range("bytes=0-1,4-5");
    CHECK(whole.result() == status::ok);
    CHECK(whole.body() == "0123456789");
}

TEST_CASE("ranges that cannot be satisfied are 416") {
    file_server s;
    std::string many = "bytes=0-0";
    for (int i = 0; i < 16; ++i) many += ",2-2";
    std::string sixteen = "bytes=0-0";
    for (int i = 1; i < 16; ++i) sixteen += "," + std::to_string(100 + i) + "-";
    for (std::string const& value :
         {std::string("bytes=10-"), std::string("bytes=10-20"), std::string("bytes=5-2"),
          std::string("bytes=0-4,4-5"), std::string("bytes=0-,-1"), std::string("bytes=-0"),
          std::string("bytes=0-99999999999999999999"), std::string("bytes=99999999999999999999-"),
          std::string("bytes=-99999999999999999999"), std::string("bytes=0-1,9-3"), many}) {
        INFO(value);
        auto const r = s.range(value);
        CHECK(r.result() == status::range_not_satisfiable);
        CHECK(r[field::content_range] == "bytes */10");
        CHECK(r.body() == hh::error_response(status::range_not_satisfiable).body());
    }
    CHECK(s.range(sixteen).result() == status::partial_content);
    CHECK(s.get("/files/empty.bin", {{field::range, "bytes=0-"}}).result() ==
          status::range_not_satisfiable);
}

TEST_CASE("a range that is not understood is ignored") {
    file_server s;
    for (auto const* value :
         {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "lines=1-2", "bytes=1-2x",
          "bytes=--1", "bytes=0x1-2", "bytes=+1-2", "bytes=1-2-3", "bytes=,", "bytes 0-1"}) {
        INFO(value);
        auto const r = s.range(value);
        CHECK(r.result() == status::ok);
        CHECK(r.body() == "0123456789");
    }
    auto const twice =
        s.get("/files/a.txt", {{field::range, "bytes=0-1"}, {field::range, "bytes=2-3"}});
    CHECK(twice.result() == status::ok);
}

TEST_CASE("a part is for those who have the rest of the same file") {
    file_server s;
    auto const of = [&](std::string_view if_range) {
        return s.get("/files/a.txt", {{field::range, "bytes=0-1"}, {field::if_range, if_range}})
            .result();
    };
    CHECK(of("\"a-2ebc98a1.5\"") == status::partial_content);
    CHECK(of("Sun, 06 Nov 1994 08:49:37 GMT") == status::partial_content);
    CHECK(of("W/\"a-2ebc98a1.5\"") == status::ok);
    CHECK(of("\"x\"") == status::ok);
    CHECK(of("Sun, 06 Nov 1994 08:49:38 GMT") == status::ok);
    CHECK(of("junk") == status::ok);
    auto const first = s.get(
        "/files/a.txt", {{field::range, "bytes=0-1"}, {field::if_none_match, "\"a-2ebc98a1.5\""}});
    CHECK(first.result() == status::not_modified);
}

TEST_CASE("a date of the future is none later than now, and decides no part") {
    struct stat facts {};
    facts.st_size = 3;
    facts.st_mtim.tv_sec = 2000;
    hh::http::detail::file_version const version(facts, 1000);
    CHECK(version.modified == 1000);
    hh::request r(verb::get, "/", 11);
    r.set(field::if_range, "Thu, 01 Jan 1970 00:16:40 GMT");
    CHECK_FALSE(hh::http::detail::range_applies(r, version, 1000));
    CHECK(hh::http::detail::range_applies(r, version, 1001));
}

TEST_CASE("dates of header fields are read in their three forms") {
    using hh::http::detail::parse_http_date;
    std::time_t const now = 1'700'000'000;  // 2023
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == 784111777);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == 784111777);
    CHECK(parse_http_date("Wednesday, 01-Jan-70 00:00:00 GMT", now) == 3155760000);
    CHECK(parse_http_date("Saturday, 01-Jan-00 00:00:00 GMT", now) == 946684800);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", now) == 784111777);
    CHECK(parse_http_date("Thu Nov 16 08:49:37 1994", now) == 784975777);
    for (auto const* text : {"", ",", "a,", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37",
                             "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6 Nov 1994 08:49:37 GMT",
                             "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                             "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
                             "Xxx, 06 Nov 1994 08:49:37 GMT", "Sunduy, 06-Nov-94 08:49:37 GMT",
                             "Sun, 06 Nov -994 08:49:37 GMT", "Sun Nov 06 08:49:37 94",
                             "Sun Nov  6  8:49:37 1994", "Sun, 00 Nov 1994 08:49:37 GMT"}) {
        INFO(text);
        CHECK_FALSE(parse_http_date(text, now).has_value());
    }
}

TEST_CASE("options decide what is served and how") {
    file_server s({.parameter = "path",
                   .cache_control = "",
                   .dot_files = true,
                   .content_types = {{"unknown", "text/x-mine"}, {"txt", "text/x-text"}}});
    CHECK(s.get("/files/.secret").body() == "dot");
    CHECK(s.get("/files/.git/config").body() == "dot");
    CHECK(s.get("/files/bare/x.unknown")[field::content_type] == "text/x-mine");
    auto const r = s.get("/files/a.txt");
    CHECK(r[field::content_type] == "text/x-text");
    CHECK_FALSE(r.contains(field::cache_control));

    hh::http::static_files_options options;
    options.parameter = "name";
    s.hooks.get("/flat/:name", hh::http::static_files(s.root.string(), options));
    CHECK(s.get("/flat/a.txt").body() == "0123456789");
    CHECK(s.get("/flat/sub%2Findex.html").result() == status::not_found);
}

TEST_CASE("a root that is no directory is refused at once") {
    file_server s;
    CHECK_THROWS_AS(hh::http::static_files((s.root / "missing").string()), hh::system_error);
    CHECK_THROWS_AS(hh::http::static_files((s.root / "a.txt").string()), hh::system_error);
}

TEST_CASE("a responder can send one file") {
    file_server s;
    std::string const path = (s.root / "a.txt").string();
    s.hooks.get("/one", [&](auto& c) { hh::http::send_file(c, path); });
    s.hooks.get("/typed",
                [&](auto& c) { hh::http::send_file(c, path, "text/x-mine", "no-store"); });
    s.hooks.get("/none", [&](auto& c) { hh::http::send_file(c, path + "x"); });
    s.hooks.get("/directory", [&](auto& c) { hh::http::send_file(c, s.root.string()); });
    CHECK(s.get("/one").body() == "0123456789");
    CHECK(s.get("/one")[field::content_type] == "text/plain; charset=utf-8");
    CHECK(s.get("/one", {{field::range, "bytes=1-2"}}).body() == "12");
    CHECK(s.get("/typed")[field::content_type] == "text/x-mine");
    CHECK(s.get("/typed")[field::cache_control] == "no-store");
    CHECK(s.get("/none").result() == status::not_found);
    CHECK(s.get("/directory").result() == status::not_found);
}

namespace {

hh::http::static_files_options single_page() {
    hh::http::static_files_options o;
    o.fallback_file = "index.html";
    return o;
}

}  // namespace

TEST_CASE("a navigation to a path without a file is answered with the fallback file") {
    file_server s(single_page());
    header_list const browser = {{field::accept, "text/html,application/xhtml+xml,*/*;q=0.8"}};
    for (auto const* target :
         {"/files/users/7", "/files/users/", "/files/users?x=1", "/files/page.html", "/files/bare",
          "/files/bare/", "/files/jane@example.com", "/files/a.txt/b"}) {
        INFO(target);
        auto const r = s.get(target, browser);
        CHECK(r.result() == status::ok);
        CHECK(r.body() == "index");
        CHECK(r[field::content_type] == "text/html; charset=utf-8");
        CHECK(r[field::vary] == "Accept, Sec-Fetch-Mode");
        CHECK(r.contains(field::etag));
    }
    CHECK(s.ask(verb::head, "/files/users/7", browser)[field::content_length] == "5");
    CHECK(s.get("/files/users/7", {{field::accept, "text/html"}, {field::if_none_match, "*"}})
              .result() == status::not_modified);
    // what is there is served, or led to
    CHECK(s.get("/files/a.txt", browser).body() == "0123456789");
    CHECK_FALSE(s.get("/files/a.txt", browser).contains(field::vary));
    CHECK(s.get("/files/sub", browser).result() == status::moved_permanently);
    CHECK(s.ask(verb::post, "/files/users/7", browser).result() == status::method_not_allowed);
}

TEST_CASE("what is no navigation is not answered with the fallback file") {
    file_server s(single_page());
    auto const missing = [&](std::string_view target, header_list headers) {
        auto const r = s.get(target, headers);
        return r.result() == status::not_found && r[field::vary] == "Accept, Sec-Fetch-Mode";
    };
    CHECK(missing("/files/users/7", {}));
    CHECK(missing("/files/users/7", {{field::accept, "*/*"}}));
    CHECK(missing("/files/users/7", {{field::accept, "application/json, text/plain"}}));
    CHECK(missing("/files/users/7", {{field::accept, "text/htmlx"}}));
    CHECK(missing("/files/users/7", {{field::accept, "text/html;q=0.0, */*"}}));
    CHECK_FALSE(missing("/files/users/7", {{field::accept, "a/b, TEXT/HTML ; level=1;q=0.1"}}));
    CHECK_FALSE(missing("/files/users/7", {{field::accept, "a/b"}, {field::accept, "text/html"}}));
    // scripts, styles, pictures, whatever the client says
    for (auto const* target : {"/files/app.js", "/files/x/app.MJS", "/files/a.css", "/files/a.png",
                               "/files/a.json", "/files/app.js.map", "/files/app.js/"})
        CHECK(missing(target, {{field::accept, "text/html"}}));
}

TEST_CASE("what a browser says of a request counts more than what it accepts") {
    file_server s(single_page());
    auto const ask = [&](std::string_view mode, std::string_view accept) {
        hh::request r(verb::get, "/files/users/7", 11);
        r.set("Sec-Fetch-Mode", mode);
        r.set(field::accept, accept);
        return hh::testing::inject(s.hooks, std::move(r)).result();
    };
    CHECK(ask("navigate", "*/*") == status::ok);
    CHECK(ask("cors", "text/html") == status::not_found);
    CHECK(ask("no-cors", "text/html") == status::not_found);
}

TEST_CASE("paths that are never looked up have no fallback file") {
    file_server s(single_page());
    for (auto const* target : {"/files/.secret", "/files/a%2Fb", "/files/a%5Cb", "/files/.git/x"})
        CHECK(s.get(target, {{field::accept, "text/html"}}).result() == status::not_found);
}

TEST_CASE("a fallback file that is not there changes nothing") {
    auto o = single_page();
    SECTION("no file") {
        o.fallback_file = "none.html";
    }
    SECTION("a directory") {
        o.fallback_file = "sub";
    }
    file_server s(o);
    CHECK(s.get("/files/x", {{field::accept, "text/html"}}).result() == status::not_found);
}

TEST_CASE("files are kept by the first rule that is for them") {
    hh::http::static_files_options o = single_page();
    o.cache_control = "no-store";
    o.cache_rules = {{.pattern = "*.html", .cache_control = "no-cache"},
                     {.pattern = "/caf\xC3\xA9/*", .cache_control = ""},
                     {.pattern = "/keep/:name", .cache_control = "max-age=60"},
                     {.hashed = true}};
    file_server s(o);
    auto const kept = [&](std::string const& name) {
        s.directory.write("root/" + name, "x");
        std::string target = "/files/";
        for (char const c : name)
            target += c == '/' ? std::string(1, c) : hh::percent_encode(std::string(1, c));
        auto const r = s.get(target);
        CHECK(r.result() == status::ok);
        return std::string(r[field::cache_control]);
    };
    constexpr auto const* forever = "public, max-age=31536000, immutable";
    CHECK(s.get("/files/")[field::cache_control] == "no-cache");
    CHECK(s.get("/files/x", {{field::accept, "text/html"}})[field::cache_control] == "no-cache");
    CHECK(kept("deep/er/x.html") == "no-cache");
    CHECK(kept("x.3f2a9c1b.html") == "no-cache");
    CHECK(kept("caf\xC3\xA9/a b.txt").empty());
    CHECK(kept("keep/a.txt") == "max-age=60");
    CHECK(kept("keep/deep/a.txt") == "no-store");
    CHECK(kept("app.3f2a9c1b.js") == forever);
    CHECK(kept("assets/app-3F2A9C1B77.js") == forever);
    CHECK(kept("3f2a9c1b.png") == forever);
    CHECK(kept("app.3f2a9c1b.js.map") == forever);
    for (auto const* name : {"app.js", "app.3f2a9c1.js", "report-20240131.txt", "app.deadbeef.js",
                             "3f2a9c1b/app.js", "app.3f2a9c1g.js", "_._", "app.3f2a.9c1b.js"})
        CHECK(kept(name) == "no-store");
}

TEST_CASE("static files refuse options that cannot be meant") {
    file_server s;
    hh::http::static_files_options o;
    for (auto const* name : {"../secret.txt", "/etc/passwd", "a//b", "a/./b"}) {
        o.fallback_file = name;
        CHECK_THROWS_AS(hh::http::static_files(s.root.string(), o), std::invalid_argument);
    }
    o.fallback_file = "";
    for (auto const* pattern : {"/a?x=1", "/a#b", "/:", "/%zz"}) {
        o.cache_rules = {{.pattern = pattern}};
        CHECK_THROWS_AS(hh::http::static_files(s.root.string(), o), std::invalid_argument);
    }
}

namespace {

/// A server of files with compressed ones beside them.
struct packed_server : file_server {
    packed_server() : file_server({.precompressed = true}) {
        directory.write("root/a.txt.br", "BR");
        directory.write("root/a.txt.gz", "GZIP");
        directory.write("root/sub/index.html.gz", "GZ index");
        directory.write("root/only.txt.gz", "nobody's");
        directory.write("root/old.txt", "new content");
        directory.write("root/old.txt.gz", "OLD");
        timespec const before[2] = {{784111777, 4}, {784111777, 4}};
        REQUIRE(::utimensat(AT_FDCWD, (root / "old.txt.gz").c_str(), before, 0) == 0);
        fs::create_directories(root / "empty.bin.gz");
    }
    hh::response accepting(std::string_view codings, std::string_view target = "/files/a.txt",
                           header_list more = {}) {
        hh::request r(verb::get, target, 11);
        r.set(field::accept_encoding, codings);
        for (auto const& [name, value] : more) r.insert(name, value);
        return hh::testing::inject(hooks, std::move(r));
    }
};

}  // namespace

TEST_CASE("a compressed file beside a file is sent where the client takes it") {
    packed_server s;
    auto const br = s.accepting("gzip, br");
    CHECK(br.body() == "BR");
    CHECK(br[field::content_encoding] == "br");
    CHECK(br[field::content_type] == "text/plain; charset=utf-8");
    CHECK(br[field::vary] == "Accept-Encoding");
    CHECK(br[field::etag] == "\"2-2ebc98a1.5-br\"");

    auto const gzip = s.accepting("gzip, br;q=0.5");
    CHECK(gzip.body() == "GZIP");
    CHECK(gzip[field::content_encoding] == "gzip");
    CHECK(gzip[field::etag] == "\"4-2ebc98a1.5-gzip\"");

    for (std::string const none : {"", "identity", "deflate", "gzip;q=0"}) {
        auto const plain = s.accepting(none);
        CHECK(plain.body() == "0123456789");
        CHECK(plain.count(field::content_encoding) == 0);
        CHECK(plain[field::vary] == "Accept-Encoding");
    }
    CHECK(s.accepting("br, gzip", "/files/sub/").body() == "GZ index");
}

TEST_CASE("a compressed file is sent for one that is there, is not newer, and is a file") {
    packed_server s;
    CHECK(s.accepting("gzip", "/files/only.txt").result() == status::not_found);
    CHECK(s.accepting("gzip", "/files/old.txt").body() == "new content");
    CHECK(s.accepting("gzip", "/files/empty.bin").count(field::content_encoding) == 0);
    auto const asked_for = s.accepting("gzip", "/files/a.txt.gz");
    CHECK(asked_for.body() == "GZIP");
    CHECK(asked_for.count(field::content_encoding) == 0);
    CHECK(asked_for[field::content_type] == "application/gzip");
}

TEST_CASE("ranges and preconditions of a compressed file are of what is sent") {
    packed_server s;
    auto const part = s.accepting("gzip", "/files/a.txt", {{field::range, "bytes=1-2"}});
    CHECK(part.result() == status::partial_content);
    CHECK(part.body() == "ZI");
    CHECK(part[field::content_encoding] == "gzip");
    CHECK(part[field::content_range] == "bytes 1-2/4");
    CHECK(s.accepting("gzip", "/files/a.txt", {{field::range, "bytes=0-0,2-3"}}).body() == "GZIP");

    auto const tag = std::string(s.accepting("gzip")[field::etag]);
    auto const same = s.accepting("gzip", "/files/a.txt", {{field::if_none_match, tag}});
    CHECK(same.result() == status::not_modified);
    CHECK(same[field::etag] == tag);
    CHECK(same[field::vary] == "Accept-Encoding");
    CHECK(s.accepting("br", "/files/a.txt", {{field::if_none_match, tag}}).result() == status::ok);
}

TEST_CASE("without the option compressed files are not looked for") {
    file_server s;
    s.directory.write("root/a.txt.gz", "GZIP");
    auto const r = s.get("/files/a.txt", {{field::accept_encoding, "gzip"}});
    CHECK(r.body() == "0123456789");
    CHECK(r.count(field::vary) == 0);
}
