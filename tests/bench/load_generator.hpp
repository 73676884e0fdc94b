// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Load for WebSocket servers: raw echo, SockJS and Socket.IO, from one thread.

    Requests are framed and masked once, so that generating one costs a copy; a reply costs the
    parse of a header. All requests released by one readable event leave in one send().
*/

#include <httphooks/websocket/zlib_deflate.hpp>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

[[noreturn]] inline void die(std::string const& what) {
    throw std::runtime_error("load generator: " + what);
}

inline std::uint64_t now_ns() {
    timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return static_cast<std::uint64_t>(ts.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(ts.tv_nsec);
}

enum class proto { raw, sio, sockjs };
enum class mode { rr, bcast, idle };

/// What load is made.
struct load_options {
    proto protocol = proto::raw;
    mode what = mode::rr;
    std::string host = "127.0.0.1";
    std::string path;
    /// Of Socket.IO: an event with one text, which is acknowledged; empty: requests to the hooks,
    /// or the event "bcast".
    std::string event;
    int port = 9001;
    /// Where the first connection goes, which alone asks or publishes, and whose deliveries do not
    /// count; 0: it is one like the others.
    int publisher_port = 0;
    int conns = 64;
    int inflight = 1;
    std::size_t size = 64;
    double duration = 3;
    double warmup = 1;
    int pid = 0;
    /// Another process that the load is for.
    int other_pid = 0;
    int touch = 0;
    /// Of raw WebSockets: messages are JSON, and compressed.
    bool deflate = false;
};

// Log-linear histogram: 64 linear steps per power of two, so at most 1.6 % relative error.
class histogram {
    static constexpr int sub_bits = 6;
    std::array<std::uint64_t, 64u << sub_bits> bins_{};
    std::uint64_t total_ = 0;

    static std::size_t index(std::uint64_t v) {
        if (v < (1u << sub_bits)) return static_cast<std::size_t>(v);
        int const shift = static_cast<int>(std::bit_width(v)) - 1 - sub_bits;
        return (static_cast<std::size_t>(shift + 1) << sub_bits) +
               static_cast<std::size_t>((v >> shift) - (1u << sub_bits));
    }
    static std::uint64_t value(std::size_t i) {
        if (i < (1u << sub_bits)) return i;
        int const shift = static_cast<int>(i >> sub_bits) - 1;
        return ((i & ((1u << sub_bits) - 1)) + (1u << sub_bits)) << shift;
    }

public:
    void add(std::uint64_t v) {
        ++bins_[index(v)];
        ++total_;
    }
    void reset() {
        bins_.fill(0);
        total_ = 0;
    }
    double quantile_us(double q) const {
        auto const rank = static_cast<std::uint64_t>(q * static_cast<double>(total_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < bins_.size(); ++i)
            if ((seen += bins_[i]) > rank) return static_cast<double>(value(i)) / 1000.0;
        return 0;
    }
};

inline double self_cpu_seconds() {
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

inline double process_cpu_seconds(int pid) {
    if (pid <= 0) return 0;
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(in, line);
    auto p = line.rfind(')');
    if (p == std::string::npos) return 0;
    char const* s = line.c_str() + p + 2;
    for (int field = 3; field < 14; ++field) s = std::strchr(s, ' ') + 1;
    char* end = nullptr;
    auto const user = std::strtoull(s, &end, 10);
    auto const sys = std::strtoull(end, &end, 10);
    return static_cast<double>(user + sys) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

inline long process_rss_kib(int pid) {
    if (pid <= 0) return 0;
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);)
        if (line.rfind("VmRSS:", 0) == 0) return std::atol(line.c_str() + 6);
    return 0;
}

inline std::string json_quote(std::string_view s) {
    std::string out = "\"";
    for (char c : s) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

// A masked client text frame.
inline std::string client_frame(std::string_view text, bool compressed = false) {
    static constexpr unsigned char key[4] = {0x37, 0xfa, 0x21, 0x3d};
    std::string f;
    f += static_cast<char>(compressed ? 0xc1 : 0x81);
    if (text.size() < 126) {
        f += static_cast<char>(0x80 | text.size());
    } else if (text.size() < 65536) {
        f += static_cast<char>(0x80 | 126);
        f += static_cast<char>(text.size() >> 8);
        f += static_cast<char>(text.size());
    } else {
        f += static_cast<char>(0x80 | 127);
        for (int i = 7; i >= 0; --i) f += static_cast<char>(text.size() >> (8 * i));
    }
    f.append(reinterpret_cast<char const*>(key), 4);
    for (std::size_t i = 0; i < text.size(); ++i)
        f += static_cast<char>(static_cast<unsigned char>(text[i]) ^ key[i & 3]);
    return f;
}

inline std::string request_json(std::string_view content) {
    return R"({"method":"POST","url":"/echo","headers":{"content-type":"text/plain"},"content":)" +
           json_quote(content) + "}";
}

// JSON of about so many bytes: records that are alike, with numbers that are not.
inline std::string json_records(std::size_t size) {
    std::string all = "[";
    for (unsigned n = 1; all.size() + 80 < size; ++n) {
        if (n > 1) all += ',';
        all += "{\"id\":" + std::to_string(n * 7919 % 10007) + ",\"name\":\"user " +
               std::to_string(n) + "\",\"active\":" + (n % 3 ? "true" : "false") +
               ",\"score\":" + std::to_string(n * 104729 % 997) + "}";
    }
    all.resize(size - 1, ' ');
    return all += ']';
}

// A message in its compressed form, which refers to no other.
inline std::string deflated(std::string_view message) {
    httphooks::websocket::deflate_parameters alone;
    alone.client_no_context_takeover = true;
    std::string out;
    httphooks::websocket::zlib_deflate()
        ->make(httphooks::websocket::role::client, alone)
        ->deflate(message, out);
    return out;
}

// What the slot-th outstanding request of a connection says, as a finished frame.
inline std::string request_frame(load_options const& o, int slot) {
    std::string const content(o.size, 'x');
    bool const publish = o.what == mode::bcast;
    switch (o.protocol) {
        case proto::raw:
            if (o.deflate) return client_frame(deflated(json_records(o.size)), true);
            return client_frame(content);
        case proto::sio:
            if (publish)
                return client_frame("42[" + json_quote(o.event.empty() ? "bcast" : o.event) + "," +
                                    json_quote(content) + "]");
            if (!o.event.empty())
                return client_frame("42" + std::to_string(slot) + "[" + json_quote(o.event) + "," +
                                    json_quote(content) + "]");
            return client_frame("42" + std::to_string(slot) + "[\"request\"," +
                                request_json(content) + "]");
        case proto::sockjs:
            return client_frame("[" + json_quote(publish ? content : request_json(content)) + "]");
    }
    return {};
}

// How many messages an a["..","..."] frame carries: top-level strings, escapes skipped.
inline std::size_t sockjs_count(std::string_view s) {
    std::size_t quotes = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
        auto const* p = static_cast<char const*>(std::memchr(s.data() + i, '"', s.size() - i));
        if (!p) break;
        i = static_cast<std::size_t>(p - s.data());
        std::size_t b = i;
        while (b > 0 && s[b - 1] == '\\') --b;
        if (((i - b) & 1) == 0) ++quotes;
    }
    return quotes / 2;
}

struct connection {
    int fd = -1;
    bool want_write = false;
    std::string in;       // bytes of an incomplete frame
    std::string message;  // payload of an incomplete fragmented message
    std::string out;      // bytes the kernel has not taken yet
    std::size_t out_pos = 0;
    std::vector<std::uint64_t> sent;   // send time per slot (sio) or FIFO ring (raw, sockjs)
    std::uint64_t head = 0, tail = 0;  // ring positions
};

/// What was measured.
struct load_result {
    double per_second = 0;
    double p50_us = 0;
    double p99_us = 0;
    /// Shares of one core.
    double generator_cpu = 0;
    double server_cpu = 0;
    double bytes_per_connection = 0;
    std::uint64_t errors = 0;

    double per_cpu_second() const { return server_cpu > 0 ? per_second / server_cpu : 0; }
};

/// Opens connections, makes load, measures.
class generator {
    load_options o_;
    std::vector<std::unique_ptr<connection>> conns_;
    std::vector<std::string> frames_;
    std::string const pong_ = client_frame("3");
    std::vector<char> scratch_;
    histogram hist_;
    int ep_ = -1;
    bool running_ = false;
    std::uint64_t done_ = 0, errors_ = 0;
    std::uint64_t now_ = 0;
    // broadcast bookkeeping: deliveries arrive in order on every connection
    std::vector<std::uint64_t> published_;  // send time of publication i (ring)
    std::uint64_t pub_sent_ = 0, deliveries_ = 0;
    std::vector<std::uint64_t> seen_;  // publications seen per connection
    static constexpr std::size_t pub_ring = 4096;

public:
    explicit generator(load_options o) : o_(std::move(o)), scratch_(1u << 19) {
        if (o_.path.empty())
            o_.path = o_.protocol == proto::sio      ? "/socket.io/?EIO=4&transport=websocket"
                      : o_.protocol == proto::sockjs ? "/echo"
                                                     : "/";
        for (int i = 0; i < o_.inflight; ++i) frames_.push_back(request_frame(o_, i));
        published_.resize(pub_ring);
    }

    generator(generator const&) = delete;
    generator& operator=(generator const&) = delete;
    ~generator() {
        for (auto const& c : conns_) ::close(c->fd);
        if (ep_ >= 0) ::close(ep_);
    }

    load_result run() {
        ep_ = epoll_create1(0);
        long const rss0 = process_rss_kib(o_.pid);
        for (int i = 0; i < o_.conns; ++i) open_one(i);
        seen_.assign(conns_.size(), 0);
        for (std::size_t i = 0; i < conns_.size(); ++i) {
            fcntl(conns_[i]->fd, F_SETFL, O_NONBLOCK);
            epoll_event ev{};
            ev.events = EPOLLIN;
            ev.data.u64 = i;
            epoll_ctl(ep_, EPOLL_CTL_ADD, conns_[i]->fd, &ev);
        }
        if (o_.what == mode::idle) {
            if (o_.touch > 0) {
                running_ = false;
                for (auto& c : conns_)
                    for (int i = 0; i < o_.touch; ++i) {
                        send_request(*c, 0);
                        flush(*c, index_of(*c));
                    }
            }
            loop_until(now_ns() + static_cast<std::uint64_t>(o_.duration * 1e9));
            long const rss1 = process_rss_kib(o_.pid);
            load_result idle;
            idle.bytes_per_connection = static_cast<double>(rss1 - rss0) * 1024 / o_.conns;
            idle.errors = errors_;
            return idle;
        }
        running_ = true;
        now_ = now_ns();
        if (o_.what == mode::rr) {
            // with a publisher, it alone asks
            for (auto& c : conns_)
                for (int s = 0; s < o_.inflight; ++s)
                    if (o_.publisher_port == 0 || &c == conns_.data()) send_request(*c, s);
            for (std::size_t i = 0; i < conns_.size(); ++i) flush(*conns_[i], i);
        } else {
            for (int s = 0; s < o_.inflight; ++s) publish();
        }
        loop_until(now_ns() + static_cast<std::uint64_t>(o_.warmup * 1e9));
        done_ = 0;
        hist_.reset();
        double const cpu0 = self_cpu_seconds(), srv0 = server_cpu_seconds();
        std::uint64_t const t0 = now_ns();
        loop_until(t0 + static_cast<std::uint64_t>(o_.duration * 1e9));
        double const dt = static_cast<double>(now_ns() - t0) / 1e9;
        double const cpu = (self_cpu_seconds() - cpu0) / dt,
                     srv = (server_cpu_seconds() - srv0) / dt;
        load_result r;
        r.per_second = static_cast<double>(done_) / dt;
        r.p50_us = hist_.quantile_us(.50);
        r.p99_us = hist_.quantile_us(.99);
        r.generator_cpu = cpu;
        r.server_cpu = srv;
        r.errors = errors_;
        return r;
    }

private:
    double server_cpu_seconds() const {
        return process_cpu_seconds(o_.pid) + process_cpu_seconds(o_.other_pid);
    }

    std::size_t index_of(connection const& c) const {
        for (std::size_t i = 0; i < conns_.size(); ++i)
            if (conns_[i].get() == &c) return i;
        return 0;
    }

    // ---- connecting: blocking, one at a time

    void open_one(int number) {
        auto c = std::make_unique<connection>();
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0) die(std::string("socket: ") + std::strerror(errno));
        int one = 1;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        timeval tv{10, 0};
        setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
        sockaddr_in a{};
        a.sin_family = AF_INET;
        bool const publisher = number == 0 && o_.publisher_port != 0;
        a.sin_port = htons(static_cast<std::uint16_t>(publisher ? o_.publisher_port : o_.port));
        if (inet_pton(AF_INET, o_.host.c_str(), &a.sin_addr) != 1) die("bad --host");
        if (connect(c->fd, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0)
            die("connect " + std::to_string(number) + ": " + std::strerror(errno));
        std::string path = o_.path;
        if (o_.protocol == proto::sockjs) {
            char session[64];
            std::snprintf(session, sizeof session, "/%03d/s%08x%08x/websocket", number % 1000,
                          static_cast<unsigned>(number), static_cast<unsigned>(getpid()));
            path += session;
        }
        std::string req =
            "GET " + path + " HTTP/1.1\r\nHost: " + o_.host + ":" + std::to_string(o_.port) +
            "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
        if (o_.deflate)
            req += "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
        req += "\r\n";
        send_blocking(*c, req);
        std::size_t end;
        while ((end = c->in.find("\r\n\r\n")) == std::string::npos) recv_blocking(*c);
        if (c->in.compare(0, 12, "HTTP/1.1 101") != 0)
            die("upgrade refused: " + c->in.substr(0, end));
        c->in.erase(0, end + 4);
        if (o_.protocol == proto::sio) {
            if (auto m = read_message_blocking(*c); m.empty() || m[0] != '0')
                die("no engine.io open: " + m);
            send_blocking(*c, client_frame("40"));
            if (auto m = read_message_blocking(*c); m.rfind("40", 0) != 0)
                die("no socket.io connect: " + m);
        } else if (o_.protocol == proto::sockjs) {
            if (auto m = read_message_blocking(*c); m != "o") die("no sockjs open: " + m);
        }
        c->sent.resize(static_cast<std::size_t>(o_.inflight));
        conns_.push_back(std::move(c));
    }

    static void send_blocking(connection& c, std::string_view s) {
        while (!s.empty()) {
            auto n = ::send(c.fd, s.data(), s.size(), MSG_NOSIGNAL);
            if (n <= 0) die("send while connecting");
            s.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    static void recv_blocking(connection& c) {
        char b[4096];
        auto n = ::recv(c.fd, b, sizeof b, 0);
        if (n <= 0) die("connection closed or timed out while connecting");
        c.in.append(b, static_cast<std::size_t>(n));
    }
    static std::string read_message_blocking(connection& c) {
        for (;;) {
            if (c.in.size() >= 2) {
                std::size_t len = static_cast<std::uint8_t>(c.in[1]) & 0x7f, head = 2;
                if (len == 126 && c.in.size() >= 4) {
                    len = static_cast<std::size_t>(static_cast<std::uint8_t>(c.in[2])) << 8 |
                          static_cast<std::uint8_t>(c.in[3]);
                    head = 4;
                }
                if (c.in.size() >= head + len) {
                    std::string m = c.in.substr(head, len);
                    c.in.erase(0, head + len);
                    return m;
                }
            }
            recv_blocking(c);
        }
    }

    // ---- the loop

    void loop_until(std::uint64_t deadline) {
        std::array<epoll_event, 512> ev;
        while ((now_ = now_ns()) < deadline) {
            int const wait_ms =
                int(std::min<std::uint64_t>((deadline - now_) / 1'000'000 + 1, 100));
            int const n = epoll_wait(ep_, ev.data(), static_cast<int>(ev.size()), wait_ms);
            now_ = now_ns();
            for (int i = 0; i < n; ++i) {
                auto const at = static_cast<std::size_t>(ev[static_cast<std::size_t>(i)].data.u64);
                auto& c = *conns_[at];
                if (ev[static_cast<std::size_t>(i)].events & EPOLLOUT) flush(c, at);
                if (ev[static_cast<std::size_t>(i)].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                    readable(c, at);
            }
        }
    }

    void readable(connection& c, std::size_t at) {
        std::size_t const kept = c.in.size();
        if (kept) std::memcpy(scratch_.data(), c.in.data(), kept);
        auto const n = ::recv(c.fd, scratch_.data() + kept, scratch_.size() - kept, 0);
        if (n <= 0) {
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
            die("connection " + std::to_string(at) + " closed by the server");
        }
        now_ = now_ns();
        std::string_view buf(scratch_.data(), kept + static_cast<std::size_t>(n));
        while (take_frame(c, at, buf)) {
        }
        c.in.assign(buf.data(), buf.size());
        flush(c, at);
    }

    bool take_frame(connection& c, std::size_t at, std::string_view& buf) {
        if (buf.size() < 2) return false;
        auto const b0 = static_cast<std::uint8_t>(buf[0]), b1 = static_cast<std::uint8_t>(buf[1]);
        std::uint64_t len = b1 & 0x7f;
        std::size_t head = 2;
        if (len >= 126) {
            std::size_t const extra = len == 126 ? 2 : 8;
            if (buf.size() < 2 + extra) return false;
            len = 0;
            for (std::size_t i = 0; i < extra; ++i)
                len = len << 8 | static_cast<std::uint8_t>(buf[2 + i]);
            head += extra;
        }
        if (buf.size() < head + len) return false;
        std::string_view const payload = buf.substr(head, static_cast<std::size_t>(len));
        buf.remove_prefix(head + static_cast<std::size_t>(len));
        int const opcode = b0 & 0x0f;
        if (opcode == 8) die("close frame from the server");
        if (opcode >= 8) return true;
        bool const fin = b0 & 0x80;
        if (fin && c.message.empty()) {
            on_message(c, at, payload);
        } else {
            c.message.append(payload);
            if (fin) {
                on_message(c, at, c.message);
                c.message.clear();
            }
        }
        return true;
    }

    void on_message(connection& c, std::size_t at, std::string_view m) {
        switch (o_.protocol) {
            case proto::raw:
                if (o_.deflate ? m.empty() || m.size() >= o_.size : m.size() != o_.size) ++errors_;
                completed(c, at, -1);
                break;
            case proto::sio:
                if (m == "2") {
                    append(c, pong_);
                } else if (m.size() > 3 && m[0] == '4' && m[1] == '3') {
                    int id = 0;
                    std::size_t i = 2;
                    for (; i < m.size() && m[i] >= '0' && m[i] <= '9'; ++i)
                        id = id * 10 + (m[i] - '0');
                    if (id >= o_.inflight || m.size() < o_.size) {
                        ++errors_;
                        return;
                    }
                    completed(c, at, id);
                } else if (m.size() > 2 && m[0] == '4' && m[1] == '2') {
                    if (m[2] != '[') return acknowledge(c, m);
                    if (m.size() < o_.size) ++errors_;
                    completed(c, at, -1);
                } else {
                    ++errors_;
                }
                break;
            case proto::sockjs:
                if (m.empty() || m[0] == 'h') return;
                if (m[0] != 'a') {
                    ++errors_;
                    return;
                }
                for (std::size_t n = sockjs_count(m); n; --n) completed(c, at, -1);
                break;
        }
    }

    // An event that asks for an acknowledgement.
    static void acknowledge(connection& c, std::string_view event) {
        std::string_view const id = event.substr(2, event.find('[') - 2);
        append(c, client_frame("43" + std::string(id) + "[1]"));
    }

    // A reply (slot >= 0: that slot's; -1: the oldest outstanding) or a delivery has arrived.
    void completed(connection& c, std::size_t at, int slot) {
        if (o_.what == mode::bcast) {
            std::size_t const apart = o_.publisher_port != 0 ? 1 : 0;
            if (at < apart) return;
            ++done_;
            hist_.add(now_ - published_[seen_[at]++ % pub_ring]);
            if (++deliveries_ % (conns_.size() - apart) == 0 && running_) publish();
            return;
        }
        ++done_;
        if (slot < 0) slot = static_cast<int>(c.head++ % static_cast<std::uint64_t>(o_.inflight));
        hist_.add(now_ - c.sent[static_cast<std::size_t>(slot)]);
        if (running_) send_request(c, slot);
    }

    // ---- sending

    static void append(connection& c, std::string_view s) { c.out.append(s); }

    void send_request(connection& c, int slot) {
        if (o_.protocol != proto::sio)
            slot = static_cast<int>(c.tail++ % static_cast<std::uint64_t>(o_.inflight));
        c.sent[static_cast<std::size_t>(slot)] = now_;
        append(c, frames_[static_cast<std::size_t>(slot)]);
    }

    void publish() {
        published_[pub_sent_++ % pub_ring] = now_;
        append(*conns_[0], frames_[0]);
        flush(*conns_[0], 0);
    }

    void flush(connection& c, std::size_t at) {
        while (c.out_pos < c.out.size()) {
            auto const n =
                ::send(c.fd, c.out.data() + c.out_pos, c.out.size() - c.out_pos, MSG_NOSIGNAL);
            if (n < 0) {
                if (errno == EAGAIN) break;
                die(std::string("send: ") + std::strerror(errno));
            }
            c.out_pos += static_cast<std::size_t>(n);
        }
        bool const pending = c.out_pos < c.out.size();
        if (!pending) {
            c.out.clear();
            c.out_pos = 0;
        }
        if (pending != c.want_write) {
            c.want_write = pending;
            epoll_event ev{};
            ev.events = pending ? EPOLLIN | EPOLLOUT : EPOLLIN;
            ev.data.u64 = at;
            epoll_ctl(ep_, EPOLL_CTL_MOD, c.fd, &ev);
        }
    }
};

}  // namespace bench
