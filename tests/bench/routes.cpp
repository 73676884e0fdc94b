// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    What a lookup of all matching routes costs, the normalisation of the target and the reading of
    every parameter included.
*/

#include <httphooks/route_table.hpp>
#include <httphooks/url.hpp>

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

namespace {

struct route {
    verb method;
    std::string pattern;
};

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

/// Version 3 of the GitHub API.
constexpr std::string_view github[] = {
    "GET /authorizations",
    "GET /authorizations/:id",
    "POST /authorizations",
    "DELETE /authorizations/:id",
    "GET /applications/:client_id/tokens/:access_token",
    "DELETE /applications/:client_id/tokens",
    "DELETE /applications/:client_id/tokens/:access_token",
    "GET /events",
    "GET /repos/:owner/:repo/events",
    "GET /networks/:owner/:repo/events",
    "GET /orgs/:org/events",
    "GET /users/:user/received_events",
    "GET /users/:user/received_events/public",
    "GET /users/:user/events",
    "GET /users/:user/events/public",
    "GET /users/:user/events/orgs/:org",
    "GET /feeds",
    "GET /notifications",
    "GET /repos/:owner/:repo/notifications",
    "PUT /notifications",
    "PUT /repos/:owner/:repo/notifications",
    "GET /notifications/threads/:id",
    "GET /notifications/threads/:id/subscription",
    "PUT /notifications/threads/:id/subscription",
    "DELETE /notifications/threads/:id/subscription",
    "GET /repos/:owner/:repo/stargazers",
    "GET /users/:user/starred",
    "GET /user/starred",
    "GET /user/starred/:owner/:repo",
    "PUT /user/starred/:owner/:repo",
    "DELETE /user/starred/:owner/:repo",
    "GET /repos/:owner/:repo/subscribers",
    "GET /users/:user/subscriptions",
    "GET /user/subscriptions",
    "GET /repos/:owner/:repo/subscription",
    "PUT /repos/:owner/:repo/subscription",
    "DELETE /repos/:owner/:repo/subscription",
    "GET /user/subscriptions/:owner/:repo",
    "PUT /user/subscriptions/:owner/:repo",
    "DELETE /user/subscriptions/:owner/:repo",
    "GET /users/:user/gists",
    "GET /gists",
    "GET /gists/:id",
    "POST /gists",
    "PUT /gists/:id/star",
    "DELETE /gists/:id/star",
    "GET /gists/:id/star",
    "POST /gists/:id/forks",
    "DELETE /gists/:id",
    "GET /repos/:owner/:repo/git/blobs/:sha",
    "POST /repos/:owner/:repo/git/blobs",
    "GET /repos/:owner/:repo/git/commits/:sha",
    "POST /repos/:owner/:repo/git/commits",
    "GET /repos/:owner/:repo/git/refs",
    "POST /repos/:owner/:repo/git/refs",
    "GET /repos/:owner/:repo/git/tags/:sha",
    "POST /repos/:owner/:repo/git/tags",
    "GET /repos/:owner/:repo/git/trees/:sha",
    "POST /repos/:owner/:repo/git/trees",
    "GET /issues",
    "GET /user/issues",
    "GET /orgs/:org/issues",
    "GET /repos/:owner/:repo/issues",
    "GET /repos/:owner/:repo/issues/:number",
    "POST /repos/:owner/:repo/issues",
    "GET /repos/:owner/:repo/assignees",
    "GET /repos/:owner/:repo/assignees/:assignee",
    "GET /repos/:owner/:repo/issues/:number/comments",
    "POST /repos/:owner/:repo/issues/:number/comments",
    "GET /repos/:owner/:repo/issues/:number/events",
    "GET /repos/:owner/:repo/labels",
    "GET /repos/:owner/:repo/labels/:name",
    "POST /repos/:owner/:repo/labels",
    "DELETE /repos/:owner/:repo/labels/:name",
    "GET /repos/:owner/:repo/issues/:number/labels",
    "POST /repos/:owner/:repo/issues/:number/labels",
    "DELETE /repos/:owner/:repo/issues/:number/labels/:name",
    "PUT /repos/:owner/:repo/issues/:number/labels",
    "DELETE /repos/:owner/:repo/issues/:number/labels",
    "GET /repos/:owner/:repo/milestones/:number/labels",
    "GET /repos/:owner/:repo/milestones",
    "GET /repos/:owner/:repo/milestones/:number",
    "POST /repos/:owner/:repo/milestones",
    "DELETE /repos/:owner/:repo/milestones/:number",
    "GET /emojis",
    "GET /gitignore/templates",
    "GET /gitignore/templates/:name",
    "POST /markdown",
    "POST /markdown/raw",
    "GET /meta",
    "GET /rate_limit",
    "GET /users/:user/orgs",
    "GET /user/orgs",
    "GET /orgs/:org",
    "GET /orgs/:org/members",
    "GET /orgs/:org/members/:user",
    "DELETE /orgs/:org/members/:user",
    "GET /orgs/:org/public_members",
    "GET /orgs/:org/public_members/:user",
    "PUT /orgs/:org/public_members/:user",
    "DELETE /orgs/:org/public_members/:user",
    "GET /orgs/:org/teams",
    "GET /teams/:id",
    "POST /orgs/:org/teams",
    "DELETE /teams/:id",
    "GET /teams/:id/members",
    "GET /teams/:id/members/:user",
    "PUT /teams/:id/members/:user",
    "DELETE /teams/:id/members/:user",
    "GET /teams/:id/repos",
    "GET /teams/:id/repos/:owner/:repo",
    "PUT /teams/:id/repos/:owner/:repo",
    "DELETE /teams/:id/repos/:owner/:repo",
    "GET /user/teams",
    "GET /repos/:owner/:repo/pulls",
    "GET /repos/:owner/:repo/pulls/:number",
    "POST /repos/:owner/:repo/pulls",
    "GET /repos/:owner/:repo/pulls/:number/commits",
    "GET /repos/:owner/:repo/pulls/:number/files",
    "GET /repos/:owner/:repo/pulls/:number/merge",
    "PUT /repos/:owner/:repo/pulls/:number/merge",
    "GET /repos/:owner/:repo/pulls/:number/comments",
    "PUT /repos/:owner/:repo/pulls/:number/comments",
    "GET /user/repos",
    "GET /users/:user/repos",
    "GET /orgs/:org/repos",
    "GET /repositories",
    "POST /user/repos",
    "POST /orgs/:org/repos",
    "GET /repos/:owner/:repo",
    "DELETE /repos/:owner/:repo",
    "GET /repos/:owner/:repo/contributors",
    "GET /repos/:owner/:repo/languages",
    "GET /repos/:owner/:repo/teams",
    "GET /repos/:owner/:repo/tags",
    "GET /repos/:owner/:repo/branches",
    "GET /repos/:owner/:repo/branches/:branch",
    "GET /repos/:owner/:repo/collaborators",
    "GET /repos/:owner/:repo/collaborators/:user",
    "PUT /repos/:owner/:repo/collaborators/:user",
    "DELETE /repos/:owner/:repo/collaborators/:user",
    "GET /repos/:owner/:repo/comments",
    "GET /repos/:owner/:repo/commits/:sha/comments",
    "POST /repos/:owner/:repo/commits/:sha/comments",
    "GET /repos/:owner/:repo/comments/:id",
    "DELETE /repos/:owner/:repo/comments/:id",
    "GET /repos/:owner/:repo/commits",
    "GET /repos/:owner/:repo/commits/:sha",
    "GET /repos/:owner/:repo/readme",
    "GET /repos/:owner/:repo/keys",
    "GET /repos/:owner/:repo/keys/:id",
    "POST /repos/:owner/:repo/keys",
    "DELETE /repos/:owner/:repo/keys/:id",
    "GET /repos/:owner/:repo/downloads",
    "GET /repos/:owner/:repo/downloads/:id",
    "DELETE /repos/:owner/:repo/downloads/:id",
    "GET /repos/:owner/:repo/forks",
    "POST /repos/:owner/:repo/forks",
    "GET /repos/:owner/:repo/hooks",
    "GET /repos/:owner/:repo/hooks/:id",
    "POST /repos/:owner/:repo/hooks",
    "POST /repos/:owner/:repo/hooks/:id/tests",
    "DELETE /repos/:owner/:repo/hooks/:id",
    "POST /repos/:owner/:repo/merges",
    "GET /repos/:owner/:repo/releases",
    "GET /repos/:owner/:repo/releases/:id",
    "POST /repos/:owner/:repo/releases",
    "DELETE /repos/:owner/:repo/releases/:id",
    "GET /repos/:owner/:repo/releases/:id/assets",
    "GET /repos/:owner/:repo/stats/contributors",
    "GET /repos/:owner/:repo/stats/commit_activity",
    "GET /repos/:owner/:repo/stats/code_frequency",
    "GET /repos/:owner/:repo/stats/participation",
    "GET /repos/:owner/:repo/stats/punch_card",
    "GET /repos/:owner/:repo/statuses/:ref",
    "POST /repos/:owner/:repo/statuses/:ref",
    "GET /search/repositories",
    "GET /search/code",
    "GET /search/issues",
    "GET /search/users",
    "GET /legacy/issues/search/:owner/:repository/:state/:keyword",
    "GET /legacy/repos/search/:keyword",
    "GET /legacy/user/search/:keyword",
    "GET /legacy/user/email/:email",
    "GET /users/:user",
    "GET /user",
    "GET /users",
    "GET /user/emails",
    "POST /user/emails",
    "DELETE /user/emails",
    "GET /users/:user/followers",
    "GET /user/followers",
    "GET /users/:user/following",
    "GET /user/following",
    "GET /user/following/:user",
    "GET /users/:user/following/:target_user",
    "PUT /user/following/:user",
    "DELETE /user/following/:user",
    "GET /users/:user/keys",
    "GET /user/keys",
    "GET /user/keys/:id",
    "POST /user/keys",
    "DELETE /user/keys/:id",
};

std::vector<route> github_routes() {
    std::vector<route> routes;
    for (std::string_view line : github) {
        std::size_t const space = line.find(' ');
        routes.push_back({boost::beast::http::string_to_verb(line.substr(0, space)),
                          std::string(line.substr(space + 1))});
    }
    return routes;
}

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
    report("GitHub API", github_routes());
    report("generated 1,000", generated_routes(1'000));
    report("generated 10,000", generated_routes(10'000));
    return sink == 0;
}
