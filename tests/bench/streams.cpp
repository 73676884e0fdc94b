// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Bodies of a gibibyte in both directions: an upload that is read and thrown away, against a Beast
    session that reads with buffer_body, and a file, against nginx with sendfile; both once more
    with our client, and a form that is read part by part, for what that takes.

    Without arguments: measures and prints a table. `streams serve FOLDER` and `streams beast` serve
    until they are ended; `streams ask PORT` is the client. The server has one core, the load the
    other; what counts is the server's CPU time, user and system.
*/

#include <httphooks.hpp>
#include <httphooks/http/client.hpp>
#include <httphooks/http/static_files.hpp>
#include <httphooks/http/streamed_body.hpp>
#include <httphooks/multipart_reader.hpp>
#include <httphooks/request_body.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "bench/load_generator.hpp"
#include "bench/peer.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace hh = httphooks;
using asio::ip::tcp;

namespace {

constexpr std::uint64_t gibibyte = std::uint64_t(1) << 30;

// ------------------------------------------------------------------------------------- the peers

int serve(std::string const& folder) {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hooks.post("/count",
               [](auto& c) -> asio::awaitable<hh::response> {
                   hh::request_body body = c.body();
                   std::uint64_t bytes = 0;
                   for (;;) {
                       std::string_view const chunk = co_await body.async_read_chunk();
                       if (chunk.empty()) break;
                       bytes += chunk.size();
                   }
                   co_return hh::text(std::to_string(bytes));
               },
               {.body_limit = 0, .body = hh::body::stream});
    hooks.post("/form",
               [](auto& c) -> asio::awaitable<hh::response> {
                   hh::multipart_reader const form(c.request(), c.body());
                   std::uint64_t bytes = 0;
                   for (;;) {
                       auto const part = co_await form.async_next_part();
                       if (!part) break;
                       for (;;) {
                           std::string_view const chunk = co_await form.async_read_chunk();
                           if (chunk.empty()) break;
                           bytes += chunk.size();
                       }
                   }
                   co_return hh::text(std::to_string(bytes));
               },
               {.body_limit = 0, .body = hh::body::stream});
    hooks.get("/files/*path", hh::http::static_files(folder));
    hh::http::server web(context.get_executor(), hooks, {.address = "127.0.0.1"});
    web.listen();
    web.async_run(asio::detached);
    bench::announce(web.port());
    context.run();
    return 0;
}

/// A session in the shape of Beast's examples, which reads with buffer_body.
class beast_session : public std::enable_shared_from_this<beast_session> {
public:
    explicit beast_session(tcp::socket&& socket) : stream_(std::move(socket)) {}

    void read_header() {
        parser_.emplace();
        parser_->body_limit(boost::none);
        stream_.expires_after(std::chrono::seconds(30));
        beast::http::async_read_header(
            stream_, buffer_, *parser_,
            beast::bind_front_handler(&beast_session::on_header, shared_from_this()));
    }

private:
    void on_header(beast::error_code ec, std::size_t) {
        if (ec) return;
        bytes_ = 0;
        read_some();
    }

    void read_some() {
        parser_->get().body().data = piece_.data();
        parser_->get().body().size = piece_.size();
        stream_.expires_after(std::chrono::seconds(30));
        beast::http::async_read(
            stream_, buffer_, *parser_,
            beast::bind_front_handler(&beast_session::on_some, shared_from_this()));
    }

    void on_some(beast::error_code ec, std::size_t) {
        if (ec && ec != beast::http::error::need_buffer) return;
        bytes_ += piece_.size() - parser_->get().body().size;
        if (!parser_->is_done()) return read_some();
        response_ = {beast::http::status::ok, parser_->get().version()};
        response_.body() = std::to_string(bytes_);
        response_.prepare_payload();
        beast::http::async_write(
            stream_, response_,
            beast::bind_front_handler(&beast_session::on_written, shared_from_this()));
    }

