// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/hook_callback.hpp>

#include <memory>

namespace httphooks::detail {

HTTPHOOKS_DECL std::shared_ptr<void> own_function(void* function, void (*destroy)(void*) noexcept) {
    return std::shared_ptr<void>(function, destroy);
}

}  // namespace httphooks::detail
