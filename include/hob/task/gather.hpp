// SPDX-License-Identifier: MIT
// gather: wait for several things at once, and get all their results.
#pragma once

#include <hob/core/result.hpp>
#include <hob/task/ensure_future.hpp>
#include <hob/task/future.hpp>

#include <cstddef>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

/// First argument of gather: failures become results.
struct ReturnExceptions {
  explicit ReturnExceptions() = default;
};
inline constexpr ReturnExceptions return_exceptions{};

namespace detail {

class GatherCore;

/// One child's callback. While the child is pending it is named by pointer only (its destruction
/// drops the callback), so that a gather keeps nothing alive; a done child is kept for its result.
class GatherChild final : public Callback {
 public:
  GatherChild(GatherCore& core, FutureBase& child) noexcept;
  FutureBase* dependent() const noexcept override;
  ~GatherChild();

 private:
  void on_done(FutureBase& future) override;
  bool done_early(FutureBase& future) noexcept override;
  void drop() noexcept override;
  GatherCore& core_;
  FutureBase* child_;
  bool kept_;
  friend GatherCore;
};

/// The part of a gather that does not depend on types.
class GatherCore {
 public:
  GatherCore(const GatherCore&) = delete;
  GatherCore& operator=(const GatherCore&) = delete;

  virtual FutureBase& outer() noexcept = 0;
  /// Counts a child in the turn in which it is done: false when its callback must have a turn of
  /// its own, because it failed or may be the one that ends the gather.
  bool count_early(const FutureBase& child) noexcept;
  /// In that turn.
  void queued_child_done(FutureBase& child) {
    --queued_;
    child_done(child);
  }

 protected:
  GatherCore(std::size_t count, bool return_exceptions);
  ~GatherCore();
  /// Starts to listen to one more child.
  void attach(FutureBase& child) noexcept {
    ::new (&children_[attached_]) GatherChild(*this, child);
    ++attached_;
  }
  void settle_done_children();
  bool cancel_children(const Ref<Message>& message) noexcept;
  FutureBase& child(std::size_t index) const noexcept { return *children_[index].child_; }
  std::size_t count() const noexcept { return count_; }

  /// All children are done, with values (or `return_exceptions`): builds the result.
  virtual void succeed() = 0;
  virtual void fail(std::exception_ptr error) noexcept = 0;

 private:
  void child_done(FutureBase& child);

  GatherChild* children_;
  std::size_t count_;
  std::size_t attached_ = 0;
  std::size_t queued_ = 0;  // children whose callbacks wait for their turn
  std::size_t finished_ = 0;
  bool return_exceptions_;
  bool cancel_requested_ = false;
};

/// A gather's future: `Build` makes the result out of the children.
template <class R, class Build>
class GatherState final : public FutureState<R>, public GatherCore {
 public:
  GatherState(EventLoop& loop, std::size_t count, bool return_exceptions)
      : FutureState<R>(loop), GatherCore(count, return_exceptions) {}
  using GatherCore::attach;
  using GatherCore::settle_done_children;
  FutureBase& child_at(std::size_t i) const noexcept { return this->child(i); }
  std::size_t size() const noexcept { return this->count(); }

  bool cancel(Ref<Message> message) noexcept override {
    return !this->done() && this->cancel_children(message);
  }
  void describe(std::string& out) const override {
    out += "<gather of " + std::to_string(this->count());
    FutureBase::describe(out);
    out += '>';
  }

  FutureBase& outer() noexcept override { return *this; }

 private:
  void succeed() override {
    try {
      if constexpr (std::is_void_v<R>) {
        this->set_result();
      } else {
        this->set_result(Build::build(*this));
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }
  void fail(std::exception_ptr error) noexcept override { this->finish_error(std::move(error)); }
};

template <class T, bool Ours>
NoneIfVoid<T> gathered_value(FutureBase& child) {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return take_value<T, Ours>(child);
  }
}
template <class T, bool Ours>
Result<T> gathered_result(FutureBase& child) {
  if (std::exception_ptr error = child.gathered_error()) return Result<T>(std::move(error));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return Result<T>(take_value<T, Ours>(child));
  }
}

template <bool AsResults, class... A>
struct GatherTuple {
  template <class T>
  using Element = std::conditional_t<AsResults, Result<T>, NoneIfVoid<T>>;
  static constexpr bool kAllVoid = !AsResults && (std::is_void_v<FutureValue<A>> && ...);
  using R = std::conditional_t<kAllVoid, void, std::tuple<Element<FutureValue<A>>...>>;

