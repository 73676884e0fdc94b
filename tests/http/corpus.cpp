// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The raw requests of data/http_corpus.txt, each fed whole, byte by byte, and split everywhere.
*/

#include <httphooks/http/detail/session.hpp>
#include <httphooks/http/detail/session_loop.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace httphooks;

namespace {

// the corpus ------------------------------------------------------------------------------------

/// One status of what must come back.
struct expected_reply {
    std::vector<int> statuses;
    bool optional = false;
    bool head = false;
};

struct corpus_case {
    std::string name;
    std::size_t line = 0;
    std::string input;
    std::vector<expected_reply> replies;
    std::string end;
    std::vector<std::string> has;
    std::vector<std::string> has_not;
};

int hex_digit(char c) {
    return static_cast<int>(std::string_view("0123456789abcdef").find(c));
}

/// Undoes the escapes and the repetitions of a line of the corpus.
std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '{') {
            std::size_t const end = text.find('}', i);
            std::size_t const star = text.rfind('*', end);
            std::string const piece = unescape(text.substr(i + 1, star - i - 1));
            for (int n = std::stoi(std::string(text.substr(star + 1))); n > 0; --n) out += piece;
            i = end;
        } else if (text[i] == '\\') {
            switch (text[++i]) {
                case 'r':
                    out += '\r';
                    break;
                case 'n':
                    out += '\n';
                    break;
                case 't':
                    out += '\t';
                    break;
                case '0':
                    out += '\0';
                    break;
                case 'x':
                    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
                    i += 2;
                    break;
                default:
                    out += text[i];
            }
        } else {
            out += text[i];
        }
    }
    return out;
}

bool ends_with_lone_backslash(std::string_view line) {
    std::size_t const last = line.find_last_not_of('\\');
    std::size_t const count = line.size() - (last == line.npos ? 0 : last + 1);
    return count % 2 == 1;
}

expected_reply read_reply(std::string_view word) {
    expected_reply r;
    if (word.front() == '[') {
        r.optional = true;
        word = word.substr(1, word.size() - 2);
    }
    if (std::size_t const slash = word.find("/head"); slash != word.npos) {
        r.head = true;
        word = word.substr(0, slash);
    }
    for (std::size_t at = 0; at < word.size(); at += 4)
        r.statuses.push_back(std::stoi(std::string(word.substr(at, 3))));
    return r;
}

void read_expectation(corpus_case& c, std::string_view line) {
    std::size_t at = 3;
    while (at < line.size()) {
        std::size_t const end = std::min(line.find(' ', at), line.size());
        std::string_view const word = line.substr(at, end - at);
        if (end == line.size())
            c.end = word;
        else
            c.replies.push_back(read_reply(word));
        at = end + 1;
    }
}

std::vector<corpus_case> read_corpus() {
    std::ifstream in(HTTPHOOKS_TEST_DATA "/http_corpus.txt", std::ios::binary);
    std::vector<corpus_case> cases;
    bool sending = false;
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (!sending) {
            if (line.starts_with("= ")) {
                cases.emplace_back();
                cases.back().name = line.substr(2);
                cases.back().line = number;
                sending = true;
            } else if (line.starts_with("has ")) {
                cases.back().has.push_back(unescape(line.substr(4)));
            } else if (line.starts_with("not ")) {
                cases.back().has_not.push_back(unescape(line.substr(4)));
            } else if (!line.empty() && line.front() != '#') {
                throw std::runtime_error("http_corpus.txt:" + std::to_string(number));
            }
        } else if (line.starts_with("-> ")) {
            read_expectation(cases.back(), line);
            sending = false;
        } else if (ends_with_lone_backslash(line)) {
            cases.back().input += unescape(std::string_view(line).substr(0, line.size() - 1));
        } else {
            cases.back().input += unescape(line) + "\r\n";
        }
    }
    return cases;
}

// a connection without a socket
// --------------------------------------------------------------------

using io_handler = asio::any_completion_handler<void(error_code, std::size_t)>;

/// What the two ends of a connection share.
struct wire {
    std::string to_server;
    std::string from_server;
    std::optional<io_handler> reader;
    asio::mutable_buffer read_into;
    bool client_ended = false;
    bool server_ended = false;
    bool closed = false;
};

