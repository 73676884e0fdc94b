// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/detail/reply_reader.hpp>

#include <httphooks/redis/error.hpp>
#include <httphooks/redis/value.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include <hiredis/hiredis.h>

namespace httphooks::redis::detail {

HTTPHOOKS_DECL void value_builder::clear() noexcept {
    root_ = value();
}

HTTPHOOKS_DECL void* value_builder::put(void* parent, value_kind kind, std::string_view text,
                                        std::int64_t number) {
    // of an array that is not complete only the last value can be an array that is not, so that
    // nothing moves whose address hiredis keeps
    value& v = parent ? static_cast<value*>(parent)->elements_.emplace_back() : root_;
    v.kind_ = kind;
    if (kind == value_kind::integer) v.number_ = number;
    if (kind == value_kind::array)
        v.elements_.reserve(static_cast<std::size_t>(std::min<std::int64_t>(number, 64)));
    v.text_ = text;
    return &v;
}

/// What hiredis calls. Its versions differ in the types and the number of these functions.
struct reply_reader::callbacks {
    static void* put(redisReadTask const* task, value_kind kind, std::string_view text,
                     std::int64_t number) noexcept {
        auto& self = *static_cast<reply_reader*>(task->privdata);
        std::size_t const values =
            1 + (kind == value_kind::array
                     ? static_cast<std::size_t>(std::max<std::int64_t>(number, 0))
                     : 0);
        std::size_t depth = kind == value_kind::array ? 1 : 0;
        for (auto const* t = task->parent; t; t = t->parent) ++depth;
        // the values of an array are counted when it begins
        std::size_t const more = task->parent ? values - 1 : values;
        if (more > self.limits_.elements - self.elements_ ||
            text.size() > self.limits_.bytes - self.bytes_ || depth > self.limits_.depth) {
            self.refused_ = error::reply_limit;
            return nullptr;
        }
        self.elements_ += more;
        self.bytes_ += text.size();
        try {
            return self.sink_->put(task->parent ? task->parent->obj : nullptr, kind, text, number);
        } catch (...) {
            return nullptr;  // no memory, as hiredis takes it to be
        }
    }

    static void* string(redisReadTask const* task, char* text, std::size_t size) noexcept {
        value_kind const kind = task->type == REDIS_REPLY_ERROR    ? value_kind::error
                                : task->type == REDIS_REPLY_STATUS ? value_kind::status
                                                                   : value_kind::string;
        return put(task, kind, {text, size}, 0);
    }
    template <class Size>
    static void* array(redisReadTask const* task, Size size) noexcept {
        return put(task, value_kind::array, {}, static_cast<std::int64_t>(size));
    }
    template <class Number>
    static void* integer(redisReadTask const* task, Number n) noexcept {
        return put(task, value_kind::integer, {}, n);
    }
    static void* number(redisReadTask const* task, double, char* text, std::size_t size) noexcept {
        return put(task, value_kind::string, {text, size}, 0);
    }
    static void* null(redisReadTask const* task) noexcept {
        return put(task, value_kind::null, {}, 0);
    }
    static void free(void*) noexcept {}

    template <class Functions>
    static Functions make() {
        Functions f{};
        f.createString = &callbacks::string;
        f.createArray = &callbacks::array;
        f.createInteger = &callbacks::integer;
        f.createNil = &callbacks::null;
        f.freeObject = &callbacks::free;
        if constexpr (requires { f.createDouble; }) f.createDouble = &callbacks::number;
        if constexpr (requires { f.createBool; }) f.createBool = &callbacks::integer;
        return f;
    }
};

HTTPHOOKS_DECL void reply_reader::freed::operator()(redisReader* r) const noexcept {
    redisReaderFree(r);
}

HTTPHOOKS_DECL reply_reader::reply_reader(reply_limits const& limits) : limits_(limits) {
    static redisReplyObjectFunctions functions = callbacks::make<redisReplyObjectFunctions>();
    reader_.reset(redisReaderCreateWithFunctions(&functions));
    if (!reader_) throw std::bad_alloc();
    reader_->privdata = this;
}

HTTPHOOKS_DECL reply_reader::~reply_reader() = default;

HTTPHOOKS_DECL error_code reply_reader::feed(std::string_view bytes) {
    if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK) return {};
    return make_error_code(boost::system::errc::not_enough_memory);
}

HTTPHOOKS_DECL bool reply_reader::next(reply_sink& sink, error_code& ec) {
    if (!sink_) {
        sink.clear();
        bytes_ = elements_ = 0;
    }
    sink_ = &sink;
    void* reply = nullptr;
    if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
        ec = refused_ ? refused_
             : reader_->err == REDIS_ERR_OOM
                 ? make_error_code(boost::system::errc::not_enough_memory)
                 : make_error_code(error::bad_reply);
        return false;
    }
    if (reply) {
        sink_ = nullptr;
        return true;
    }
    ec = judge_rest();
    return false;
}

/// The type of the value that is being read; negative: it has not begun.
template <class Reader>
int type_now(Reader const& r) noexcept {
    if (r.ridx < 0) return -1;
    if constexpr (requires { r.task; })
        return r.task[r.ridx]->type;
    else
        return r.rstack[r.ridx].type;
}

inline std::string_view reply_reader::rest() const noexcept {
    return {reader_->buf + reader_->pos, reader_->len - reader_->pos};
}

HTTPHOOKS_DECL bool reply_reader::at_beginning() const noexcept {
    return reader_->pos == reader_->len && reader_->ridx <= 0 && type_now(*reader_) < 0;
}

HTTPHOOKS_DECL std::size_t reply_reader::portion(std::string_view bytes) const noexcept {
    std::size_t n = bytes.find('\n');
    n = n == bytes.npos ? bytes.size() : n + 1;
    std::string_view const had = rest();
    std::size_t const line = had.substr(0, longest_size).find('\r');
    std::size_t size = 0;
    if (type_now(*reader_) == REDIS_REPLY_STRING && line != had.npos &&
        std::from_chars(had.data(), had.data() + line, size).ec == std::errc() &&
        size <= limits_.bytes && line + size + 4 > had.size())
        n = std::min(line + size + 4 - had.size(), bytes.size());
    return std::min(n, piece);
}

inline error_code reply_reader::judge_rest() const noexcept {
    constexpr std::size_t longest_line = 64 * 1024;
    std::string_view const rest = this->rest();
    if (rest.empty()) return {};
    if (type_now(*reader_) != REDIS_REPLY_STRING)
        return rest.size() > longest_line ? error::bad_reply : error_code();
    std::string_view const line = rest.substr(0, longest_size);
    std::size_t const end = line.find('\r');
    if (end == line.npos) return line.size() == longest_size ? error::bad_reply : error_code();
    std::size_t size = 0;
    auto const [stop, failed] = std::from_chars(line.data(), line.data() + end, size);
    // what is no number hiredis says
    bool const large = failed == std::errc::result_out_of_range || size > limits_.bytes - bytes_;
    return large ? error::reply_limit : error_code();
}

}  // namespace httphooks::redis::detail
