// SPDX-License-Identifier: MIT
#include "tls/load_elsewhere.hpp"

#include <hob/executor/run_in_executor.hpp>

namespace hob::detail {
namespace {

void prepare(const Ref<ContextImpl>& context) { context->prepare(); }

}  // namespace

Coro<> load_elsewhere(Ref<ContextImpl> context) {
  co_await to_thread(&prepare, std::move(context));
}

}  // namespace hob::detail