/// The server's end.
class wire_stream {
public:
    using executor_type = asio::any_io_executor;

    wire_stream(executor_type executor, std::shared_ptr<wire> w)
        : executor_(std::move(executor)), wire_(std::move(w)) {}

    executor_type get_executor() const noexcept { return executor_; }

    bool is_open() const noexcept { return !wire_->closed; }

    template <class Token>
    auto async_read_some(asio::mutable_buffer buffer, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [this](auto handler, asio::mutable_buffer into) {
                wire_->reader.emplace(std::move(handler));
                wire_->read_into = into;
                deliver();
            },
            token, buffer);
    }

    template <class Token>
    auto async_write_some(asio::const_buffer buffer, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [this](auto handler, asio::const_buffer from) {
                error_code ec;
                if (wire_->closed || wire_->server_ended)
                    ec = asio::error::broken_pipe;
                else
                    wire_->from_server.append(static_cast<char const*>(from.data()), from.size());
                asio::post(executor_, asio::append(std::move(handler), ec, ec ? 0 : from.size()));
            },
            token, buffer);
    }

    void shutdown(asio::socket_base::shutdown_type, error_code&) { wire_->server_ended = true; }

    void cancel(error_code&) {
        if (wire_->reader) complete(asio::error::operation_aborted, 0);
    }

    void close(error_code& ec) {
        wire_->closed = wire_->server_ended = true;
        cancel(ec);
    }

    /// Completes the read that waits, if there is something for it.
    void deliver() {
        if (!wire_->reader) return;
        if (wire_->closed) return complete(asio::error::operation_aborted, 0);
        if (!wire_->to_server.empty()) {
            std::size_t const n =
                asio::buffer_copy(wire_->read_into, asio::buffer(wire_->to_server));
            wire_->to_server.erase(0, n);
            complete({}, n);
        } else if (wire_->client_ended) {
            complete(asio::error::eof, 0);
        }
    }

private:
    void complete(error_code ec, std::size_t n) {
        io_handler handler(std::move(*wire_->reader));
        wire_->reader.reset();
        asio::post(executor_, asio::append(std::move(handler), ec, n));
    }

    executor_type executor_;
    std::shared_ptr<wire> wire_;
};

// the server
// ---------------------------------------------------------------------------------------

response echo(responder_context const& c) {
    std::string text(c.request().method_string());
    text.append(" ").append(c.request().target()).append(" ").append(c.path()) += '\n';
    for (auto const& f : c.request()) {
        std::string name(f.name_string());
        std::transform(name.begin(), name.end(), name.begin(), [](char ch) {
            return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + ('a' - 'A')) : ch;
        });
        text.append(name).append(": ").append(f.value()) += '\n';
    }
    text.append("[").append(c.request().body()) += ']';
    return make_response(status::ok, std::move(text), "text/plain");
}

/// What came back for an input.
struct reading {
    std::string bytes;
    bool closed = false;
    bool left_behind = false;
};

/// A mount that nothing of the corpus is for.
struct corpus_mount {
    std::string_view prefix() const { return "/mount"; }
    void async_serve(http::connection, request, http::mount_handler) {}
};

class corpus_server {
public:
    /// @param mounted whether something is mounted
    explicit corpus_server(bool mounted = false) : hooks_(ioc_.get_executor()) {
        hooks_.responder(any_verb, "/echo", echo);
        hooks_.responder(any_verb, "/echo/*", echo);
        hooks_.get("/get", [](responder_context&) { return "got"; });
        hooks_.get("/204", [](responder_context&) { return status::no_content; });
        hooks_.get("/304", [](responder_context&) { return status::not_modified; });
        auto settings = std::make_shared<http::detail::server_settings>();
        settings->options.body_limit = 1000;
        if (mounted) settings->mounts.add(corpus_mount{});
        loop_ = std::make_shared<http::detail::session_loop>(
            ioc_.get_executor(), hooks_.make_loop(), std::move(settings), true);
    }

