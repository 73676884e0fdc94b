// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    What a lookup of all matching routes costs, the normalisation of the target and the reading of
    every parameter included.
*/

#include <httphooks/route_table.hpp>
#include <httphooks/url.hpp>

#include "bench/github_routes.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <time.h>

using verb = boost::beast::http::verb;
using bench::route;

namespace {

/// A lookup, and the parameters that are read from the last match.
struct question {
    std::string_view target;
    verb method;
    std::uint16_t name_count;
    /// In the catalogue's list of names.
    std::uint16_t names[4];
};

/// The lookups in the order in which they are made; the targets lie one behind the other.
struct catalogue {
    std::string targets;
    std::vector<std::string> names;
    std::vector<question> questions;
};

using table = httphooks::route_table<int>;

std::vector<route> generated_routes(std::size_t count) {
    static std::vector<std::string> const words{
        "accounts", "orders",  "items",   "users",   "reports",  "images",  "files",  "teams",
        "projects", "builds",  "logs",    "events",  "comments", "reviews", "labels", "hooks",
        "invoices", "carts",   "prices",  "stock",   "regions",  "zones",   "hosts",  "volumes",
        "networks", "secrets", "configs", "metrics", "alerts",   "rules",   "plans",  "steps"};
    std::vector<route> routes;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t const a = i % 32;
        std::size_t const b = i / 32 % 32;
        std::size_t const c = i / 1024;
        std::string text = "/" + words[a] + "/:id/" + words[b];
        if (c > 0) text += "/v" + std::to_string(c) + "/:name";
        routes.push_back({verb::get, text});
    }
    return routes;
}

catalogue make_catalogue(std::vector<route> const& routes) {
    std::mt19937 random(1);
    std::vector<route const*> order;
    while (order.size() < 4000)
        for (route const& r : routes) order.push_back(&r);
    std::shuffle(order.begin(), order.end(), random);
    catalogue made;
    std::vector<std::size_t> ends;
    for (route const* r : order) {
        question q{{}, r->method, 0, {}};
        std::string_view const text = r->pattern;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != ':') {
                made.targets += text[i];
                continue;
            }
            std::size_t const end = std::min(text.find('/', i), text.size());
            std::string const name(text.substr(i + 1, end - i - 1));
            auto const known = std::find(made.names.begin(), made.names.end(), name);
            q.names[q.name_count++] = static_cast<std::uint16_t>(known - made.names.begin());
            if (known == made.names.end()) made.names.push_back(name);
            for (std::size_t n = 3 + random() % 9; n > 0; --n)
                made.targets += static_cast<char>('a' + random() % 26);
            i = end - 1;
        }
        made.questions.push_back(q);
        ends.push_back(made.targets.size());
    }
    std::size_t begin = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
        made.questions[i].target = std::string_view(made.targets).substr(begin, ends[i] - begin);
        begin = ends[i];
    }
    return made;
}

/// The time of the calling thread's CPU, so that other programs disturb less.
double cpu_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// The median of several rounds, for one of `count` pieces of work.
template <class Work>
double nanoseconds(std::size_t count, Work work) {
    std::size_t const repeats = 200'000 / count + 1;
    std::vector<double> figures;
    for (int round = 0; round < 21; ++round) {
        double const start = cpu_nanoseconds();
        for (std::size_t i = 0; i < repeats; ++i) work();
        figures.push_back((cpu_nanoseconds() - start) / static_cast<double>(repeats * count));
    }
    std::nth_element(figures.begin(), figures.begin() + 10, figures.end());
    return figures[10];
}

std::size_t sink = 0;

double measure(std::vector<route> const& routes, catalogue const& asked, bool three) {
    table made;
    int number = 0;
    if (three) made.insert(verb::unknown, httphooks::route_pattern("/*"), number++);
    for (route const& r : routes) {
        made.insert(r.method, httphooks::route_pattern(r.pattern), number++);
        if (three) made.insert(r.method, httphooks::route_pattern(r.pattern), number++);
    }
    made.build();
    httphooks::url location;
    table::match_list found;
    return nanoseconds(asked.questions.size(), [&] {
        for (question const& q : asked.questions) {
            if (location.parse(q.target)) std::abort();
            made.lookup(q.method, location, found);
            if (found.empty()) std::abort();
            sink += found.size();
            std::size_t const last = found.size() - 1;
            sink += static_cast<std::size_t>(found[last].value);
            for (std::uint32_t n = 0; n < q.name_count; ++n)
                sink += found.param(last, asked.names[q.names[n]])->size();
        }
    });
}

double measure_parse(catalogue const& asked) {
    httphooks::url location;
    return nanoseconds(asked.questions.size(), [&] {
        for (question const& q : asked.questions) {
            if (location.parse(q.target)) std::abort();
            sink += location.path().size();
        }
    });
}

double measure_build(std::vector<route> const& routes) {
    std::vector<httphooks::route_pattern> patterns;
    for (route const& r : routes) patterns.emplace_back(r.pattern);
    double const start = cpu_nanoseconds();
    table made;
    for (std::size_t i = 0; i < routes.size(); ++i)
        made.insert(routes[i].method, patterns[i], static_cast<int>(i));
    made.build();
    return (cpu_nanoseconds() - start) / 1000;
}

void report(char const* name, std::vector<route> const& routes) {
    catalogue const asked = make_catalogue(routes);
    double const one = measure(routes, asked, false);
    double const three = measure(routes, asked, true);
    std::printf("%-18s %7zu %10.1f %10.1f %8.2f %10.1f %12.0f\n", name, routes.size(), one, three,
                three / one, measure_parse(asked), measure_build(routes));
}

}  // namespace

int main() {
    std::printf("all matches of a target, ns a lookup of CPU time (median of 21)\n");
    std::printf("%-18s %7s %10s %10s %8s %10s %12s\n", "table", "routes", "1 match", "3 matches",
                "ratio", "of it url", "build, us");
    report("GitHub API", bench::github_routes());
    report("generated 1,000", generated_routes(1'000));
    report("generated 10,000", generated_routes(10'000));
    return sink == 0;
}
