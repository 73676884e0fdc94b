// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the handles of a Socket.IO server share: the Engine.IO server below, and the namespaces.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/server.hpp>
#include <httphooks/socketio/detail/live_connection.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/options.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// What a function answers, once; when nobody can any more, the answer is no.
class one_answer {
public:
    explicit one_answer(std::function<void(bool)> then) : then_(std::move(then)) {}
    one_answer(one_answer const&) = delete;
    one_answer& operator=(one_answer const&) = delete;
    ~one_answer() { give(false); }

    void give(bool b) {
        if (!given_.exchange(true)) std::exchange(then_, nullptr)(b);
    }

private:
    std::function<void(bool)> then_;
    std::atomic<bool> given_{false};
};

/** A server. Thread-safe. */
class live_server final : public nsp_owner,
                          public connection_owner,
                          public std::enable_shared_from_this<live_server> {
public:
    live_server(asio::any_io_executor executor, socketio::options o)
        : settings_(settings_of(executor, std::move(o))),
          engine_(std::move(executor), settings_->options.engine) {
        settings_->counters = engine_.shared_counters();
    }

    /// To be called once, when the server is owned.
    void start();

    engineio::server& engine() noexcept { return engine_; }
    server_settings& settings() noexcept override { return *settings_; }

    /// The namespace of a name; it is made when there is none, as a child of the first pattern that
    /// takes it.
    std::shared_ptr<live_nsp> of(std::string_view name);
    /// Namespaces of all names that fit.
    std::shared_ptr<live_nsp> of(live_nsp::matcher m);
    void on_new_namespace(shared_function<void(std::shared_ptr<live_nsp>)> f);

    HTTPHOOKS_DECL void look_up(std::string_view name,
                                std::shared_ptr<nlohmann::json const> const& auth,
                                std::function<void(std::shared_ptr<live_nsp>)> then) override;
    HTTPHOOKS_DECL void connection_gone() override;
    HTTPHOOKS_DECL void emptied(live_nsp& n) override;

    void drain();
    /// Drains; calls a function when the last connection has gone.
    void close(std::function<void()> done);

private:
    using found_nsp = std::function<void(std::shared_ptr<live_nsp>)>;

    struct pattern {
        std::shared_ptr<live_nsp> parent;
        live_nsp::matcher takes;
    };
    using pattern_list = std::vector<pattern>;

    /// A namespace. Clients wait until it has all that it inherits, and what the application gives
    /// it when it is told of it.
    struct entry {
        std::shared_ptr<live_nsp> nsp;
        bool ready = false;
        std::vector<found_nsp> waiting{};
    };

    static std::shared_ptr<server_settings> settings_of(asio::any_io_executor executor,
                                                        socketio::options o);
    inline std::shared_ptr<live_nsp> make(std::string name);
    /// Finds, or makes, the entry of a name. Behind the mutex. @return it, and whether it is new
    inline std::pair<entry&, bool> entry_of(std::string const& name);
    /// Lets clients into a new namespace. @param parent null: it is no child
    inline void settle(std::shared_ptr<live_nsp> const& n, std::shared_ptr<live_nsp> const& parent);
    inline void let_go();
    /** Finds the first pattern that takes a name.
        @param then called with its namespace, or null; on any thread, perhaps later */
    inline void ask_patterns(std::shared_ptr<pattern_list const> patterns, std::size_t at,
                      std::string name, std::shared_ptr<nlohmann::json const> auth, found_nsp then);
    /// Gives the child of a name, which is entered.
    inline void child(std::shared_ptr<live_nsp> const& parent, std::string const& name, found_nsp then);

    std::shared_ptr<server_settings> settings_;
    engineio::server engine_;
    std::mutex mutex_{};
    std::map<std::string, entry, std::less<>> names_{};
    std::shared_ptr<pattern_list const> patterns_ = std::make_shared<pattern_list>();
    std::vector<shared_function<void(std::shared_ptr<live_nsp>)>> on_new_{};
    std::size_t connections_ = 0;
    bool draining_ = false;
    std::vector<std::function<void()>> closing_{};
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/live_server.ipp>
#endif
