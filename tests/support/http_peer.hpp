// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A blocking HTTP client that hides nothing: fields as they came, chunks one by one.
*/

#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/raw_client.hpp"

namespace support {

/// A response.
struct http_reply {
    int status = 0;
    /// Status line and fields.
    std::string head{};
    std::string body{};
    /// The sizes of the chunks that the body came in, with the last, empty one.
    std::vector<std::string> chunks{};

    /// A field's value; "-" when there is none.
    std::string operator[](std::string_view name) const {
        std::string wanted = "\r\n" + std::string(name) + ":";
        auto const lower = [](std::string s) {
            for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            return s;
        };
        std::size_t const at = lower(head).find(lower(wanted));
        if (at == head.npos) return "-";
        std::size_t const begin = head.find_first_not_of(' ', at + wanted.size());
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
    bool has(std::string_view name) const { return (*this)[name] != "-"; }
    bool chunked() const { return (*this)["Transfer-Encoding"] == "chunked"; }
};

using field_list = std::vector<std::pair<std::string, std::string>>;

class http_peer {
public:
    /// @param from the address of its own, of the loopback network
    explicit http_peer(std::uint16_t port, in_addr_t from = INADDR_LOOPBACK)
        : client_(port, from) {}

    /// Sends a request of HTTP/1.1; POST has a Content-Length.
    void send(std::string_view method, std::string_view target, field_list const& fields = {},
              std::string_view body = {}) {
        std::string text(method);
        text.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
        for (auto const& [name, value] : fields) text += name + ": " + value + "\r\n";
        if (method == "POST" || !body.empty())
            text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        text.append("\r\n").append(body);
        client_.send(text);
    }
    void send_raw(std::string_view bytes) { client_.send(bytes); }

    /// Reads status line and fields; status is 0 when there is no response.
    http_reply head() {
        http_reply r;
        std::size_t end;
        while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos)
            if (!more()) return r;
        r.head = buffer_.substr(0, end + 2);
        buffer_.erase(0, end + 4);
        if (r.head.size() > 12) r.status = std::atoi(r.head.c_str() + 9);
        return r;
    }

    /// Reads a chunk; false at the end of the connection. The last one is empty.
    bool chunk(std::string& data) {
        std::size_t line;
        while ((line = buffer_.find("\r\n")) == buffer_.npos)
            if (!more()) return false;
        std::size_t size = 0;
        std::from_chars(buffer_.data(), buffer_.data() + line, size, 16);
        while (buffer_.size() < line + 2 + size + 2)
            if (!more()) return false;
        data = buffer_.substr(line + 2, size);
        buffer_.erase(0, line + 2 + size + 2);
        return true;
    }
    /// A chunk, or "<end>".
    std::string chunk() {
        std::string data;
        return chunk(data) ? data : "<end>";
    }

    /// Reads a whole response.
    http_reply reply(bool has_body = true) {
        http_reply r = head();
        if (!has_body || r.status == 204 || r.status == 304 || r.status == 0) return r;
        if (r.chunked()) {
            std::string data;
            do {
                if (!chunk(data)) return r;
                r.chunks.push_back(data);
                r.body += data;
            } while (!data.empty());
        } else if (r.has("Content-Length")) {
            std::size_t const n = std::strtoull(r["Content-Length"].c_str(), nullptr, 10);
            while (buffer_.size() < n)
                if (!more()) return r;
            r.body = buffer_.substr(0, n);
            buffer_.erase(0, n);
        } else {
            while (more()) continue;
            r.body = std::exchange(buffer_, {});
        }
        return r;
    }

    http_reply ask(std::string_view method, std::string_view target, field_list const& fields = {},
                   std::string_view body = {}) {
        send(method, target, fields, body);
        return reply(method != "HEAD");
    }

    /// Waits for the end; true if nothing came before it.
    bool ended() {
        while (buffer_.empty())
            if (!more()) return last_ == read_end::fin;
        return false;
    }
    /// n bytes, or what came before the end.
    std::string bytes(std::size_t n) {
        while (buffer_.size() < n && more()) continue;
        std::string got = buffer_.substr(0, n);
        buffer_.erase(0, got.size());
        return got;
    }
    std::string const& buffer() const { return buffer_; }
    raw_client& client() { return client_; }

private:
    bool more() { return (last_ = client_.read(buffer_)) == read_end::more; }

    raw_client client_;
    std::string buffer_{};
    read_end last_ = read_end::more;
};

}  // namespace support
