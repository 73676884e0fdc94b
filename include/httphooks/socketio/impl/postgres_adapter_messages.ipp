// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/postgres_adapter.hpp>

#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/error.hpp>
#include <httphooks/postgres/connection.hpp>
#include <httphooks/postgres/error.hpp>
#include <httphooks/postgres/notification.hpp>
#include <httphooks/postgres/query.hpp>
#include <httphooks/postgres/query_result.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/socketio/detail/cluster_codec.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/detail/postgres_attachment.hpp>
#include <httphooks/socketio/impl/postgres_adapter_hub.ipp>

#include <cstddef>
#include <cstdint>
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

// sending -------------------------------------------------------------------------------------

HTTPHOOKS_DECL void postgres_hub::publish(cluster_message const& m) {
    using enum cluster_message_type;
    outgoing out;
    out.channel = postgres_channel(options_.channel_prefix, m.nsp);
    packet_data p = encode_payload(m);
    if (p.attachments.empty() && p.text.size() < threshold_ && httphooks::detail::is_utf8(p.text)) {
        out.text = std::move(p.text);
    } else {
        out.row = to_msgpack(p);
        out.text = R"({"uid":)";
        append_string(out.text, m.uid);
        out.text.append(R"(,"type":)").append(std::to_string(static_cast<int>(m.type)));
        out.text.append(R"(,"attachmentId":")");
    }
    out.since = home_.timers().now();
    std::vector<std::weak_ptr<cluster_link>> lost;
    {
        std::lock_guard const lock(mutex_);
        if (auto const at = links_.find(m.nsp); at != links_.end()) out.from = at->second;
        // who cannot be reached is not there to be asked, and is told anew when it is back
        bool const waits = m.request_id.empty() && !m.to.flags.volatile_ &&
                           m.type != initial_heartbeat && m.type != heartbeat &&
                           m.type != adapter_close;
        if (!connection_ || (!up_ && !waits)) {
            if (waits || !m.request_id.empty()) lost.push_back(out.from);
        } else {
            while (!queue_.empty() && queued_ + out.size() > options_.queue_limit)
                lost.push_back(drop_first());
            if (out.size() > options_.queue_limit) {
                lost.push_back(out.from);
            } else {
                queued_ += out.size();
                queue_.push_back(std::move(out));
            }
        }
    }
    tell(lost);
    pump();
}

inline std::weak_ptr<cluster_link> postgres_hub::drop_first() {
    std::weak_ptr<cluster_link> from = std::move(queue_.front().from);
    queued_ -= queue_.front().size();
    queue_.pop_front();
    return from;
}

inline void postgres_hub::tell(std::vector<std::weak_ptr<cluster_link>> const& lost) {
    for (auto const& weak : lost)
        if (auto const link = weak.lock()) link->lost();
}

/// One statement for what waits: a row and its notification, or some notifications. The server
/// makes one of two that are the same in a statement, so these are in two.
inline postgres::query postgres_hub::statement(std::vector<outgoing>& batch) {
    constexpr std::size_t most = 64;
    std::set<std::string_view> texts;
    bool const row = !queue_.front().row.empty();
    batch.reserve(most);  // texts stay where they are
    while (!queue_.empty() && batch.size() < (row ? 1 : most)) {
        outgoing& next = queue_.front();
        if (!batch.empty() && (!next.row.empty() || texts.contains(next.text))) break;
        queued_ -= next.size();
        batch.push_back(std::move(next));
        texts.insert(batch.back().text);
        queue_.pop_front();
    }
    if (row) {
        outgoing const& m = batch.front();
        return {"WITH attachment AS (INSERT INTO " + table_ +
                    " (payload) VALUES ($1) RETURNING id) "
                    "SELECT pg_notify($2, $3::text || id::text || '\"}') FROM attachment",
                std::as_bytes(std::span(m.row)), m.channel, m.text};
    }
    std::string sql = "SELECT ";
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (i != 0) sql.push_back(',');
        sql.append("pg_notify($").append(std::to_string(2 * i + 1));
        sql.append(",$").append(std::to_string(2 * i + 2)).push_back(')');
    }
    postgres::query q(sql);
    for (outgoing const& m : batch) {
        q.add(m.channel);
        q.add(m.text);
    }
    return q;
}

inline void postgres_hub::pump() {
    std::vector<outgoing> batch;
    std::optional<postgres::connection> c;
    std::optional<postgres::query> q;
    std::vector<std::weak_ptr<cluster_link>> lost;
    {
        std::lock_guard const lock(mutex_);
        if (sending_ || !up_ || !connection_) return;
        auto const oldest = home_.timers().now() - options_.queue_time;
        while (!queue_.empty() && queue_.front().since < oldest) lost.push_back(drop_first());
        if (!queue_.empty()) {
            sending_ = true;
            c = connection_;
            q.emplace(statement(batch));
        }
    }
    tell(lost);
    if (!q) return;
    // what is under way keeps the hub, so that the last messages of a server that goes are sent
    c->async_query(std::move(*q), [hub = self(), batch = std::move(batch)](
                                      error_code ec, postgres::query_result const& r) mutable {
        hub->sent(std::move(batch), ec, r);
    });
}

