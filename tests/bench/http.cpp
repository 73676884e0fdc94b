// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Plain HTTP: our server, and the hooks in a Beast session, against a Beast session alone.

    Without arguments: measures and prints a table. The peers are this program in other processes,
    pinned to one core, the load on another; what counts is the peer's CPU time for each request.

    @li `http serve PEER` serves until it is ended: `beast` is a session in the shape of Beast's
        example http_server_async, `beast+hooks` the same with the hooks as its request handler,
        `own` the library's server, `own+metrics` the same with its numbers counted.
    @li `http load PORT COUNT PIPELINE FIELDS` sends requests, one connection.
*/

#include <httphooks.hpp>
#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/metrics.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "bench/github_routes.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr std::string_view name40 = "0123456789012345678901234567890123456789";
constexpr std::string_view before = "Hello, how are you, ";
constexpr std::string_view after = "?!!\n";
static_assert(before.size() + name40.size() + after.size() == 64);

std::string const target = "/hello/" + std::string(name40);

constexpr std::string_view browser_fields[] = {
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-US,en;q=0.5",
    "Accept-Encoding: gzip, deflate, br",
    "Connection: keep-alive",
    "Upgrade-Insecure-Requests: 1",
    "Cache-Control: max-age=0"};

// ------------------------------------------------------------------------------------- the peers

void add_hooks(hh::registry& hooks) {
    for (auto const& route : bench::github_routes())
        hooks.responder(route.method, route.pattern, [](auto&) { return hh::text("another"); });
    hooks.get("/hello/:name", [](auto& c) { return hh::text(before, c.param("name"), after); });
}

/// A session in the shape of Beast's example, with what answers a request as a parameter.
template <class Answer>
class beast_session : public std::enable_shared_from_this<beast_session<Answer>> {
public:
    beast_session(tcp::socket&& socket, Answer& answer)
        : stream_(std::move(socket)), answer_(answer) {}

    void run() {
        asio::dispatch(stream_.get_executor(), beast::bind_front_handler(&beast_session::do_read,
                                                                         this->shared_from_this()));
    }

    template <class Response>
    void write(Response&& response) {
        beast::http::message_generator message(std::forward<Response>(response));
        bool const keep_alive = message.keep_alive();
        beast::async_write(stream_, std::move(message),
                           beast::bind_front_handler(&beast_session::on_write,
                                                     this->shared_from_this(), keep_alive));
    }

    auto get_executor() { return stream_.get_executor(); }

private:
    void do_read() {
        request_ = {};
        stream_.expires_after(std::chrono::seconds(30));
        beast::http::async_read(
            stream_, buffer_, request_,
            beast::bind_front_handler(&beast_session::on_read, this->shared_from_this()));
    }

    void on_read(beast::error_code ec, std::size_t) {
        if (ec) return close();
        answer_(std::move(request_), this->shared_from_this());
    }

    void on_write(bool keep_alive, beast::error_code ec, std::size_t) {
        if (ec || !keep_alive) return close();
        do_read();
    }

    void close() {
        beast::error_code ec;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ec);
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    beast::http::request<beast::http::string_body> request_;
    Answer& answer_;
};

template <class Answer>
void accept(tcp::acceptor& acceptor, asio::io_context& ioc, Answer& answer) {
    acceptor.async_accept(asio::make_strand(ioc), [&](beast::error_code ec, tcp::socket socket) {
        if (!ec) {
            socket.set_option(tcp::no_delay(true));
            std::make_shared<beast_session<Answer>>(std::move(socket), answer)->run();
        }
        accept(acceptor, ioc, answer);
    });
}

/// What a request handler written by hand gives.
struct by_hand {
    template <class Session>
    void operator()(beast::http::request<beast::http::string_body>&& request, Session session) {
        beast::http::response<beast::http::string_body> response(beast::http::status::ok,
                                                                 request.version());
        response.set(beast::http::field::content_type, "text/plain; charset=utf-8");
        response.set(beast::http::field::date, hh::detail::http_date(hh::detail::coarse_time()));
        response.keep_alive(request.keep_alive());
        response.body().append(before).append(request.target().substr(7)).append(after);
        response.prepare_payload();
        session->write(std::move(response));
    }
};

struct by_hooks {
    hh::registry& hooks;

    template <class Session>
    void operator()(beast::http::request<beast::http::string_body>&& request, Session session) {
        auto const executor = session->get_executor();
        hooks.async_dispatch(std::move(request),
                             asio::bind_executor(executor, [session = std::move(session)](
                                                               hh::error_code, hh::response r) {
                                 session->write(std::move(r));
                             }));
    }
};

template <class Answer>
int serve_beast(asio::io_context& ioc, Answer answer) {
    tcp::acceptor acceptor(ioc, {asio::ip::make_address("127.0.0.1"), 0});
    std::cout << acceptor.local_endpoint().port() << std::endl;
    accept(acceptor, ioc, answer);
    ioc.run();
    return 0;
}

