// SPDX-License-Identifier: MIT
#include <hob/task/shield.hpp>

#include "task/report.hpp"

#include <hob/core/error.hpp>

namespace hob::detail {

void ShieldLink::attach(FutureBase& inner) noexcept {
  outer().retain();  // until on_done or drop
  inner.add_callback(*this);
}

void ShieldLink::on_done(FutureBase& inner) {
  const auto alive = Ref<FutureBase>::adopt(&outer());
  if (outer().done()) {
    if (inner.cancelled()) return;
    if (std::exception_ptr error = inner.exception()) {
      ExceptionContext context;
      context.message = type_name(error) + " exception in shielded future";
      context.exception = error;
      inner.describe(context.future);
      report(inner.core(), context);
    }
    return;
  }
  if (inner.cancelled()) return pass_cancel();
  if (std::exception_ptr error = inner.exception()) return pass_error(std::move(error));
  try {
    pass_value(inner);
  } catch (...) {
    pass_error(std::current_exception());
  }
}

void ShieldLink::drop() noexcept { outer().release(); }

}  // namespace hob::detail
