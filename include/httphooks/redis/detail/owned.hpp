// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is closed with the last of its handles.
*/

#include <memory>
#include <utility>

namespace httphooks::redis::detail {

/// A pointer whose copies together own something that close() ends, and that keeps itself until it
/// has.
template <class Core>
std::shared_ptr<Core> owned(std::shared_ptr<Core> core) {
    Core* const plain = core.get();
    return std::shared_ptr<Core>(plain, [kept = std::move(core)](Core*) { kept->close(); });
}

}  // namespace httphooks::redis::detail
