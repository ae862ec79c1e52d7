// SPDX-License-Identifier: MIT
// wrap_future: how the outcome of a concurrent future comes to a loop, and a cancellation back.
#include "loop/loop_impl.hpp"

#include <hob/core/error.hpp>
#include <hob/task/concurrent_future.hpp>

namespace hob::detail {
namespace {

// Between a concurrent future and a loop's. Belongs to the loop's thread, and is owned twice: until
// the outcome came (or the loop was closed), and as the callback by which it sees a cancellation.
class FutureBridge final : public hob::detail::Callback, public RemoteWait, public Pooled {
 public:
  FutureBridge(FutureBase& dest, Ref<ConcurrentFutureBase> source, CopyConcurrentValue copy)
      : dest_(&dest), source_(std::move(source)), copy_(copy) {}

  void start() {
    EventLoop& loop = *dest_->loop();
    // Whoever finishes the source later does not touch this object, only its address.
    try {
      source_->add_done_callback([home = loop.impl().remote, this](ConcurrentFutureBase&) {
        home->post([this] { deliver(); });
      });
    } catch (...) {
      delete this;
      throw;
    }
    dest_->add_callback(*this);
    loop.impl().begin_remote_wait(*this);
  }

 private:
  ~FutureBridge() = default;

  void deliver() {
    const Ref<FutureBase> dest = dest_;
    const Ref<ConcurrentFutureBase> source = std::move(source_);
    const CopyConcurrentValue copy = copy_;
    dest->loop()->impl().end_remote_wait(*this);
    loop_closed();
    if (dest->done()) return;
    if (source->cancelled()) {
      dest->cancel({});
    } else if (std::exception_ptr error = source->outcome_error()) {
      dest->set_exception(std::move(error));
    } else {
      try {
        copy(*dest, *source);
      } catch (...) {
        dest->set_exception(std::current_exception());
      }
    }
  }
  void loop_closed() noexcept override {
    source_ = {};
    Ref<FutureBase> dest = std::move(dest_);
    release();
  }
  void on_done(FutureBase& dest) override {
    if (dest.cancelled() && source_) {
      dest.loop()->impl().stop_counting(*this);
      const Ref<ConcurrentFutureBase> source = source_;
      if (!source->cancel()) source->abandon();
    }
    release();
  }
  void drop() noexcept override { release(); }
  void release() noexcept {
    if (--owners_ == 0) delete this;
  }

  Ref<FutureBase> dest_;
  Ref<ConcurrentFutureBase> source_;
  CopyConcurrentValue copy_;
  int owners_ = 2;
};

}  // namespace

void bridge_futures(FutureBase& dest, Ref<ConcurrentFutureBase> source, CopyConcurrentValue copy) {
  (new FutureBridge(dest, std::move(source), copy))->start();
}

}  // namespace hob::detail
