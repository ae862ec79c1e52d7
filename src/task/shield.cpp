// SPDX-License-Identifier: MIT
#include <hob/task/shield.hpp>

#include "task/report.hpp"

#include <hob/core/error.hpp>

namespace hob::detail {

namespace {

// Reports a late exception of a future whose shields were cancelled: once, however many there were.
class LateError final : public Callback, public Pooled {
 public:
  static constexpr std::uint64_t kId = UINT64_MAX;
  explicit LateError(ContextSlot context) noexcept : context_(std::move(context)) {}

 private:
  std::uint64_t id() const noexcept override { return kId; }
  void on_done(FutureBase& inner) override {
    ContextSlot context_of_shield = std::move(context_);
    delete this;
    const std::exception_ptr error = inner.cancelled() ? nullptr : inner.exception();
    if (!error) return;
    const ContextScope scope(context_of_shield);
    ExceptionContext context;
    context.message = type_name(error) + " exception in shielded future";
    context.exception = error;
    inner.describe(context.future);
    report(inner, context);
  }
  void drop() noexcept override { delete this; }

  ContextSlot context_;
};

}  // namespace

void ShieldLink::attach(FutureBase& inner) noexcept {
  inner_ = &inner;
  outer().retain();  // until on_done or drop
  inner.add_callback(*this);
  outer().add_callback(outer_done_);
}

void ShieldLink::outer_done() {
  if (!inner_ || inner_->done()) return;
  FutureBase& inner = *std::exchange(inner_, nullptr);
  detach();
  inner.remove_callback(LateError::kId);
  inner.add_callback(*new LateError(std::move(context_)));
  outer().release();
}

void ShieldLink::on_done(FutureBase& inner) {
  const auto alive = Ref<FutureBase>::adopt(&outer());
  inner_ = nullptr;
  if (outer().done()) return;
  if (inner.cancelled()) return pass_cancel();
  if (std::exception_ptr error = inner.exception()) return pass_error(std::move(error));
  try {
    pass_value(inner);
  } catch (...) {
    pass_error(std::current_exception());
  }
}

void ShieldLink::drop() noexcept {
  inner_ = nullptr;
  outer().release();
}

}  // namespace hob::detail
