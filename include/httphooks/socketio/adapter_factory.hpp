// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What makes adapters.
*/

#include <functional>
#include <memory>

namespace httphooks::socketio {

class adapter_context;
class any_adapter;

/// Makes the adapter of a namespace; see make_adapter_factory().
using adapter_factory = std::function<std::unique_ptr<any_adapter>(adapter_context&)>;

}  // namespace httphooks::socketio
