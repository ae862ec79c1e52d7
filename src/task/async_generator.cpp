// SPDX-License-Identifier: MIT
#include <hob/task/coro.hpp>

namespace hob {

Coro<> EventLoop::shutdown_asyncgens() { co_return; }

}  // namespace hob
