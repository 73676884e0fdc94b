// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/content_coding.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/text/http_text.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::http {

namespace detail {

/// The encoders, or the decoders, that a thread keeps: those that were used last.
template <class Coder>
class idle_coders {
public:
    std::unique_ptr<Coder> take(std::uint64_t key) noexcept {
        auto const found = std::find_if(list_.rbegin(), list_.rend(),
                                        [key](entry const& e) { return e.key == key; });
        if (found == list_.rend()) return nullptr;
        auto coder = std::move(found->coder);
        list_.erase(std::prev(found.base()));
        return coder;
    }
    void give(std::uint64_t key, std::unique_ptr<Coder> coder) noexcept {
        if (list_.size() == most) list_.erase(list_.begin());
        list_.push_back({key, std::move(coder)});
    }

    idle_coders() { list_.reserve(most); }

private:
    /// Of some 260 KiB each, as zlib's have.
    static constexpr std::size_t most = 4;

    struct entry {
        std::uint64_t key;
        std::unique_ptr<Coder> coder;
    };

    std::vector<entry> list_{};
};

template <class Coder>
std::unique_ptr<Coder> take_idle(std::uint64_t key) noexcept {
    auto* const idle = httphooks::detail::thread_cache<idle_coders<Coder>>::get();
    return idle ? idle->take(key) : nullptr;
}

template <class Coder>
void give_idle(std::uint64_t key, Coder* c) noexcept {
    std::unique_ptr<Coder> coder(c);
    if (auto* const idle = httphooks::detail::thread_cache<idle_coders<Coder>>::get())
        idle->give(key, std::move(coder));
}

HTTPHOOKS_DECL void coder_return::operator()(content_encoder* e) const noexcept {
    give_idle(key, e);
}

HTTPHOOKS_DECL void coder_return::operator()(content_decoder* d) const noexcept {
    give_idle(key, d);
}

}  // namespace detail

HTTPHOOKS_DECL content_coding::content_coding(std::string name) : name_(std::move(name)) {
    static std::atomic<std::uint64_t> last{0};
    key_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
    if (!httphooks::detail::is_token(name_))
        throw std::invalid_argument("content_coding: its name is no token: " + name_);
}

HTTPHOOKS_DECL content_encoder_ptr content_coding::encoder() const {
    auto coder = detail::take_idle<content_encoder>(key_);
    if (!coder) coder = make_encoder();
    content_encoder_ptr e(coder.release(), {key_});
    e->begin();
    return e;
}

HTTPHOOKS_DECL content_decoder_ptr content_coding::decoder() const {
    auto coder = detail::take_idle<content_decoder>(key_);
    if (!coder) coder = make_decoder();
    content_decoder_ptr d(coder.release(), {key_});
    d->begin();
    return d;
}

HTTPHOOKS_DECL void content_coding::encode(std::string_view body, std::string& out) const {
    auto const e = encoder();
    e->write(body, out);
    e->end(out);
}

HTTPHOOKS_DECL decoded content_coding::decode(std::string_view body, std::uint64_t most,
                                              std::string& out) const {
    auto const d = decoder();
    decoded const result = d->write(body, most, out);
    return result == decoded::good && !d->whole() ? decoded::broken : result;
}

}  // namespace httphooks::http
