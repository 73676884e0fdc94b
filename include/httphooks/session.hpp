// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The session of a request's client: values that the server keeps for it.
*/

#include <httphooks/config.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/hook_done.hpp>
#include <httphooks/session_store.hpp>

#include <charconv>
#include <concepts>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>

namespace httphooks {

namespace detail {

struct found_session;
struct session_service;
class store_operation;

template <class T>
concept session_number = std::integral<T> && !std::same_as<T, bool>;

}  // namespace detail

/** The session of a request's client, as sessions::of() gives it; all hooks of the request share
    it.

    There is none in the store until a value is set. What hooks change is saved once, when the reply
    is made, whatever that is; values that other requests of the client change meanwhile stay. Then
    the cookie is sent, if the session is new, has a new id, or has ended. The reply waits for a
    store that takes its time, so that the client's next request finds what was saved. Nothing is
    saved when the client goes before. Later changes have no effect.

    @par Thread safety
    All threads, as long as the callback runs.
*/
class session {
public:
    /// For sessions. @param found in the store. @param via_socket whether by a socket
    session(std::shared_ptr<detail::session_service> service, detail::found_session found, bool tls,
            bool via_socket);
    session(session const&) = delete;
    session& operator=(session const&) = delete;

    /// Whether the store has one for the client, or will have one.
    bool exists() const;

    /// A value; empty when absent.
    std::string get(std::string_view name) const;
    /// A value as a number; `otherwise` when absent, or no number.
    template <detail::session_number T>
    T get(std::string_view name, T otherwise) const {
        std::string const text = get(name);
        T value{};
        auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
        return ec == std::errc() && end == text.data() + text.size() ? value : otherwise;
    }
    /// Whether there is a value of that name.
    bool has(std::string_view name) const;
    /// All values.
    session_values values() const;

    /** Sets a value; the first one makes the session.
        @throws std::length_error names and values together are longer than session_options::bytes
        @throws std::logic_error over a socket, when there is no session: no cookie can be sent
    */
    void set(std::string_view name, std::string value);
    /// As above, a number.
    template <detail::session_number T>
    void set(std::string_view name, T value) {
        set(name, std::to_string(value));
    }
    /// Removes a value, if it is there.
    void erase(std::string_view name);
    /// Removes all values; the session stays.
    void clear();

    /** Gives the session a new id; the old one is good no more. To be called when a client logs in,
        or gets other rights, so that an id that others know is worth nothing. The values stay, but
        for the secret behind CSRF tokens.
        @throws std::logic_error over a socket: no cookie can be sent
    */
    void rotate();

    /** Ends the session, at once; its cookie is deleted. A value that is set afterwards makes
       another one. */
    void destroy();

    /// Saves the changes in a store that waits. For sessions.
    void save(hook_done done);
    /// Saves the changes, unless save() has, and adds the cookie. For sessions.
    void before_reply(fields& reply_headers);

private:
    /// What a store has to do.
    enum class saving { nothing, create, update };

    inline session_values effective() const;
    inline void must_reach_client() const;
    inline saving begin_saving();
    inline void save_changes(hook_done done);
    inline void add_cookie(fields& reply_headers, std::string_view id) const;

    mutable std::mutex mutex_;
    std::shared_ptr<detail::session_service> service_;
    /// The id in the store; empty: there is none.
    std::string id_;
    session_record record_;
    session_changes changes_;
    bool const tls_;
    bool const via_socket_;
    /// The client has a cookie that names a session, perhaps none that is alive.
    bool named_;
    bool rotate_ = false;
    bool destroyed_ = false;
    bool over_ = false;
    /// It is a new one.
    bool made_ = false;
    /// The store has it, with its changes.
    bool saved_ = false;
    /// When it is saved, and until when it lives then.
    session_time used_{};
    session_time expires_{};
    /// Its end in a store that waits; null: none, or it has not ended.
    std::shared_ptr<detail::store_operation> ending_{};
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/session.ipp>
#endif
