// SPDX-License-Identifier: MIT
// Include it to submit callables that take a std::stop_token first: the token is told when the
// await of the job's future is cancelled. Apart, because <stop_token> is heavy.
#pragma once

#include <hob/executor/job.hpp>

#include <stop_token>

namespace hob::detail {

template <class F>
struct StopSourceFor {
  std::stop_source source;
};

}  // namespace hob::detail