    void on_written(beast::error_code ec, std::size_t) {
        if (!ec) read_header();
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<beast::http::request_parser<beast::http::buffer_body>> parser_;
    beast::http::response<beast::http::string_body> response_;
    std::array<char, 64 * 1024> piece_;
    std::uint64_t bytes_ = 0;
};

void accept(tcp::acceptor& acceptor, asio::io_context& context) {
    acceptor.async_accept(asio::make_strand(context), [&](beast::error_code ec, tcp::socket s) {
        if (!ec) std::make_shared<beast_session>(std::move(s))->read_header();
        accept(acceptor, context);
    });
}

int serve_beast() {
    asio::io_context context(1);
    tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    bench::announce(acceptor.local_endpoint().port());
    accept(acceptor, context);
    context.run();
    return 0;
}

/// nginx, one process, with the files of a folder; its port is one that was free.
class nginx {
public:
    explicit nginx(std::string const& folder) : folder_(folder) {
        asio::io_context context;
        tcp::acceptor free_one(context, {asio::ip::make_address("127.0.0.1"), 0});
        port_ = free_one.local_endpoint().port();
        free_one.close();
        std::ofstream(folder_ + "/nginx.conf")
            << "daemon off; master_process off; pid " << folder_ << "/nginx.pid;\nevents {}\n"
            << "http { access_log off; sendfile on; tcp_nopush on; client_body_temp_path "
            << folder_ << "/body; proxy_temp_path " << folder_ << "/proxy; fastcgi_temp_path "
            << folder_ << "/fastcgi; uwsgi_temp_path " << folder_ << "/uwsgi; scgi_temp_path "
            << folder_ << "/scgi; server { listen 127.0.0.1:" << port_
            << "; location /files/ { alias " << folder_ << "/; } } }\n";
        pid_ = fork();
        if (pid_ == 0) {
            bench::pin(1);
            std::string const configuration = folder_ + "/nginx.conf";
            for (char const* program : {"/usr/sbin/nginx", "nginx"})
                execlp(program, "nginx", "-e", "stderr", "-c", configuration.c_str(), nullptr);
            _exit(127);
        }
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (!answers() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    }
    nginx(nginx const&) = delete;
    nginx& operator=(nginx const&) = delete;
    ~nginx() {
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
    }

    bool works() const { return answers(); }
    int port() const noexcept { return port_; }
    int pid() const noexcept { return pid_; }

private:
    bool answers() const {
        asio::io_context context;
        tcp::socket socket(context);
        hh::error_code ec;
        socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port_)},
                       ec);
        return !ec;
    }

    std::string folder_;
    int port_ = 0;
    pid_t pid_ = -1;
};

// -------------------------------------------------------------------------------------- the load

tcp::socket connect(asio::io_context& context, int port) {
    tcp::socket socket(context);
    socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)});
    return socket;
}

/// Sends a gibibyte. @return the server's CPU time in seconds
double upload(int port, int pid) {
    asio::io_context context;
    tcp::socket socket = connect(context, port);
    std::vector<char> const piece(256 * 1024, 'x');
    double const before = bench::process_cpu_seconds(pid);
    asio::write(socket, asio::buffer("POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                                     std::to_string(gibibyte) + "\r\n\r\n"));
    for (std::uint64_t sent = 0; sent < gibibyte; sent += piece.size())
        asio::write(socket, asio::buffer(piece));
    std::string reply;
    asio::dynamic_string_buffer buffer(reply);
    asio::read_until(socket, buffer, "\r\n\r\n" + std::to_string(gibibyte));
    return bench::process_cpu_seconds(pid) - before;
}

/// Sends a form with a file of a gibibyte. @return the server's CPU time in seconds
double upload_form(int port, int pid) {
    asio::io_context context;
    tcp::socket socket = connect(context, port);
    std::vector<char> const piece(256 * 1024, 'x');
    std::string const begin =
        "--cut\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n";
    std::string const end = "\r\n--cut--\r\n";
    double const before = bench::process_cpu_seconds(pid);
    asio::write(socket,
                asio::buffer("POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                             "multipart/form-data; boundary=cut\r\nContent-Length: " +
                             std::to_string(begin.size() + gibibyte + end.size()) + "\r\n\r\n"));
    asio::write(socket, asio::buffer(begin));
    for (std::uint64_t sent = 0; sent < gibibyte; sent += piece.size())
        asio::write(socket, asio::buffer(piece));
    asio::write(socket, asio::buffer(end));
    std::string reply;
    asio::dynamic_string_buffer buffer(reply);
    asio::read_until(socket, buffer, "\r\n\r\n" + std::to_string(gibibyte));
    return bench::process_cpu_seconds(pid) - before;
}

/// Reads a file of a gibibyte. @return the server's CPU time in seconds
double download(int port, int pid) {
    asio::io_context context;
    tcp::socket socket = connect(context, port);
    std::vector<char> piece(256 * 1024);
    double const before = bench::process_cpu_seconds(pid);
    asio::write(
        socket,
        asio::buffer(std::string_view("GET /files/large HTTP/1.1\r\nHost: localhost\r\n\r\n")));
    std::uint64_t got = 0;
    while (got < gibibyte) got += socket.read_some(asio::buffer(piece));
    return bench::process_cpu_seconds(pid) - before;
}

/// The most resident memory that a process has had, in KiB.
long peak_kib(int pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);)
        if (line.rfind("VmHWM:", 0) == 0) return std::atol(line.c_str() + 6);
    return 0;
}

