// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A file that lines are added to, and that may be moved away meanwhile.
*/

#include <httphooks/config.hpp>

#include <mutex>
#include <string>
#include <string_view>

namespace httphooks::detail {

/** A file that is only added to.

    @par Thread safety
    All members may be called from all threads.
*/
class log_file {
public:
    /// @param path is made when there is none, for its owner to write and its group to read; empty:
    /// the standard output
    /// @throws system_error the file cannot be opened
    explicit log_file(std::string path);
    log_file(log_file const&) = delete;
    log_file& operator=(log_file const&) = delete;
    ~log_file();

    /** Adds a text, in one piece.
        @throws system_error it could not be written; not again before a write has succeeded */
    void write(std::string_view text);

    /** Opens the path again: a file that was moved away gets no more.
        @throws system_error the path cannot be opened; then the file is what it was */
    void reopen();

private:
    inline int open() const;

    std::string const path_;
    std::mutex mutex_;
    int descriptor_;
    bool failed_ = false;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/system/impl/log_file.ipp>
#endif
