// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/redis_streams.hpp>

#include <httphooks/detail/text/base64.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/redis/message.hpp>
#include <httphooks/socketio/detail/cluster_codec.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/redis_streams_adapter.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace httphooks::socketio::detail {

// names ---------------------------------------------------------------------------------------
HTTPHOOKS_DECL std::string stream_of(std::string_view nsp, redis_streams_adapter_options const& o) {
    if (o.stream_count <= 1) return o.stream_name;
    std::uint32_t hash = 0;
    auto const unit = [&](std::uint32_t u) { hash = hash * 31 + u; };
    for (std::size_t i = 0; i < nsp.size();) {
        // JavaScript hashes UTF-16; the name is well-formed UTF-8
        auto const byte = static_cast<unsigned char>(nsp[i]);
        std::size_t const size = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        std::uint32_t code = size == 1 ? byte : byte & (0xff >> (size + 1));
        for (std::size_t k = 1; k < size && i + k < nsp.size(); ++k)
            code = code << 6 | (static_cast<unsigned char>(nsp[i + k]) & 0x3f);
        i += size;
        if (code >= 0x10000) {
            unit(0xd800 + ((code - 0x10000) >> 10));
            code = 0xdc00 + ((code - 0x10000) & 0x3ff);
        }
        unit(code);
    }
    auto const number = static_cast<std::int64_t>(static_cast<std::int32_t>(hash)) %
                        static_cast<std::int64_t>(o.stream_count);
    return o.stream_name + '-' + std::to_string(number);
}

// what a server has ---------------------------------------------------------------------------
HTTPHOOKS_DECL std::shared_ptr<redis_streams> redis_streams::of(adapter_context& context,
                                                                redis::options const& o) {
    return std::static_pointer_cast<redis_streams>(context.share([&]() -> std::shared_ptr<void> {
        return std::make_shared<redis_streams>(context.place().executor(), o);
    }));
}

HTTPHOOKS_DECL std::shared_ptr<redis_stream_reader> redis_streams::enter(
    std::string const& nsp, std::shared_ptr<stream_listener> const& listener,
    redis_streams_adapter_options const& o) {
    hub_->enter();
    std::string const name = stream_of(nsp, o);
    std::shared_ptr<redis_stream_reader> reader;
    bool begins = false;
    {
        std::lock_guard const lock(mutex_);
        auto& r = readers_[name];
        begins = !r;
        if (begins)
            r = std::make_shared<redis_stream_reader>(executor_, options_, name, o.read_count,
                                                      o.block_time, o.max_len);
        reader = r;
        reader->add(nsp, listener);
    }
    if (begins) reader->begin();
    return reader;
}

HTTPHOOKS_DECL void redis_streams::leave(std::string const& nsp, stream_listener const& listener,
                                         redis_streams_adapter_options const& o) {
    std::shared_ptr<redis_stream_reader> gone;
    {
        std::lock_guard const lock(mutex_);
        auto const at = readers_.find(stream_of(nsp, o));
        if (at != readers_.end() && at->second->remove(nsp, listener)) {
            gone = std::move(at->second);
            readers_.erase(at);
        }
    }
    gone.reset();
    hub_->leave();
}

// formats -------------------------------------------------------------------------------------
HTTPHOOKS_DECL std::string encode_session(session_state const& s) {
    payload p;
    p.text = R"({"sid":)";
    append_string(p.text, s.sid);
    p.text += R"(,"pid":)";
    append_string(p.text, s.pid);
    p.text += R"(,"rooms":)";
    append_texts(p.text, s.rooms);
    p.text += R"(,"data":)";
    append_document(p, s.data);
    p.text.push_back('}');
    std::string text;
    httphooks::detail::append_base64(text, to_msgpack(p));
    return text;
}

HTTPHOOKS_DECL std::optional<session_state> decode_session(std::string_view text) {
    std::string bytes;
    foreign_text from;
    if (!httphooks::detail::append_from_base64(bytes, text) || !from.read(bytes))
        return std::nullopt;
    session_state s;
    json_node const* const root = &from.root();
    if (!read_text(s.sid, member(root, "sid")) || !read_text(s.pid, member(root, "pid")) ||
        !read_rooms(s.rooms, member(root, "rooms")))
        return std::nullopt;
    if (json_node const* const data = member(root, "data"))
        s.data = payload_to_json(from.value(*data));
    return s;
}

