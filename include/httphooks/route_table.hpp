// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Many route patterns at once: a target's verb and path give every value whose pattern matches.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/routes/route_automaton.hpp>
#include <httphooks/detail/routes/route_hits.hpp>
#include <httphooks/route_pattern.hpp>
#include <httphooks/url.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/beast/http/verb.hpp>

namespace httphooks {

/** Values by verb and route pattern.

    Filled with insert(), then build(), then read only. A lookup yields every match, in the order of
    insertion, not the best one.
    @par Thread safety
    Distinct objects: safe. Shared objects: the const members, once built.
*/
template <class Value>
class route_table {
public:
    class match_list;

    /// One match.
    struct match {
        /// What was inserted.
        Value const& value;
        /// The verb that it was inserted for; verb::unknown stands for every verb.
        beast::http::verb method;
        /// The pattern that it was inserted for.
        route_pattern const& pattern;
    };

    /** Adds a value.
        @param method verb::unknown stands for every verb.
    */
    void insert(beast::http::verb method, route_pattern pattern, Value value) {
        automaton_.add(pattern.compiled(), static_cast<std::uint8_t>(method));
        entries_.push_back({method, std::move(pattern), std::move(value)});
    }

    /// Compiles the table; to be called once, after the last insert() and before the first lookup.
    void build() { automaton_.build(); }

    /// How many values there are.
    std::size_t size() const noexcept { return entries_.size(); }

    /** Finds the values for this verb.

        These are those of the verb itself, of verb::unknown, and of GET when the verb is HEAD.
        @param found the result; valid as long as the table, the url and the url's target live
        unchanged. It keeps its memory for the next lookup.
    */
    void lookup(beast::http::verb method, url const& location, match_list& found) const;

    /// Finds the values for every verb.
    void lookup_any(url const& location, match_list& found) const;

private:
    struct entry {
        beast::http::verb method;
        route_pattern pattern;
        Value value;
    };

    std::vector<entry> entries_;
    detail::route_automaton automaton_;
};

/// The result of a lookup; an object to be used again.
template <class Value>
class route_table<Value>::match_list {
public:
    /// How many values match.
    std::size_t size() const noexcept { return hits_.count; }
    /// Whether no value matches.
    bool empty() const noexcept { return hits_.count == 0; }

    /// The match at `i`, in the order of insertion.
    match operator[](std::size_t i) const noexcept {
        entry const& e = table_->entries_[hits_.hits[i].entry];
        return {e.value, e.method, e.pattern};
    }

    /** The first value of a parameter of match `i`, still escaped.
        @return nothing when the pattern has no parameter of this name.
    */
    std::optional<std::string_view> param(std::size_t i, std::string_view name) const noexcept;

    /** The first value of a parameter of match `i`, decoded.
        @param scratch takes the value when something had to be decoded; it is not touched
            otherwise.
        @return nothing when the pattern has no parameter of this name.
    */
    std::optional<std::string_view> decoded(std::size_t i, std::string_view name,
                                            std::string& scratch) const;

    /// Leaves those matches for whose value the predicate is true.
    template <class Predicate>
    void keep(Predicate predicate);

    /// All values of a parameter of match `i`, decoded.
    std::vector<std::string> values(std::size_t i, std::string_view name) const;

private:
    friend class route_table;
    detail::route_hits hits_;
    route_table const* table_ = nullptr;
};

// ---------------------------------------------------------------------------------------------

template <class Value>
void route_table<Value>::lookup(beast::http::verb method, url const& location,
                                match_list& found) const {
    using beast::http::verb;
    auto const bit = [](verb v) { return std::uint64_t{1} << static_cast<unsigned>(v); };
    std::uint64_t const get_too = method == verb::head ? bit(verb::get) : 0;
    found.table_ = this;
    automaton_.lookup(location, bit(method) | bit(verb::unknown) | get_too, found.hits_);
}

template <class Value>
void route_table<Value>::lookup_any(url const& location, match_list& found) const {
    found.table_ = this;
    automaton_.lookup(location, ~std::uint64_t{0}, found.hits_);
}

template <class Value>
std::optional<std::string_view> route_table<Value>::match_list::param(
    std::size_t i, std::string_view name) const noexcept {
    detail::route_param const* const p = hits_.find(i, name);
    if (!p) return std::nullopt;
    return hits_.value(i, *p);
}

template <class Value>
std::optional<std::string_view> route_table<Value>::match_list::decoded(
    std::size_t i, std::string_view name, std::string& scratch) const {
    detail::route_param const* const p = hits_.find(i, name);
    if (!p) return std::nullopt;
    std::string_view const raw = hits_.value(i, *p);
    if (!hits_.may_need_decoding(*p) || !detail::needs_decoding(raw, p->form)) return raw;
    scratch.clear();
    detail::append_decoded(scratch, raw, p->form);
    return scratch;
}

template <class Value>
template <class Predicate>
void route_table<Value>::match_list::keep(Predicate predicate) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < hits_.count; ++i)
        if (predicate(table_->entries_[hits_.hits[i].entry].value))
            hits_.hits[kept++] = hits_.hits[i];
    hits_.count = kept;
}

template <class Value>
std::vector<std::string> route_table<Value>::match_list::values(std::size_t i,
                                                                std::string_view name) const {
    std::optional<std::string_view> const raw = param(i, name);
    if (!raw) return {};
    detail::compiled_pattern const& pattern =
        table_->entries_[hits_.hits[i].entry].pattern.compiled();
    return detail::all_values(pattern.captures[pattern.find(name)], *raw, hits_.query);
}

}  // namespace httphooks
