// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Questions to other servers, and what has been answered.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_options.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace httphooks::socketio::detail {

/// What was answered; with an error when it is not all.
struct cluster_answers {
    error_code ec{};
    std::vector<socket_description> sockets{};
    std::vector<nlohmann::json> values{};
};

/** The questions of one server to the others, in one namespace. Thread-safe; functions that it was
    given are called outside of its mutex, each once.

    A server that does not answer in time is taken for silent: it is not waited for again until it
    answers something, so that it costs one time-out. Of servers whose names are known, those that
    are missing are waited for; of others, as many as there are. */
class cluster_questions {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using names = std::vector<std::string>;

    explicit cluster_questions(cluster_options const& o) : options_(o) {}

    /** Begins a question.
        @param own whether this server adds something, too
        @param automatic whether servers answer by themselves, whatever the application does
        @return whether there is room for it; else it has ended, with
            error::servers_unreachable */
    bool begin(std::string const& id, bool own, bool automatic, time_point now,
               std::function<void(cluster_answers)> done);
    /// Begins a question to see who is silent; it ends before the one that it is asked for.
    bool begin_probe(std::string const& id, time_point now);
    /// What this server adds.
    void add_own(std::string const& id, std::vector<socket_description> sockets);
    /// So many servers are to answer.
    void expect(std::string const& id, std::size_t servers);
    /// These are to answer.
    void expect(std::string const& id, names servers);
    /// Nobody else will answer.
    void fail(std::string const& id, error_code ec);
    /** Adds an answer.
        @param uid empty: it does not say who answers; who has answered is not heard again
        @return whether there is such a question */
    bool answer(std::string const& id, std::string_view uid,
                std::vector<socket_description> sockets);
    bool answer(std::string const& id, std::string_view uid, nlohmann::json value);
    /// A server has gone.
    void gone(std::string_view uid);
    /// Of servers that are counted: one goes, and its answers count beside those of the others.
    void leaving(std::string_view uid);
    /// No more than so many other servers are left.
    void expect_at_most(std::size_t servers);

    /// Begins to wait for the acknowledgements of a broadcast.
    void begin_acks(std::string const& id, time_point now, std::chrono::milliseconds timeout,
                    client_count_handler count, std::function<void(nlohmann::json)> ack);
    bool add_count(std::string const& id, std::size_t clients);
    bool add_ack(std::string const& id, nlohmann::json value);

    /// Whether an answer to a question changes anything: it is there, or who was silent is heard.
    bool awaits(std::string_view id) const;
    /// How many of the other servers are expected to answer. @param servers this one too
    std::size_t others(std::size_t servers);

    /// When something may be due.
    std::optional<time_point> deadline() const;
    /** Ends what has waited long enough.
        @return whether servers are to be asked something that they answer by themselves, to see who
            is silent */
    bool expire(time_point now);
    /// Ends everything, with an error.
    void end_all(error_code ec);
    /// Ends everything, without calling anything.
    void clear() noexcept;
    std::size_t size() const;

private:
    struct question {
        std::function<void(cluster_answers)> done{};
        cluster_answers got{};
        time_point until{};
        /// When it is found out who is silent, if not all have answered.
        time_point probe_at = time_point::max();
        /// Those that are to answer, or how many.
        names missing{};
        names heard{};
        std::size_t expected = 0;
        std::size_t answers = 0;
        /// Answers of servers that have gone meanwhile.
        std::size_t left = 0;
        bool own = false;
        bool others = true;
        bool by_name = false;
        bool automatic = false;

        bool complete() const noexcept { return !own && !others; }
    };
    struct ack_question {
        client_count_handler count{};
        std::shared_ptr<std::function<void(nlohmann::json)> const> ack{};
        time_point until{};
        std::size_t counts = 0;
        /// Whether it has waited so long that who did not answer is silent.
        bool patient = false;
    };
    using question_map = std::unordered_map<std::string, question>;

    /// Changes a question, and ends it when it is complete. @return whether there is one
    template <class F>
    bool change(std::string const& id, F f);
    /// Changes all of them, and ends those that are complete.
    template <class F>
    void change_all(F f);
    template <class F>
    bool add_answer(std::string const& id, std::string_view uid, F f);
    inline bool add(std::string const& id, question q, time_point until);
    // behind the mutex
    /// Somebody answers a question that is not there any more, or never was.
    inline void heard_late(std::string const& id);
    /// A question ends that more servers may answer.
    inline void remember(std::string const& id);
    /// So many servers have answered, and no more will.
    inline void count_silent(std::size_t answers);
    static inline void end(question q);

    cluster_options options_;
    mutable std::mutex mutex_{};
    question_map questions_{};
    std::unordered_map<std::string, ack_question> acks_{};
    /// Nothing is due before.
    time_point next_ = time_point::max();
    std::size_t silent_ = 0;
    std::size_t servers_ = 0;
    /// Questions that have ended, and that silent servers have not answered.
    std::deque<std::string> late_{};
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/cluster_questions.ipp>
#endif
