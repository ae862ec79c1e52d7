// SPDX-License-Identifier: MIT
// shield: await something without passing a cancellation on to it.
#pragma once

#include <hob/task/ensure_future.hpp>
#include <hob/task/future.hpp>

#include <utility>

namespace hob {

namespace detail {

/// The link from the inner future to a shield's outer one. It goes when the outer one was
/// cancelled; then only a failure of the inner one is reported.
class ShieldLink : public Callback {
 protected:
  ShieldLink() noexcept = default;
  ~ShieldLink() = default;
  void attach(FutureBase& inner) noexcept;
  virtual FutureBase& outer() noexcept = 0;
  /// Hands over inner's value.
  virtual void pass_value(FutureBase& inner) = 0;
  virtual void pass_cancel() noexcept = 0;
  virtual void pass_error(std::exception_ptr error) noexcept = 0;

 private:
  struct OuterDone final : Callback {
    explicit OuterDone(ShieldLink& owner) noexcept : link(owner) {}
    ~OuterDone() { detach(); }
    void on_done(FutureBase&) override { link.outer_done(); }
    void drop() noexcept override {}
    ShieldLink& link;
  };
  void on_done(FutureBase& inner) override;
  void drop() noexcept override;
  void outer_done();

  FutureBase* inner_ = nullptr;  // while it is pending
  ContextSlot context_ = copy_current_context();
  OuterDone outer_done_{*this};
};

template <class T, bool Ours>
class ShieldState final : public FutureState<T>, public ShieldLink {
 public:
  ShieldState(EventLoop& loop, FutureBase& inner) : FutureState<T>(loop) { this->attach(inner); }
  FutureBase* dependent() const noexcept override { return const_cast<ShieldState*>(this); }

 private:
  FutureBase& outer() noexcept override { return *this; }
  void pass_value(FutureBase& inner) override {
    if constexpr (std::is_void_v<T>) {
      this->set_result();
    } else {
      this->set_result(take_value<T, Ours>(inner));
    }
  }
  void pass_cancel() noexcept override { this->finish_cancelled({}); }
  void pass_error(std::exception_ptr error) noexcept override {
    this->finish_error(std::move(error));
  }
};

}  // namespace detail

/// A future for the same result; cancelling it (or its awaiter) leaves `awaitable` running. A
/// coroutine becomes a task at once. When what is shielded is cancelled itself, so is the shield.
/// Should it fail after the shield was cancelled, the exception goes to the loop's handler.
/// Behaviour of asyncio.shield.
template <class A>
auto shield(A&& awaitable) {
  auto inner = ensure_future(std::forward<A>(awaitable));
  using T = typename decltype(inner)::value_type;
  if (inner.done()) return Future<T>(inner.state());
  using State = detail::ShieldState<T, detail::kMayMove<A>>;
  return Future<T>(
      detail::Ref<detail::FutureBase>::adopt(new State(inner.get_loop(), *inner.state())));
}

}  // namespace hob