int serve(std::string_view peer) {
    asio::io_context ioc{1};
    asio::signal_set signals(ioc, SIGTERM);
    signals.async_wait([](auto...) { std::_Exit(0); });
    hh::registry hooks(ioc.get_executor());
    add_hooks(hooks);
    if (peer == "beast") return serve_beast(ioc, by_hand{});
    if (peer == "beast+hooks") return serve_beast(ioc, by_hooks{hooks});
    hh::http::options options;
    options.address = "127.0.0.1";
    hh::http::server server(ioc.get_executor(), hooks, options);
    std::optional<hh::metrics> numbers;
    if (peer == "own+metrics") numbers.emplace(hooks);
    server.async_run(asio::detached);
    std::cout << server.port() << std::endl;
    ioc.run();
    return 0;
}

// -------------------------------------------------------------------------------------- the load

std::string make_request(int field_count) {
    std::string text = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    for (int i = 0; i + 1 < field_count; ++i)
        text.append(browser_fields[static_cast<std::size_t>(i)]).append("\r\n");
    return text + "\r\n";
}

/// Sends `count` requests over one connection and reads their replies.
void send_requests(tcp::socket& socket, int count, int pipeline, int field_count) {
    std::string const one = make_request(field_count);
    std::string batch;
    for (int i = 0; i < pipeline; ++i) batch += one;
    std::string reply;
    asio::dynamic_string_buffer buffer(reply);
    for (int sent = 0; sent < count; sent += pipeline) {
        asio::write(socket, asio::buffer(batch));
        for (int i = 0; i < pipeline; ++i) {
            std::size_t const size = asio::read_until(socket, buffer, after);
            buffer.consume(size);
        }
    }
}

tcp::socket connect(asio::io_context& ioc, unsigned short port) {
    tcp::socket socket(ioc);
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
    socket.set_option(tcp::no_delay(true));
    return socket;
}

int load(char** argument) {
    asio::io_context ioc;
    tcp::socket socket = connect(ioc, static_cast<unsigned short>(std::atoi(argument[0])));
    send_requests(socket, std::atoi(argument[1]), std::atoi(argument[2]), std::atoi(argument[3]));
    return 0;
}

// ------------------------------------------------------------------------------------ processes

void pin(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    sched_setaffinity(0, sizeof cores, &cores);
}

/// A peer in a process of its own, ended with the object.
class process {
public:
    process(std::vector<std::string> command, int core) {
        int out[2];
        if (pipe(out) != 0) throw std::runtime_error("pipe");
        pid_ = fork();
        if (pid_ == 0) {
            pin(core);
            dup2(out[1], STDOUT_FILENO);
            int const null = open("/dev/null", O_WRONLY);
            dup2(null, STDERR_FILENO);
            std::vector<char*> arguments;
            for (std::string& word : command) arguments.push_back(word.data());
            arguments.push_back(nullptr);
            execvp(arguments[0], arguments.data());
            std::_Exit(127);
        }
        close(out[1]);
        std::string line;
        for (char c = 0; read(out[0], &c, 1) == 1 && c != '\n';) line += c;
        close(out[0]);
        port_ = static_cast<unsigned short>(std::atoi(line.c_str()));
        if (port_ == 0) throw std::runtime_error("a peer does not start: " + command.front());
    }
    process(process const&) = delete;
    process& operator=(process const&) = delete;
    ~process() { end(); }

