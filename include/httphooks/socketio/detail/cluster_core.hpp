// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a server does with the messages of others, and sends to them, in one namespace.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/cluster_options.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/socketio/detail/cluster_questions.hpp>
#include <httphooks/socketio/detail/watched_context.hpp>
#include <httphooks/socketio/memory_adapter.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/** The part of one server in a cluster. Thread-safe.

    What it does with its own sockets it leaves to local(). */
class cluster_core final : public http::detail::timed, public cluster_link {
public:
    cluster_core(adapter_context& context, std::unique_ptr<cluster_transport> t,
                 cluster_options const& o);
    ~cluster_core() override { home_.timers().leave(*this); }

    memory_adapter& local() noexcept { return local_; }

    // for the adapter ---------------------------------------------------------------------

    void open_up();
    bool enlist(std::shared_ptr<local_socket> const& s, session_state const* restored);
    void send(std::shared_ptr<local_socket> const& s, packet_data data, broadcast_flags const& f);
    void broadcast(packet_data data, broadcast_options const& o);
    void broadcast_with_ack(packet_data data, std::uint64_t id, broadcast_options const& o,
                            client_count_handler count, std::function<void(nlohmann::json)> ack);
    void fetch_sockets(broadcast_options const& o, describe_handler done);
    void add_sockets(broadcast_options const& o, std::span<std::string const> rooms);
    void del_sockets(broadcast_options const& o, std::span<std::string const> rooms);
    void disconnect_sockets(broadcast_options const& o, bool close);
    void server_side_emit(packet_data event, server_side_handler done);
    void server_count(std::function<void(error_code, std::size_t)> done);
    bool recovers() const { return keeps_ || local_.recovers(); }
    void del_all(std::shared_ptr<local_socket> const& s);
    void persist_session(session_state s);
    void restore_session(std::string_view pid, std::string_view offset, restore_handler done);
    void close_down() noexcept;

    // for the transport -------------------------------------------------------------------

    std::string const& nsp() const noexcept override { return name_; }
    std::string const& uid() const noexcept override { return uid_; }
    asio::any_io_executor executor() const override { return home_.executor(); }
    void post(std::function<void()> f) const override { home_.post(std::move(f)); }
    HTTPHOOKS_DECL void ready() override;
    HTTPHOOKS_DECL void receive(std::string_view bytes) override;
    HTTPHOOKS_DECL void receive(cluster_message m, std::string_view offset) override;
    HTTPHOOKS_DECL void begins_at(std::string_view offset) override;
    HTTPHOOKS_DECL void malformed() noexcept override;
    HTTPHOOKS_DECL void lost() noexcept override;
    HTTPHOOKS_DECL void failed(error_code ec, char const* what) noexcept override;
    bool has_room(std::string_view room) override { return local_.has_room(room); }
    bool has_socket(std::string_view id) override { return local_.find(id) != nullptr; }
    bool concerns(std::string_view room) override { return keeps_ || local_.may_reach(room); }
    bool awaits(std::string_view request_id) override { return questions_.awaits(request_id); }

    HTTPHOOKS_DECL void on_deadline() override;
    HTTPHOOKS_DECL void on_loop_end() noexcept override;

private:
    using time_point = cluster_questions::time_point;

    static constexpr std::chrono::milliseconds first_count_delay{20};
    static constexpr std::chrono::milliseconds longest_count_delay{1'000};

    std::shared_ptr<cluster_core> self() {
        return std::static_pointer_cast<cluster_core>(shared_from_this());
    }
    /// What other servers are to do, too. @return whether there may be such
    bool is_shared(broadcast_options const& o) const {
        if (o.flags.local) return false;
        std::lock_guard const lock(mutex_);
        return open_;
    }
    time_point now() const noexcept { return home_.timers().now(); }
    cluster_message message(cluster_message_type t, broadcast_options const* o = nullptr) const;
    inline bool publish(cluster_message const& m);
    inline void answer(std::string const& uid, cluster_message_type t, std::string const& id,
                       std::function<void(cluster_message&)> const& fill);
    inline void set_timer();
    /// Whether a server that has sent something is one of the cluster.
    inline void note_peer(cluster_message const& m);
    inline std::vector<std::string> peers() const;
    inline void forget_peer(std::string const& uid);
    /// Of servers that are counted: one goes.
    inline void note_leaving(std::string const& uid);
    inline void count_again();
    /// Asks the others, who may be none.
    inline void ask(std::string const& id, cluster_message m);
    inline void probe();

    inline void act(adapter_context& context, cluster_message& m, std::string_view offset);
    inline void deliver(cluster_message& m, std::string_view offset);
    inline void deliver_asking(adapter_context& context, cluster_message& m);
    inline void tell_sockets(cluster_message& m);
    inline void tell_application(adapter_context& context, cluster_message& m);
    /// Sends an event to sockets of this server, with an offset. @param offset empty: that of the
    /// newest message
    inline void deliver_kept(packet_data data, broadcast_options const& o, std::string_view offset);
    // behind order_
    inline void stop_awaiting();
    /// What has come for a socket since an offset.
    inline std::vector<std::shared_ptr<packet_data const>> missed_since(std::string_view offset,
                                                                        local_socket const& s);

    adapter_context& context_;
    /// The same, for what comes from elsewhere; set by open_up().
    std::weak_ptr<adapter_context> kept_{};
    std::string name_;
    http::detail::home home_;
    cluster_options options_;
    std::unique_ptr<cluster_transport> transport_;
    std::string uid_;
    /// How messages of this server end, as JSON.
    std::string own_end_;
    bool heartbeats_;
    bool keeps_;
    watched_context watched_;
    memory_adapter local_;
    cluster_questions questions_;

    mutable std::mutex mutex_{};
    bool open_ = false;
    /// Whether the transport was ready() once.
    bool ready_ = false;
    std::map<std::string, time_point, std::less<>> peers_{};
    time_point next_heartbeat_ = time_point::max();
    time_point next_look_ = time_point::max();
    /// When servers are counted again, of which one has gone; less and less often.
    time_point next_count_ = time_point::max();
    std::chrono::milliseconds count_delay_{};

    /// An event of a transport that keeps them.
    struct kept_event {
        std::string offset;
        std::shared_ptr<packet_data const> data;
        broadcast_options to;
    };
    /// Behind it sockets are enlisted, and events find theirs; what follows is behind it, too. No
    /// function of the application's is called behind it.
    std::mutex order_{};
    std::string newest_{};
    /// What sockets that are restored, and not enlisted yet, may miss.
    std::deque<kept_event> recent_{};
    std::size_t recent_bytes_ = 0;
    /// The offset of the newest that was there and is no more, as too many have come; or empty.
    std::string dropped_{};
    /// Sessions that are asked for; and the ids of those that were found.
    std::size_t restoring_ = 0;
    std::set<std::string, std::less<>> awaited_{};
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/cluster_core.ipp>
#include <httphooks/socketio/detail/impl/cluster_core_receive.ipp>
#endif
