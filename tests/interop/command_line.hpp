// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The options of the conformance server.
*/

#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace conformance {

/// What the command line says.
struct command_line {
    std::uint16_t port = 0;
    unsigned threads = 1;
    std::string hooks_file;
    std::string www;
    std::string certificate;
    std::string key;

    std::chrono::milliseconds handler_timeout{30'000};
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds idle_timeout{60'000};
    std::chrono::milliseconds write_timeout{30'000};
    std::uint64_t body_limit = 1'048'576;
    std::size_t max_connections = 10'000;

    std::chrono::milliseconds heartbeat{25'000};
    std::chrono::milliseconds disconnect{5'000};
    std::string sockjs_client_url = "/sockjs.min.js";
    std::chrono::milliseconds ping_interval{300};
    std::chrono::milliseconds ping_timeout{200};
    std::chrono::milliseconds upgrade_timeout{10'000};
    std::chrono::milliseconds connect_timeout{1'000};
    std::uint64_t max_payload = 1'000'000;
    std::string app = "basic";
    std::string parser = "json";
    /// What carries messages to other servers; empty: there are none.
    std::string cluster;
    std::string redis = "redis://127.0.0.1:6379";
    std::string postgres;
    std::string cluster_key = "socket.io";
    std::chrono::milliseconds requests_timeout{5'000};
    /// After how long a server of a cluster over PostgreSQL says that it is there, and is gone.
    std::chrono::milliseconds cluster_heartbeat{5'000};
    std::chrono::milliseconds cluster_timeout{10'000};
    /// How many entries a stream keeps.
    std::size_t stream_max_len = 10'000;
    /// Whether servers ask each other on sharded channels, over streams.
    bool stream_sharded = false;
    bool cookie = false;
    bool recovery = false;
    bool deflate = false;
    /// Whether replies are compressed, and bodies of requests decompressed.
    bool compress = false;
    /// Whether there are streams, below /stream.
    bool streams = false;
    /// Whether streams go over sockets in messages.
    bool stream_messages = false;
    /// Whether every mount but the log is behind the hooks.
    bool guard_mounts = false;
    std::vector<std::string> cors;
    /// Which of several servers this is, for GET /who; empty: there is no such hook.
    std::string name;
    /// Whether only the most specific responder runs.
    bool best = false;
    std::vector<std::string> trusted_proxies;
};

/** Reads the command line.
    @throws std::runtime_error that says which option is wrong */
command_line read_command_line(std::vector<std::string> const& arguments);

// ---------------------------------------------------------------------------------------------

template <class Number>
Number number_from(std::string const& option, std::string const& text, Number least = 0,
                   Number most = std::numeric_limits<Number>::max()) {
    Number n{};
    char const* const end = text.data() + text.size();
    auto const [rest, ec] = std::from_chars(text.data(), end, n);
    if (text.empty() || ec != std::errc() || rest != end || n < least || n > most)
        throw std::runtime_error(option + ": not a number in its range: " + text);
    return n;
}

inline command_line read_command_line(std::vector<std::string> const& arguments) {
    command_line c;
    std::size_t at = 0;
    std::string option;
    auto const value = [&]() -> std::string const& {
        if (++at == arguments.size()) throw std::runtime_error(option + " wants a value");
        return arguments[at];
    };
    auto const milliseconds = [&] {
        return std::chrono::milliseconds(number_from<std::uint32_t>(option, value()));
    };
    for (; at < arguments.size(); ++at) {
        option = arguments[at];
        if (option == "--port")
            c.port = number_from<std::uint16_t>(option, value());
        else if (option == "--threads")
            c.threads = number_from<unsigned>(option, value(), 1, 1024);
        else if (option == "--hooks")
            c.hooks_file = value();
        else if (option == "--www")
            c.www = value();
        else if (option == "--tls") {
            c.certificate = value();
            c.key = value();
        } else if (option == "--handler-timeout-ms")
            c.handler_timeout = milliseconds();
        else if (option == "--header-timeout-ms")
            c.header_timeout = milliseconds();
        else if (option == "--idle-timeout-ms")
            c.idle_timeout = milliseconds();
        else if (option == "--write-timeout-ms")
            c.write_timeout = milliseconds();
        else if (option == "--body-limit")
            c.body_limit = number_from<std::uint64_t>(option, value());
        else if (option == "--max-connections")
            c.max_connections = number_from<std::size_t>(option, value());
        else if (option == "--heartbeat-ms")
            c.heartbeat = milliseconds();
        else if (option == "--disconnect-ms")
            c.disconnect = milliseconds();
        else if (option == "--sockjs-client-url")
            c.sockjs_client_url = value();
        else if (option == "--ping-interval-ms")
            c.ping_interval = milliseconds();
        else if (option == "--ping-timeout-ms")
            c.ping_timeout = milliseconds();
        else if (option == "--upgrade-timeout-ms")
            c.upgrade_timeout = milliseconds();
        else if (option == "--connect-timeout-ms")
            c.connect_timeout = milliseconds();
        else if (option == "--max-payload")
            c.max_payload = number_from<std::uint64_t>(option, value());
        else if (option == "--app") {
            c.app = value();
            if (c.app != "basic" && c.app != "full" && c.app != "cluster")
                throw std::runtime_error("--app is basic, full or cluster, not " + c.app);
        } else if (option == "--responders") {
            std::string const which = value();
            if (which != "all" && which != "best")
                throw std::runtime_error("--responders is all or best, not " + which);
            c.best = which == "best";
        } else if (option == "--parser") {
            c.parser = value();
            if (c.parser != "json" && c.parser != "msgpack")
                throw std::runtime_error("--parser is json or msgpack, not " + c.parser);
        } else if (option == "--cluster") {
            c.cluster = value();
            if (c.cluster != "redis" && c.cluster != "redis-sharded" &&
                c.cluster != "redis-streams" && c.cluster != "postgres")
                throw std::runtime_error(
                    "--cluster is redis, redis-sharded, redis-streams or postgres, not " +
                    c.cluster);
        } else if (option == "--redis")
            c.redis = value();
        else if (option == "--postgres")
            c.postgres = value();
        else if (option == "--cluster-key")
            c.cluster_key = value();
        else if (option == "--requests-timeout-ms")
            c.requests_timeout = milliseconds();
        else if (option == "--cluster-heartbeat-ms")
            c.cluster_heartbeat = milliseconds();
        else if (option == "--cluster-timeout-ms")
            c.cluster_timeout = milliseconds();
        else if (option == "--stream-max-len")
            c.stream_max_len = number_from<std::size_t>(option, value(), 1);
        else if (option == "--stream-sharded")
            c.stream_sharded = true;
        else if (option == "--cookie")
            c.cookie = true;
        else if (option == "--recovery")
            c.recovery = true;
        else if (option == "--deflate")
            c.deflate = true;
        else if (option == "--compress")
            c.compress = true;
        else if (option == "--streams")
            c.streams = true;
        else if (option == "--stream-messages")
            c.stream_messages = true;
        else if (option == "--guard-mounts")
            c.guard_mounts = true;
        else if (option == "--cors")
            c.cors.push_back(value());
        else if (option == "--name")
            c.name = value();
        else if (option == "--trusted-proxy")
            c.trusted_proxies.push_back(value());
        else
            throw std::runtime_error("unknown option " + option);
    }
    return c;
}

}  // namespace conformance