inline void postgres_hub::sent(std::vector<outgoing> batch, error_code ec,
                               postgres::query_result const& r) {
    // somebody has removed the table
    bool const again = ec && r.sqlstate() == "42P01" && !batch.front().again;
    {
        std::lock_guard const lock(mutex_);
        sending_ = false;
        if (again)
            for (auto m = batch.rbegin(); m != batch.rend(); ++m) {
                m->again = true;
                queued_ += m->size();
                queue_.push_front(std::move(*m));
            }
    }
    if (again) {
        make_table();  // before what follows
    } else if (ec) {
        for (outgoing const& m : batch)
            if (auto const link = m.from.lock()) link->lost();
        if (ec == postgres::error::query_failed) failed(ec, "PostgreSQL: a message");
    }
    pump();
    std::lock_guard const lock(mutex_);
    close_when_done();
}

// receiving -----------------------------------------------------------------------------------

inline void postgres_hub::on_notification(inbox_ptr const& in, postgres::notification const& n) {
    auto attachment = read_postgres_attachment(n.payload);
    auto const links = links_of(n.channel);
    if (links.empty()) return;
    if (!attachment) return links.front()->malformed();
    incoming m;
    m.channel = n.channel;
    m.row = !attachment->row.empty();
    m.here = !m.row;
    m.text = m.row ? std::move(attachment->row) : std::string(n.payload);
    if (m.row)
        for (auto const& link : links)
            if (link->uid() == attachment->uid) return;
    if (in->arrived.empty() && m.here) return pass_on(m);
    constexpr std::size_t most = 64 * 1024 * 1024;
    std::size_t const size = m.text.size() + m.channel.size() + sizeof m;
    if (in->bytes + size > most) return links.front()->malformed();
    in->bytes += size;
    in->arrived.push_back(std::move(m));
    fetch(in);
}

/// Asks for rows that the next messages are in; they all wait meanwhile.
inline void postgres_hub::fetch(inbox_ptr const& in) {
    if (in->fetching || in->arrived.empty()) return;
    auto const c = connection();
    if (!c) return;
    in->fetching = true;
    constexpr std::size_t most = 16;
    postgres::query q(
        "SELECT id, payload FROM " + table_ +
            " WHERE octet_length(payload) <= $1::bigint AND id IN (SELECT unnest($2::bigint[]))",
        static_cast<std::int64_t>(options_.attachment_limit));
    std::string ids = "{";
    std::size_t rows = 0;
    for (incoming const& m : in->arrived) {
        if (!m.row) continue;
        if (rows++ != 0) ids.push_back(',');
        ids.append(m.text);
        if (rows == most) break;
    }
    q.add(ids + '}');
    c->async_query(std::move(q), [weak = std::weak_ptr(self()), in, rows](
                                     error_code ec, postgres::query_result const& r) {
        if (auto const hub = weak.lock()) hub->fetched(in, rows, ec, r);
    });
}

inline void postgres_hub::fetched(inbox_ptr const& in, std::size_t rows, error_code ec,
                                  postgres::query_result const& r) {
    in->fetching = false;
    std::map<std::string, std::string, std::less<>> found;
    if (ec) {
        failed(ec, "PostgreSQL: an attachment");
    } else {
        for (std::size_t i = 0; i < r.rows(); ++i)
            if (auto bytes = r.bytes(i, 1)) found.emplace(*r.value(i, 0), std::move(*bytes));
    }
    for (auto m = in->arrived.begin(); m != in->arrived.end() && rows > 0; ++m) {
        if (!m->row || m->here) continue;
        --rows;
        auto const at = found.find(m->text);
        m->here = true;
        in->bytes -= m->text.size();
        m->text = at == found.end() ? std::string() : at->second;
        in->bytes += m->text.size();
    }
    handle(in);
}

/// Handles what is there, up to the first message that is not.
inline void postgres_hub::handle(inbox_ptr const& in) {
    while (!in->arrived.empty() && in->arrived.front().here) {
        incoming const m = std::move(in->arrived.front());
        in->arrived.pop_front();
        in->bytes -= m.text.size() + m.channel.size() + sizeof m;
        pass_on(m);
    }
    fetch(in);
}

inline void postgres_hub::pass_on(incoming const& m) const {
    for (auto const& link : links_of(m.channel)) {
        if (m.text.empty())
            link->malformed();
        else
            link->receive(m.text);
    }
}

}  // namespace httphooks::socketio::detail