    void end() {
        if (pid_ <= 0) return;
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

    unsigned short port() const { return port_; }

    /// User and system time in seconds.
    double cpu() const {
        std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
        std::string text;
        std::getline(in, text);
        std::istringstream rest(text.substr(text.rfind(')') + 2));
        std::string skip;
        for (int i = 3; i < 14; ++i) rest >> skip;
        double user = 0;
        double system = 0;
        rest >> user >> system;
        return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
    }

    /// Resident memory in KiB.
    double resident() const {
        std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
        for (std::string line; std::getline(in, line);)
            if (line.rfind("VmRSS:", 0) == 0) return std::atof(line.c_str() + 6);
        return 0;
    }

private:
    pid_t pid_ = 0;
    unsigned short port_ = 0;
};

std::string self;

std::string output_of(std::string const& command) {
    std::string text;
    std::unique_ptr<FILE, int (*)(FILE*)> const pipe(popen(command.c_str(), "r"), pclose);
    char part[4096];
    while (std::fgets(part, sizeof part, pipe.get())) text += part;
    return text;
}

// ------------------------------------------------------------------------------------- measuring

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

std::string pipeline_script(int pipeline) {
    std::string const path = self + ".pipeline.lua";
    std::ofstream(path) << "init = function(args)\n"
                           "  local all = {}\n"
                           "  for i = 1, " +
                               std::to_string(pipeline) +
                               " do all[i] = wrk.format() end\n"
                               "  requests = table.concat(all)\n"
                               "end\n"
                               "request = function() return requests end\n";
    return path;
}

/// The peer's CPU time in microseconds for each request of a run of wrk, 64 connections.
double cpu_per_request(process const& peer, int pipeline, int seconds) {
    std::ostringstream command;
    command << "taskset -c 0 wrk -t1 -c64 -d" << seconds << "s";
    for (std::string_view field : browser_fields) command << " -H '" << field << "'";
    command << " -s " << pipeline_script(pipeline) << " http://127.0.0.1:" << peer.port() << target;
    double const cpu = peer.cpu();
    std::string const text = output_of(command.str());
    double const used = peer.cpu() - cpu;
    std::size_t const at = text.find(" requests in ");
    if (at == std::string::npos) throw std::runtime_error("wrk: " + text);
    std::size_t begin = at;
    while (begin > 0 && std::isdigit(static_cast<unsigned char>(text[begin - 1]))) --begin;
    if (text.find("Non-2xx") != std::string::npos) throw std::runtime_error("wrk: " + text);
    return used * 1e6 / std::atof(text.c_str() + begin);
}

/// Measures both peers in turn and prints medians and the median of the ratios.
void compare(char const* what, std::string const& peer, std::string const& base, int pipeline,
             int runs, double target_ratio) {
    process a({self, "serve", peer}, 1);
    process b({self, "serve", base}, 1);
    std::vector<double> as;
    std::vector<double> bs;
    std::vector<double> ratios;
    cpu_per_request(a, pipeline, 1);
    cpu_per_request(b, pipeline, 1);
    for (int i = 0; i < runs; ++i) {
        as.push_back(cpu_per_request(a, pipeline, 2));
        bs.push_back(cpu_per_request(b, pipeline, 2));
        ratios.push_back(as.back() / bs.back());
    }
    std::printf("%-46s %8.2f us %8.2f us   ratio %.3f (at most %.2f)\n", what, median(as),
                median(bs), median(ratios), target_ratio);
    std::fflush(stdout);
}

/// Instructions in user space for each request, by the difference of two runs.
double instructions_per_request(std::string const& peer, int field_count) {
    double totals[2];
    int const counts[2] = {1000, 3000};
    for (int i = 0; i < 2; ++i) {
        std::string const file = self + ".callgrind";
        {
            process server({"valgrind", "--tool=callgrind", "--callgrind-out-file=" + file, self,
                            "serve", peer},
                           1);
            asio::io_context ioc;
            tcp::socket socket = connect(ioc, server.port());
            send_requests(socket, counts[i], 1, field_count);
        }
        std::ifstream in(file);
        totals[i] = 0;
        for (std::string line; std::getline(in, line);)
            if (line.rfind("summary:", 0) == 0 || line.rfind("totals:", 0) == 0)
                totals[i] = std::atof(line.c_str() + line.find(' '));
        unlink(file.c_str());
    }
    return (totals[1] - totals[0]) / (counts[1] - counts[0]);
}

/// Growth of the resident set for each of 5,000 connections that had 10 requests.
double bytes_per_idle_connection(std::string const& peer) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    process server({self, "serve", peer}, 1);
    asio::io_context ioc;
    std::vector<tcp::socket> sockets;
    auto const add = [&](int count) {
        for (int i = 0; i < count; ++i) {
            sockets.push_back(connect(ioc, server.port()));
            send_requests(sockets.back(), 10, 1, 8);
        }
    };
    add(100);
    double const start = server.resident();
    add(5000);
    return (server.resident() - start) * 1024 / 5000;
}

int measure() {
    std::printf("%-46s %11s %11s\n", "CPU a request (64 connections, 8 fields)", "peer", "base");
    compare("own server / Beast session", "own", "beast", 1, 5, 0.80);
    compare("own server / Beast session, 16 pipelined", "own", "beast", 16, 5, 0.15);
    compare("own server / Beast session, 64 pipelined", "own", "beast", 64, 5, 0.15);
    compare("Beast session with hooks / without", "beast+hooks", "beast", 1, 9, 1.08);
    compare("own server with metrics / without", "own+metrics", "own", 1, 15, 1.03);
    if (std::system("valgrind --version >/dev/null 2>&1") == 0) {
        std::printf("%-46s %11s %11s\n", "instructions a request", "1 field", "8 fields");
        double base8 = 0;
        for (char const* peer : {"own", "own+metrics", "beast", "beast+hooks"}) {
            double const with1 = instructions_per_request(peer, 1);
            double const with8 = instructions_per_request(peer, 8);
            if (peer == std::string_view("beast")) base8 = with8;
            std::printf("%-46s %11.0f %11.0f", peer, with1, with8);
            if (peer == std::string_view("own")) std::printf("   (at most 6000, 12000)");
            if (peer == std::string_view("beast+hooks"))
                std::printf("   ratio %.3f (at most 1.08)", with8 / base8);
            std::printf("\n");
            std::fflush(stdout);
        }
    }
    std::printf("idle connection, own server: %.0f bytes (at most 1536)\n",
                bytes_per_idle_connection("own"));
    std::printf("idle connection, Beast session: %.0f bytes\n", bytes_per_idle_connection("beast"));
    return 0;
}

}  // namespace

int main(int count, char** argument) {
    try {
        self = std::filesystem::read_symlink("/proc/self/exe").string();
        if (count == 3 && std::string_view(argument[1]) == "serve") return serve(argument[2]);
        if (count == 6 && std::string_view(argument[1]) == "load") return load(argument + 2);
        pin(0);
        return measure();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