HTTPHOOKS_DECL bool read_entry(cluster_message& m, stream_entry const& e) {
    unsigned type = 0;
    auto const [stop, failed] = std::from_chars(e.type.data(), e.type.data() + e.type.size(), type);
    if (failed != std::errc() || stop != e.type.data() + e.type.size() || type < 1 || type > 13 ||
        e.uid.empty())
        return false;
    m.type = static_cast<cluster_message_type>(type);
    m.uid = e.uid;
    m.nsp = e.nsp;
    if (e.data.empty() || e.data.starts_with('{')) return !decode_data(m, e.data);
    std::string bytes;
    return httphooks::detail::append_from_base64(bytes, e.data) && !decode_data(m, bytes);
}

// what a namespace hears ----------------------------------------------------------------------
HTTPHOOKS_DECL void redis_stream_ear::open(std::weak_ptr<cluster_link> to) {
    std::lock_guard const lock(mutex_);
    link_ = std::move(to);
}

HTTPHOOKS_DECL void redis_stream_ear::on_message(redis::message const& m) {
    if (auto const to = link().lock()) to->receive(m.payload);
}

HTTPHOOKS_DECL void redis_stream_ear::on_begin(std::string_view offset) {
    if (auto const to = link().lock()) to->begins_at(offset);
}

HTTPHOOKS_DECL void redis_stream_ear::on_failure(error_code ec) {
    if (auto const to = link().lock()) to->failed(ec, "Redis stream");
}

HTTPHOOKS_DECL void redis_stream_ear::on_entry(stream_entry const& e) {
    auto const to = link().lock();
    if (!to || e.uid == other_uid_) return;
    bool const own = e.uid == to->uid();
    if (own && !keeps_) return;
    if (own && !take_back(e.data)) return;
    cluster_message m;
    if (!read_entry(m, e)) return to->malformed();
    to->receive(std::move(m), keeps_ ? e.offset : std::string_view());
}

// what comes back -------------------------------------------------------------------------------
/// How many bytes of events are remembered.
inline constexpr std::size_t most_kept_bytes = 8 * 1024 * 1024;

HTTPHOOKS_DECL std::uint64_t redis_stream_ear::keep(event_data data) {
    std::lock_guard const lock(mutex_);
    kept_bytes_ += data->size();
    kept_.push_back({++numbers_, std::move(data)});
    while (kept_bytes_ > most_kept_bytes && kept_.size() > 1) {
        kept_bytes_ -= kept_.front().data->size();
        kept_.pop_front();
    }
    return numbers_;
}

HTTPHOOKS_DECL bool redis_stream_ear::forget(std::uint64_t number) {
    std::lock_guard const lock(mutex_);
    auto const at = std::ranges::find(kept_, number, &event::number);
    if (at == kept_.end()) return false;
    kept_bytes_ -= at->data->size();
    kept_.erase(at);
    return true;
}

inline bool redis_stream_ear::take_back(std::string_view data) {
    std::lock_guard const lock(mutex_);
    // they come in the order in which they were added
    auto const is_it = [data](event const& e) { return *e.data == data; };
    if (auto const at = std::ranges::find_if(kept_, is_it); at != kept_.end()) {
        kept_bytes_ -= data.size();
        kept_.erase(at);
        return true;
    }
    if (doubtful_.empty()) return true;
    auto const at = doubtful_.find(std::string(data));
    if (at == doubtful_.end()) return true;
    doubtful_bytes_ -= data.size();
    doubtful_.erase(at);
    return false;
}

inline redis_stream_ear::event_data redis_stream_ear::take_first(std::uint64_t end) {
    std::lock_guard const lock(mutex_);
    if (kept_.empty() || kept_.front().number >= end) return nullptr;
    event_data data = std::move(kept_.front().data);
    kept_.pop_front();
    kept_bytes_ -= data->size();
    return data;
}

HTTPHOOKS_DECL void redis_stream_ear::deliver_lost(std::uint64_t number, bool perhaps) {
    while (auto const before = take_first(number)) deliver(*before, true);
    if (auto const data = take_first(number + 1)) deliver(*data, perhaps);
}

HTTPHOOKS_DECL void redis_stream_ear::deliver_all() {
    while (auto const data = take_first(UINT64_MAX)) deliver(*data, true);
}

inline void redis_stream_ear::deliver(std::string const& data, bool perhaps) {
    auto const to = link().lock();
    if (!to) return;
    if (perhaps) {
        std::lock_guard const lock(mutex_);
        doubtful_bytes_ += data.size();
        doubtful_.insert(data);
        if (doubtful_bytes_ > most_kept_bytes) {
            doubtful_.clear();
            doubtful_bytes_ = 0;
        }
    }
    cluster_message m;
    if (read_entry(m, {{}, other_uid_, to->nsp(), "3", data})) to->receive(std::move(m));
}

}  // namespace httphooks::socketio::detail