/// Sends a gibibyte and reads one, with our client.
asio::awaitable<void> ask(hh::http::client client, std::string url) {
    int const own = getpid();
    auto const first =
        co_await client.async_stream(url + "/none", hh::request(hh::verb::get, "/", 11));
    co_await first.async_skip();
    long const idle = bench::process_rss_kib(own);

    double before = bench::process_cpu_seconds(own);
    auto const write = [](hh::stream_writer& out) -> asio::awaitable<void> {
        std::string const piece(64 * 1024, 'x');
        for (std::uint64_t sent = 0; sent < gibibyte; sent += piece.size())
            co_await out.async_write(piece);
    };
    auto const content = hh::http::streamed_body(write, gibibyte);
    auto const answer =
        co_await client.async_stream(url + "/count", hh::request(hh::verb::post, "/", 11), content);
    std::string_view const text = co_await answer.async_read_chunk();
    if (text != std::to_string(gibibyte)) throw std::runtime_error("the upload is not whole");
    co_await answer.async_skip();
    double const sending = bench::process_cpu_seconds(own) - before;

    before = bench::process_cpu_seconds(own);
    auto const file =
        co_await client.async_stream(url + "/files/large", hh::request(hh::verb::get, "/", 11));
    std::uint64_t got = 0;
    for (;;) {
        std::string_view const chunk = co_await file.async_read_chunk();
        if (chunk.empty()) break;
        got += chunk.size();
    }
    if (got != gibibyte) throw std::runtime_error("the download is not whole");
    std::printf("our client: upload of a GiB %.3f s of CPU, download %.3f s\n", sending,
                bench::process_cpu_seconds(own) - before);
    std::printf("    memory: %ld KiB more than idle at most (at most 3072)\n",
                peak_kib(own) - idle);
}

int ask_server(std::string const& port) {
    asio::io_context context(1);
    hh::http::client const client(context.get_executor());
    std::exception_ptr failed;
    asio::co_spawn(context, ask(client, "http://127.0.0.1:" + port),
                   [&](std::exception_ptr e) { failed = e; });
    context.run();
    if (failed) std::rethrow_exception(failed);
    return 0;
}

template <class Measure>
void compare(char const* what, char const* rival, double at_most, Measure own, Measure other) {
    std::vector<double> values[2];
    std::vector<double> ratios;
    for (int run = 0; run < 5; ++run) {
        values[0].push_back(own());
        values[1].push_back(other());
        ratios.push_back(values[0].back() / values[1].back());
    }
    std::printf("%s: own %.3f s of CPU, %s %.3f s, ratio %.2f (at most %.1f)\n", what,
                bench::median(values[0]), rival, bench::median(values[1]), bench::median(ratios),
                at_most);
    std::fflush(stdout);
}

using measurement = std::function<double()>;

void measure_uploads(bench::peer const& own) {
    long const idle = bench::process_rss_kib(own.pid());
    bench::peer const beast_server({bench::this_program(), "beast"});
    compare("upload of a GiB", "Beast", 0.8,
            measurement([&] { return upload(own.port(), own.pid()); }),
            measurement([&] { return upload(beast_server.port(), beast_server.pid()); }));
    std::printf("    memory: %ld KiB more than idle at most (at most 3072)\n",
                peak_kib(own.pid()) - idle);
}

void measure_forms(std::string const& folder) {
    bench::peer const own({bench::this_program(), "serve", folder});
    long const idle = bench::process_rss_kib(own.pid());
    double const seconds = upload_form(own.port(), own.pid());
    std::printf("form with a file of a GiB, read part by part: %.3f s of CPU\n", seconds);
    std::printf("    memory: %ld KiB more than idle at most (at most 3072)\n",
                peak_kib(own.pid()) - idle);
}

void measure_downloads(bench::peer const& own, std::string const& folder) {
    nginx const rival(folder);
    if (!rival.works()) return void(std::printf("nginx is not installed: no downloads\n"));
    compare("download of a GiB", "nginx", 1.1,
            measurement([&] { return download(own.port(), own.pid()); }),
            measurement([&] { return download(rival.port(), rival.pid()); }));
}

int measure_all() {
    std::string folder =
        (std::filesystem::temp_directory_path() / "httphooks-streams-XXXXXX").string();
    if (!mkdtemp(folder.data())) throw std::runtime_error("mkdtemp");
    std::ofstream(folder + "/large").close();
    std::filesystem::resize_file(folder + "/large", gibibyte);
    {
        bench::peer const own({bench::this_program(), "serve", folder});
        measure_uploads(own);
        measure_downloads(own, folder);
        measure_forms(folder);
        std::string const command =
            "'" + bench::this_program() + "' ask " + std::to_string(own.port());
        if (std::system(command.c_str()) != 0) throw std::runtime_error("the client has failed");
    }
    std::filesystem::remove_all(folder);
    return 0;
}

}  // namespace

int main(int count, char** argument) {
    try {
        std::string_view const what = count > 1 ? argument[1] : "";
        if (what == "serve" && count == 3) return serve(argument[2]);
        if (what == "beast") return serve_beast();
        if (what == "ask" && count == 3) return ask_server(argument[2]);
        bench::pin(0);
        return measure_all();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
