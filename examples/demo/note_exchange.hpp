// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What several servers of the demo tell each other: each note that is written, over Redis.
*/

#include <httphooks/redis.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/detached.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace demo {

namespace asio = boost::asio;
namespace hh = httphooks;

/// Carries notes, as JSON, from the server where they are written to all of them, that one too.
class note_exchange {
public:
    /// @param url where Redis is @param heard is told of each note
    note_exchange(asio::any_io_executor const& executor, std::string const& url,
                  std::function<void(std::string const&)> heard)
        : commands_(executor, options(url)), notes_(executor, options(url)) {
        notes_.on_message([heard = std::move(heard)](hh::redis::message const& m) {
            heard(std::string(m.payload));
        });
        notes_.subscribe(channel);
    }
    note_exchange(note_exchange const&) = delete;
    note_exchange& operator=(note_exchange const&) = delete;
    ~note_exchange() {
        notes_.close();
        commands_.close();
    }

    void publish(std::string const& note) {
        commands_.async_command({"PUBLISH", channel, note}, asio::detached);
    }

private:
    static constexpr std::string_view channel = "demo:notes";

    static hh::redis::options options(std::string const& url) {
        hh::redis::options o;
        o.url = url;
        return o;
    }

    hh::redis::connection commands_;
    hh::redis::subscriber notes_;
};

}  // namespace demo
