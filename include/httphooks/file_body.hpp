// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A reply's body that is a range of a file: written in pieces, never held whole.
*/

#include <httphooks/body_source.hpp>
#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <boost/system/errc.hpp>

#include <unistd.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace httphooks {

/** A range of an open file.

    Reads at offsets, so that one descriptor can serve several readers in turn. The descriptor is
    closed with the object.
*/
class file_body : public body_source {
public:
    /** @param descriptor an open, readable file; owned from now on
        @param offset the first byte's position
        @param size how many bytes from there
    */
    file_body(int descriptor, std::uint64_t offset, std::uint64_t size) noexcept
        : body_source(kind::file), descriptor_(descriptor), offset_(offset), size_(size) {}

    file_body(file_body const&) = delete;
    file_body& operator=(file_body const&) = delete;
    ~file_body() { ::close(descriptor_); }

    /// The file; it stays this object's.
    int descriptor() const noexcept { return descriptor_; }
    /// The first byte's position in the file.
    std::uint64_t offset() const noexcept { return offset_; }

    /// Length in bytes.
    std::uint64_t size() const noexcept { return size_; }

    /** Reads a piece.

        @param at position within the range, in bytes
        @param out where to
        @param most how many bytes at most
        @return how many bytes were read; 0 at the end, or when the file became shorter; an error
            that pread(2) reports
    */
    result<std::size_t> read(std::uint64_t at, char* out, std::size_t most) const;

    /// The whole range; fewer bytes than size() when the file became shorter.
    result<std::string> read_all() const;

private:
    int descriptor_;
    std::uint64_t offset_;
    std::uint64_t size_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/file_body.ipp>
#endif