    /// What comes back for these pieces, each of which is read by itself.
    reading feed(std::vector<std::string_view> const& pieces) {
        ++connections_;
        auto const w = std::make_shared<wire>();
        wire_stream client(ioc_.get_executor(), w);
        http::detail::session<wire_stream>::start(loop_, client, nullptr, {});
        poll();
        for (std::string_view piece : pieces) {
            w->to_server += piece;
            client.deliver();
            poll();
        }
        reading o;
        o.bytes = w->from_server;
        o.closed = w->server_ended;
        w->client_ended = true;
        client.deliver();
        poll();
        o.left_behind = loop_->size() > 0 || !w->closed;
        return o;
    }

    /// How many connections there were.
    std::size_t connections() const noexcept { return connections_; }

private:
    void poll() {
        ioc_.restart();
        ioc_.poll();
    }

    asio::io_context ioc_{1};
    registry hooks_;
    std::shared_ptr<http::detail::session_loop> loop_;
    std::size_t connections_ = 0;
};

// judging
// --------------------------------------------------------------------------------------------

/// A reply at the front of the output; its size is 0 when there is none, or when it is not whole.
struct reply {
    int code = 0;
    std::size_t size = 0;
};

reply next_reply(std::string_view bytes, bool head) {
    std::size_t const end = bytes.find("\r\n\r\n");
    if (end == bytes.npos || !bytes.starts_with("HTTP/1.") || end < 12) return {};
    reply r{std::stoi(std::string(bytes.substr(9, 3))), end + 4};
    if (head || r.code < 200 || r.code == 204 || r.code == 304) return r;
    std::string_view const header = bytes.substr(0, end + 2);
    std::size_t const length = header.find("Content-Length: ");
    if (length == header.npos) return {};
    r.size += std::stoul(std::string(header.substr(length + 16)));
    return r.size <= bytes.size() ? r : reply{};
}

/// What is wrong with the reading; empty: nothing.
std::string judge(corpus_case const& c, reading const& o) {
    std::string_view rest = o.bytes;
    for (expected_reply const& e : c.replies) {
        reply const r = next_reply(rest, e.head);
        if (r.size > 0 && std::count(e.statuses.begin(), e.statuses.end(), r.code) > 0)
            rest.remove_prefix(r.size);
        else if (!e.optional)
            return "not the status that is expected";
    }
    if (!rest.empty()) return "more than is expected";
    if (c.end != "any" && o.closed != (c.end == "close")) return o.closed ? "closed" : "not closed";
    for (std::string const& text : c.has)
        if (o.bytes.find(text) == o.bytes.npos) return "without: " + text;
    for (std::string const& text : c.has_not)
        if (o.bytes.find(text) != o.bytes.npos) return "with: " + text;
    if (o.left_behind) return "the connection is left behind";
    return {};
}

void check(corpus_case const& c, reading const& o, std::string const& how) {
    std::string const wrong = judge(c, o);
    if (wrong.empty()) return;
    INFO("line " << c.line << ": " << c.name << ", " << how);
    INFO(o.bytes);
    CHECK(wrong == "");
}

}  // namespace

TEST_CASE("the corpus of raw requests is whole") {
    auto const cases = read_corpus();
    CHECK(cases.size() >= 250);
    for (corpus_case const& c : cases) {
        INFO(c.name);
        CHECK((c.end == "open" || c.end == "close" || c.end == "any"));
    }
}

TEST_CASE("raw requests that are fed whole are answered as the corpus says") {
    corpus_server server(GENERATE(false, true));
    for (corpus_case const& c : read_corpus()) check(c, server.feed({c.input}), "whole");
    CHECK(server.connections() >= 250);
}

TEST_CASE("raw requests that are fed byte by byte are answered as the corpus says") {
    corpus_server server(GENERATE(false, true));
    for (corpus_case const& c : read_corpus()) {
        std::vector<std::string_view> bytes;
        for (std::size_t i = 0; i < c.input.size(); ++i)
            bytes.push_back(std::string_view(c.input).substr(i, 1));
        check(c, server.feed(bytes), "byte by byte");
    }
    CHECK(server.connections() >= 250);
}

TEST_CASE("raw requests that are split anywhere are answered as the corpus says") {
    corpus_server server;
    for (corpus_case const& c : read_corpus()) {
        std::string_view const input = c.input;
        for (std::size_t at = 1; at < std::min<std::size_t>(input.size(), 513); ++at)
            check(c, server.feed({input.substr(0, at), input.substr(at)}),
                  "split at " + std::to_string(at));
    }
    CHECK(server.connections() >= 10'000);
}
