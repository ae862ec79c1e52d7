// SPDX-License-Identifier: MIT
// ContextImpl::prepare in another thread.
#pragma once

#include <hob/task/coro.hpp>

#include "tls/context_impl.hpp"

namespace hob::detail {

/// Returns once the context is prepared. A cancellation leaves the loading to itself.
Coro<> load_elsewhere(Ref<ContextImpl> context);

}  // namespace hob::detail
