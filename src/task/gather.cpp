// SPDX-License-Identifier: MIT
#include <hob/task/gather.hpp>

namespace hob::detail {

void GatherChild::attach(GatherCore& owner, FutureBase& child) noexcept {
  core = &owner;
  child_ = &child;
  if (child.done()) {  // counted by settle_done_children, once all are attached
    child.retain();
    kept_ = true;
    return;
  }
  owner.outer().retain();  // until on_done or drop
  child.add_callback(*this);
}

GatherChild::~GatherChild() {
  if (kept_) child_->release();
}

FutureBase* GatherChild::dependent() const noexcept { return &core->outer(); }

void GatherChild::on_done(FutureBase& future) {
  const auto outer = Ref<FutureBase>::adopt(&core->outer());
  future.retain();
  kept_ = true;
  core->child_done(future);
}

void GatherChild::drop() noexcept {
  child_ = nullptr;
  core->outer().release();
}

GatherCore::GatherCore(std::size_t count, bool return_exceptions)
    : children_(new GatherChild[count]), count_(count), return_exceptions_(return_exceptions) {}

GatherCore::~GatherCore() { delete[] children_; }

void GatherCore::settle_done_children() {
  if (count_ == 0) return succeed();
  for (std::size_t i = 0; i < count_; ++i) {
    if (children_[i].kept_) child_done(*children_[i].child_);
  }
}

bool GatherCore::cancel_children(const Ref<Message>& message) noexcept {
  bool any = false;
  for (std::size_t i = 0; i < count_; ++i) {
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
