// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Emits once to the clients of a cluster, or to its servers, and ends:
    conformance_emitter --redis URL [--cluster-key K] [--op join|leave|kick|tell]
                        NSP ROOMS EXCEPT FLAGS ARGS_JSON
*/

#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/emitter.hpp>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "complaint.hpp"

namespace {

namespace asio = boost::asio;
namespace hh = httphooks;
using nlohmann::json;
using names = std::vector<std::string>;

struct command_line {
    std::string redis = "redis://127.0.0.1:6379";
    std::string key = "socket.io";
    std::string op = "emit";
    names words{};
};

command_line read_command_line(names const& arguments) {
    command_line c;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        std::string const& option = arguments[at];
        if (!option.starts_with("--")) {
            c.words.push_back(option);
            continue;
        }
        std::string* const to = option == "--redis"         ? &c.redis
                                : option == "--cluster-key" ? &c.key
                                : option == "--op"          ? &c.op
                                                            : nullptr;
        if (!to) throw std::runtime_error("unknown option " + option);
        if (++at == arguments.size()) throw std::runtime_error(option + " wants a value");
        *to = arguments[at];
    }
    if (c.words.size() != 5)
        throw std::runtime_error("wants NSP ROOMS EXCEPT FLAGS ARGS_JSON, - for none");
    return c;
}

names split(std::string_view list) {
    names all;
    if (list == "-") return all;
    while (!list.empty()) {
        std::size_t const end = std::min(list.find(','), list.size());
        if (end != 0) all.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return all;
}

/// Puts bytes in place of `{"$bin":"0102"}`.
json with_bytes(json value) {
    if (value.is_object() && value.size() == 1 && value.contains("$bin")) {
        std::string const digits = value["$bin"];
        std::vector<std::uint8_t> bytes;
        for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
            bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), {}, 16)));
        return json::binary(std::move(bytes));
    }
    if (value.is_structured())
        for (json& inner : value) inner = with_bytes(std::move(inner));
    return value;
}

hh::socketio::redis_emitter with_flags(hh::socketio::redis_emitter to, names const& flags) {
    for (std::string const& flag : flags) {
        if (flag == "volatile")
            to = to.volatile_();
        else if (flag == "compress:false")
            to = to.compress(false);
        else
            throw std::runtime_error("no flag is called " + flag);
    }
    return to;
}

void emit(hh::socketio::redis_emitter const& to, std::string const& op, json const& args) {
    if (!args.is_array()) throw std::runtime_error("ARGS_JSON is no array");
    if (op == "join") return to.sockets_join(args.get<names>());
    if (op == "leave") return to.sockets_leave(args.get<names>());
    if (op == "kick") return to.disconnect_sockets(!args.empty() && args.front() == true);
    if (args.empty() || !args.front().is_string()) throw std::runtime_error("no event's name");
    auto const all = std::make_shared<json const>(args);
    std::string const name = args.front();
    hh::socketio::arguments const rest(all, 1);
    if (op == "tell") return to.server_side_emit(name, rest);
    if (op != "emit") throw std::runtime_error("--op is join, leave, kick or tell, not " + op);
    to.emit(name, rest);
}

}  // namespace

int main(int argc, char* argv[]) {
    try {
        command_line const c = read_command_line({argv + 1, argv + argc});
        asio::io_context loop(1);
        hh::redis::options const where{.url = c.redis};
        hh::socketio::redis_emitter const all(hh::redis::connection(loop.get_executor(), where),
                                              c.key, c.words[0]);
        auto const to = all.to(split(c.words[1])).except(split(c.words[2]));
        emit(with_flags(to, split(c.words[3])), c.op, with_bytes(json::parse(c.words[4])));
        hh::error_code failure;
        to.async_flush([&](hh::error_code ec) {
            failure = ec;
            loop.stop();
        });
        loop.run();
        if (!failure) return 0;
        return conformance::complain("conformance_emitter", failure.message(), 1);
    } catch (std::exception const& e) {
        return conformance::complain("conformance_emitter", e.what(), 2);
    }
}
