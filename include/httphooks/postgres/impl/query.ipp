// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/postgres/query.hpp>

#include <httphooks/postgres/parameter.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::postgres {

HTTPHOOKS_DECL void query::add(parameter const& p) {
    value& v = values_.emplace_back();
    switch (p.type()) {
        case parameter::kind::null:
            v.null = true;
            break;
        case parameter::kind::text:
            v.bytes = p.text();
            zero_ = zero_ || p.text().find('\0') != std::string_view::npos;
            break;
        case parameter::kind::integer:
            v.bytes = std::to_string(p.number());
            break;
        case parameter::kind::boolean:
            v.bytes = p.number() != 0 ? "t" : "f";
            break;
        case parameter::kind::bytes:
            v.bytes = p.text();
            v.binary = true;
            break;
    }
}

HTTPHOOKS_DECL std::size_t query::size() const noexcept {
    std::size_t all = sql_.size();
    for (value const& v : values_) all += v.bytes.size() + sizeof v;
    return all;
}

}  // namespace httphooks::postgres
