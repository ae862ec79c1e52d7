// SPDX-License-Identifier: MIT
#include <hob/task/gather.hpp>

namespace hob::detail {

GatherChild::GatherChild(GatherCore& core, FutureBase& child) noexcept
    : core_(core), child_(&child), kept_(child.done()) {
  if (kept_) {  // counted by settle_done_children, once all are attached
    child.retain();
    return;
  }
  core.outer().retain();  // until on_done, done_early or drop
  child.add_callback(*this);
}

GatherChild::~GatherChild() {
  if (kept_) child_->release();
}

FutureBase* GatherChild::dependent() const noexcept { return &core_.outer(); }

void GatherChild::on_done(FutureBase& future) {
  const auto outer = Ref<FutureBase>::adopt(&core_.outer());
  future.retain();
  kept_ = true;
  core_.queued_child_done(future);
}

bool GatherChild::done_early(FutureBase& future) noexcept {
  if (!core_.count_early(future)) return false;
  future.retain();
  kept_ = true;
  core_.outer().release();
  return true;
}

void GatherChild::drop() noexcept {
  child_ = nullptr;
  core_.outer().release();
}

GatherCore::GatherCore(std::size_t count, bool return_exceptions)
    : children_(static_cast<GatherChild*>(allocate(count * sizeof(GatherChild)))),
      count_(count),
      return_exceptions_(return_exceptions) {}

GatherCore::~GatherCore() {
  for (std::size_t i = 0; i < attached_; ++i) children_[i].~GatherChild();
  deallocate(children_, count_ * sizeof(GatherChild));
}

bool GatherCore::count_early(const FutureBase& child) noexcept {
  // One that is queued already comes before this one, and must not take itself for the last.
  const bool waits = queued_ > 0 || attached_ < count_ || !child.finished_with_value();
  if (waits || (finished_ + 1 == count_ && !outer().done())) {
    ++queued_;
    return false;
  }
  ++finished_;
  return true;
}

void GatherCore::settle_done_children() {
  if (count_ == 0) return succeed();
  for (std::size_t i = 0; i < count_; ++i) {
    if (children_[i].kept_) child_done(*children_[i].child_);
  }
}

bool GatherCore::cancel_children(const Ref<Message>& message) noexcept {
  bool any = false;
  for (std::size_t i = 0; i < attached_; ++i) {
    FutureBase* child = children_[i].child_;
    if (child && child->cancel(message)) any = true;
  }
  // Otherwise all are done already, and the result is on its way.
  if (any) cancel_requested_ = true;
  return any;
}

void GatherCore::child_done(FutureBase& child) {
  ++finished_;
  if (outer().done()) {
    child.mark_retrieved();
    return;
  }
  if (!return_exceptions_) {
    if (std::exception_ptr error = child.outcome_error()) return fail(std::move(error));
  }
  if (finished_ < count_) return;
  if (!cancel_requested_) return succeed();
  // A cancelled gather ends so, also when its children chose to return something; like the last one
  // in its list.
  for (std::size_t i = 0; i < count_; ++i) children_[i].child_->mark_retrieved();
  FutureBase& last = *children_[count_ - 1].child_;
  fail(last.cancelled() ? last.outcome_error() : make_cancelled_error({}));
}

}  // namespace hob::detail
