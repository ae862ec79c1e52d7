// SPDX-License-Identifier: MIT
#include <hob/task/async_with.hpp>

namespace hob {
namespace detail {

ExitChain ExitChain::take_top() noexcept {
  ExitNode& node = *top_;
  top_ = std::exchange(node.below_, nullptr);
  return ExitChain(node);
}

}  // namespace detail

Coro<> AsyncExitStack::aclose() { co_await aexit(nullptr); }

Coro<bool> AsyncExitStack::aexit(std::exception_ptr error) {
  const bool received = error != nullptr;
  bool swallowed = false;
  bool raised = false;
  while (!exits_.empty()) {
    detail::ExitChain current = exits_.take_top();
    const Result<bool> result = co_await as_result(current.top().exit(error));
    if (!result) {
      raised = true;
      error = result.exception();
    } else if (*result) {
      swallowed = true;
      raised = false;
      error = nullptr;
    }
  }
  if (raised) std::rethrow_exception(error);
  co_return received&& swallowed;
}

}  // namespace hob
