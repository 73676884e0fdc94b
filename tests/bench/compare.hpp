// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    This program's server against one of npm, under the same load.
*/

#include "bench/load_generator.hpp"
#include "bench/peer.hpp"

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Two servers that do the same.
struct rivals {
    /// What the other one is called.
    char const* name;
    /// A program for node, which says what announce() says.
    char const* program;

    /// This program, called with "serve".
    peer own() const { return peer({this_program(), "serve"}); }
    peer npm() const { return peer({"node", "-e", program}); }
};

template <class Generator>
double messages_per_cpu_second(peer const& p, load_options o) {
    o.port = p.port();
    o.pid = p.pid();
    return Generator(o).run().per_cpu_second();
}

/// Measures both in turn; the ratio is the median of the ratios of single runs.
template <class Generator = generator>
void compare(rivals const& who, std::string const& what, load_options const& o, double at_least) {
    peer const own = who.own();
    peer const npm = who.npm();
    std::vector<double> values[2];
    std::vector<double> ratios;
    for (int run = 0; run < 5; ++run) {
        values[0].push_back(messages_per_cpu_second<Generator>(own, o));
        if (!npm.works()) continue;
        values[1].push_back(messages_per_cpu_second<Generator>(npm, o));
        ratios.push_back(values[0].back() / values[1].back());
    }
    std::printf("%-36s own %8.0f", what.c_str(), median(values[0]));
    if (npm.works())
        std::printf("   %s %8.0f   ratio %5.2f", who.name, median(values[1]), median(ratios));
    std::printf(" (at least %.0f)\n", at_least);
    std::fflush(stdout);
}

/// Growth of the resident set for each session, after ten messages.
inline double idle_bytes(peer const& p, load_options o) {
    if (!p.works()) return 0;
    o.what = mode::idle;
    o.touch = 10;
    o.duration = 1;
    o.port = p.port();
    o.pid = p.pid();
    o.conns = 100;
    generator(o).run();
    o.conns = 5000;
    return generator(o).run().bytes_per_connection;
}

/// What main() does: serves when it is asked for, else measures.
inline int serve_or_measure(int count, char** argument, int (*serve)(), int (*measure)()) {
    try {
        if (count == 2 && std::string_view(argument[1]) == "serve") return serve();
        pin(0);
        return measure();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}

}  // namespace bench