  template <class State>
  static auto build(State& state) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Element<FutureValue<A>>...>(element<A>(state.child_at(I))...);
    }(std::index_sequence_for<A...>{});
  }
  template <class B>
  static Element<FutureValue<B>> element(FutureBase& child) {
    if constexpr (AsResults) {
      return gathered_result<FutureValue<B>, kMayMove<B>>(child);
    } else {
      return gathered_value<FutureValue<B>, kMayMove<B>>(child);
    }
  }
};

template <bool AsResults, class T, bool Ours>
struct GatherVector {
  using Element = std::conditional_t<AsResults, Result<T>, NoneIfVoid<T>>;
  using R = std::conditional_t<!AsResults && std::is_void_v<T>, void, std::vector<Element>>;

  template <class State>
  static auto build(State& state) {
    std::vector<Element> results;
    results.reserve(state.size());
    for (std::size_t i = 0; i < state.size(); ++i) {
      if constexpr (AsResults) {
        results.push_back(gathered_result<T, Ours>(state.child_at(i)));
      } else {
        results.push_back(gathered_value<T, Ours>(state.child_at(i)));
      }
    }
    return results;
  }
};

/// The loop of a gather: that of its first future, else the running one.
template <class... A>
EventLoop& gathering_loop(const A&...) {
  return get_running_loop();
}
template <class First, class... A>
  requires kIsFuture<First>
EventLoop& gathering_loop(const First& first, const A&...) {
  return first.get_loop();
}

/// One after the other: a coroutine that is started eagerly may finish a future that is listened to
/// already.
template <class Build, class... A>
Future<typename Build::R> gather_all(bool as_results, A&&... awaitables) {
  using R = typename Build::R;
  auto* state = new GatherState<R, Build>(gathering_loop(awaitables...), sizeof...(A), as_results);
  Future<R> outer(Ref<FutureBase>::adopt(state));
  (state->attach(*ensure_future(std::forward<A>(awaitables)).state()), ...);
  state->settle_done_children();
  return outer;
}

template <class Build, class Range>
Future<typename Build::R> gather_range(bool as_results, const Range& range) {
  using R = typename Build::R;
  EventLoop& loop = range.empty() ? get_running_loop() : range.begin()->get_loop();
  auto* state = new GatherState<R, Build>(loop, range.size(), as_results);
  Future<R> outer(Ref<FutureBase>::adopt(state));
  for (const auto& future : range) state->attach(*future.state());
  state->settle_done_children();
  return outer;
}

template <class Range>
concept FutureRange = requires(const Range& r) {
  r.begin();
  r.size();
  typename Range::value_type;
} && kIsFuture<typename Range::value_type>;

}  // namespace detail

/// Waits for all of `awaitables` (coroutines become tasks, in order, now) and gives their results
/// as a tuple: `auto [a, b] = co_await gather(f(), g());`. A void one gives None; all void give
/// Future<void>. The first exception is the gather's at once; the others go on, and their later
/// exceptions count as seen. Cancelling the gather (or its awaiter) cancels all children; it ends
/// when they have. A child that is cancelled is a CancelledError for the gather, and no reason to
/// cancel the others. Behaviour of asyncio.gather.
template <class... A>
  requires(!(sizeof...(A) == 1 && (detail::FutureRange<std::remove_cvref_t<A>> && ...)) &&
           !(std::is_same_v<std::remove_cvref_t<A>, ReturnExceptions> || ...))
auto gather(A&&... awaitables) {
  using Build = detail::GatherTuple<false, A&&...>;
  return detail::gather_all<Build>(false, std::forward<A>(awaitables)...);
}

/// The same, but failures and cancellations of children are results: a tuple of Result<T>.
template <class... A>
  requires(!(sizeof...(A) == 1 && (detail::FutureRange<std::remove_cvref_t<A>> && ...)))
auto gather(ReturnExceptions, A&&... awaitables) {
  using Build = detail::GatherTuple<true, A&&...>;
  return detail::gather_all<Build>(true, std::forward<A>(awaitables)...);
}

/// Gathers a container of futures or tasks; gives a vector of results in its order (Future<void>
/// for void ones).
template <class Range>
  requires detail::FutureRange<std::remove_cvref_t<Range>>
auto gather(Range&& futures) {
  using T = typename std::remove_cvref_t<Range>::value_type::value_type;
  return detail::gather_range<detail::GatherVector<false, T, false>>(false, futures);
}
template <class Range>
  requires detail::FutureRange<std::remove_cvref_t<Range>>
auto gather(ReturnExceptions, Range&& futures) {
  using T = typename std::remove_cvref_t<Range>::value_type::value_type;
  return detail::gather_range<detail::GatherVector<true, T, false>>(true, futures);
}

}  // namespace hob
