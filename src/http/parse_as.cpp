// SPDX-License-Identifier: MIT
#include <hob/executor/run_in_executor.hpp>
#include <hob/http/detail/parse_as.hpp>

namespace hob::http::detail {

namespace {

void call(Function<void()> job) { job(); }

}  // namespace

Coro<> run_in_thread(Function<void()> job) { co_await to_thread(call, std::move(job)); }

}  // namespace hob::http::detail
