// SPDX-License-Identifier: MIT
// concurrent::Future<T>: a result that another thread will produce: what an executor's submit and
// run_coroutine_threadsafe give. Any thread may use any of it. wrap_future makes one awaitable.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/function.hpp>
#include <hob/core/raise.hpp>
#include <hob/core/ref.hpp>
#include <hob/task/future.hpp>
#include <hob/task/value.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace hob {
namespace concurrent {

/// concurrent.futures.Future's states. An executor moves a cancelled future on to
/// `cancelled_and_notified` when it comes to take the job.
enum class FutureState : std::uint8_t {
  pending,
  running,
  cancelled,
  cancelled_and_notified,
  finished
};

}  // namespace concurrent

namespace detail {

class ConcurrentFutureBase;

/// Told when a future is finished or its cancellation is noticed by an executor: what
/// concurrent::wait waits with. Belongs to who waits; linked into one future at a time.
class ConcurrentWatch {
 public:
  ConcurrentWatch() = default;
  ConcurrentWatch(const ConcurrentWatch&) = delete;
  ConcurrentWatch& operator=(const ConcurrentWatch&) = delete;
  /// Called once, with the future locked: must be short and leave the future alone.
  virtual void notice(bool failed) noexcept = 0;

 protected:
  virtual ~ConcurrentWatch() = default;  // virtual: g++ warns, because of the friend

 private:
  friend ConcurrentFutureBase;
  ConcurrentWatch* next_ = nullptr;
};

/// State, callbacks and error of a concurrent::Future, without its value. Counted atomically. One
/// word holds the state, a lock, and whether a thread sleeps on it: a future is made and finished
/// with three atomic operations when nobody is in the way.
class ConcurrentFutureBase {
 public:
  using Callback = Function<void(ConcurrentFutureBase&)>;
  using State = concurrent::FutureState;

  ConcurrentFutureBase() noexcept = default;
  ConcurrentFutureBase(const ConcurrentFutureBase&) = delete;
  ConcurrentFutureBase& operator=(const ConcurrentFutureBase&) = delete;
  virtual ~ConcurrentFutureBase() {
    if (callbacks_) [[unlikely]]
      drop_callbacks();
  }

  void retain() noexcept { __atomic_fetch_add(&refs_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_fetch_sub(&refs_, 1, __ATOMIC_ACQ_REL) == 1) delete this;
  }
  bool unique() const noexcept { return __atomic_load_n(&refs_, __ATOMIC_ACQUIRE) == 1; }

  State state() const noexcept {
    return static_cast<State>(__atomic_load_n(&word_, __ATOMIC_ACQUIRE) & kStateMask);
  }
  bool cancelled() const noexcept {
    return state() == State::cancelled || state() == State::cancelled_and_notified;
  }
  bool done() const noexcept { return state() >= State::cancelled; }
  bool cancel() noexcept;
  bool set_running_or_notify_cancel();
  void set_exception(std::exception_ptr error);
  void add_done_callback(Callback callback);
  /// Waits; gives the exception or null. Throws TimeoutError, CancelledError.
  std::exception_ptr exception(Duration timeout);
  /// The same without waiting, with a cancellation as a CancelledError. Must be done.
  std::exception_ptr outcome_error() const;
  /// Waits; returns when there is a value, else throws what `result` throws.
  void check_value(Duration timeout) {
    if (state() != State::finished || error_) [[unlikely]]
      wait_for_value(timeout);
  }
  /// Waits until done; gives whether it is.
  bool wait(Duration timeout) noexcept;
  /// Adds a watch, unless the future is finished or its cancellation noticed: false.
  bool watch(ConcurrentWatch& watch) noexcept;
  /// Takes it out again; no effect when it was called. When this returns it is not being called.
  void unwatch(ConcurrentWatch& watch) noexcept;
  /// Called when the await of it was cancelled and `cancel` came too late: the work may stop early.
  virtual void abandon() noexcept {}
  std::string repr() const;

 protected:
  /// The step to `finished`: locks, and throws InvalidStateError when done already.
  class Finishing {
   public:
    explicit Finishing(ConcurrentFutureBase& future) : future_(future) {
      state_ = future.lock();
      if (state_ >= State::cancelled) [[unlikely]]
        future.raise_done(state_);
    }
    Finishing(const Finishing&) = delete;
    Finishing& operator=(const Finishing&) = delete;
    ~Finishing() {
      if (!committed_) [[unlikely]]
        future_.unlock(state_);
    }
    /// Unlocks and tells whoever waits.
    void commit() noexcept {
      committed_ = true;
      future_.settle(State::finished);
    }

   private:
    ConcurrentFutureBase& future_;
    State state_;
    bool committed_ = false;
  };

 private:
  struct CallbackNode;
  static constexpr std::uint32_t kStateMask = 7;
  static constexpr std::uint32_t kLocked = 8;
  static constexpr std::uint32_t kSleeping = 16;  // somebody sleeps until the word changes

  State lock() noexcept {
    std::uint32_t word = __atomic_load_n(&word_, __ATOMIC_RELAXED);
    if ((word & kLocked) != 0 || !__atomic_compare_exchange_n(&word_, &word, word | kLocked, false,
                                                              __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        [[unlikely]]
      return lock_slowly();
    return static_cast<State>(word & kStateMask);
  }
  void unlock(State state) noexcept {
    const auto word = static_cast<std::uint32_t>(state);
    if ((__atomic_exchange_n(&word_, word, __ATOMIC_RELEASE) & kSleeping) != 0) [[unlikely]]
      wake_sleepers();
  }
  /// Ends a locked step into a state in which it is done.
  void settle(State state) noexcept {
    if (callbacks_ || watches_) [[unlikely]]
      return settle_and_tell(state);
    unlock(state);
  }
  State lock_slowly() noexcept;
  void wake_sleepers() noexcept;
  void settle_and_tell(State state) noexcept;
  void tell_watches(bool failed) noexcept;
  void wait_for_value(Duration timeout);
  void drop_callbacks() noexcept;
  [[noreturn]] void raise_done(State state);
  void call(Callback& callback) noexcept;

  std::uint32_t word_ = 0;
  std::uint32_t refs_ = 1;
  CallbackNode* callbacks_ = nullptr;  // the newest first
  ConcurrentWatch* watches_ = nullptr;
  std::exception_ptr error_;
};

template <class T>
class ConcurrentFutureState : public ConcurrentFutureBase {
 public:
  void set_result(NoneIfVoid<T> result) {
    Finishing finishing(*this);
    value.emplace(std::move(result));
    finishing.commit();
  }
  [[no_unique_address]] ValueSlot<T> value;
};

/// Whether copying compiles; the standard's trait believes that every vector can be copied.
template <class T>
inline constexpr bool kCopyable = std::is_copy_constructible_v<T>;
template <class T>
  requires requires {
    typename T::value_type;
    typename T::allocator_type;
  }
inline constexpr bool kCopyable<T> =
    std::is_copy_constructible_v<T> && kCopyable<typename T::value_type>;

/// Puts the value of `source` into `dest`; of the types that both have.
using CopyConcurrentValue = void (*)(FutureBase& dest, ConcurrentFutureBase& source);
/// Chains the two: the outcome of `source` goes to `dest`, a cancellation of `dest` to `source`.
void bridge_futures(FutureBase& dest, Ref<ConcurrentFutureBase> source, CopyConcurrentValue copy);

template <class T>
void copy_concurrent_value(FutureBase& dest, ConcurrentFutureBase& source) {
  auto& value = static_cast<ConcurrentFutureState<T>&>(source).value;
  auto& future = static_cast<FutureState<T>&>(dest);
  if constexpr (kCopyable<NoneIfVoid<T>>) {
    const auto& shared = value.get();
    if (!source.unique()) return future.set_result(shared);
  }
  future.set_result(std::move(value.get()));
}

}  // namespace detail

namespace concurrent {

/// A handle to a result that comes from another thread. Cheap to copy: all copies name the same
/// future. Any thread may call anything. The waiting calls block the calling thread: in a coroutine
/// use `co_await` instead. Semantics of concurrent.futures.Future.
template <class T = void>
class Future {
 public:
  using value_type = T;

  /// A new, pending future; for who produces the result. Throws std::bad_alloc.
  static Future make() {
    return Future(
        detail::Ref<detail::ConcurrentFutureBase>::adopt(new detail::ConcurrentFutureState<T>));
  }
  /// An empty handle; only assignment, copy and `operator bool` are allowed.
  Future() noexcept = default;
  explicit Future(detail::Ref<detail::ConcurrentFutureBase> state) noexcept
      : state_(std::move(state)) {}

  /// Cancels the work when it has not begun; gives false when it runs or is finished. Callbacks are
  /// called here, in the calling thread.
  bool cancel() const { return state_->cancel(); }
  bool cancelled() const noexcept { return state_->cancelled(); }
  /// Whether the work has begun and not ended: it can't be cancelled any more.
  bool running() const noexcept { return state_->state() == FutureState::running; }
  /// Whether it was cancelled or has finished.
  bool done() const noexcept { return state_->done(); }
  FutureState state() const noexcept { return state_->state(); }

  /// Blocks until done and gives the result, or throws the exception. Throws CancelledError when
  /// cancelled, TimeoutError when not done in time. The reference lives as long as any handle.
  decltype(auto) result(Duration timeout = Duration::forever()) const& {
    state_->check_value(timeout);
    if constexpr (!std::is_void_v<T>) return static_cast<const T&>(slot().get());
  }
  /// The same; moves the result out when this is the last handle, or when it cannot be copied.
  T result(Duration timeout = Duration::forever()) && {
    state_->check_value(timeout);
    if constexpr (!std::is_void_v<T>) {
      if constexpr (detail::kCopyable<T>) {
        if (!state_->unique()) return static_cast<const T&>(slot().get());
      }
      return std::move(slot().get());
    }
  }
  /// Blocks until done and gives the exception, null beside a result. Throws CancelledError when
  /// cancelled, TimeoutError when not done in time.
  std::exception_ptr exception(Duration timeout = Duration::forever()) const {
    return state_->exception(timeout);
  }

  /// Calls `fn(future)` once done: in the thread that finishes or cancels it, or at once and here
  /// when it is done already; in order of registration. What `fn` throws is printed to stderr.
  template <class F>
    requires std::is_invocable_v<std::decay_t<F>&, Future>
  void add_done_callback(F&& fn) const {
    state_->add_done_callback(
        [call = std::decay_t<F>(std::forward<F>(fn))](detail::ConcurrentFutureBase& done) mutable {
          static_cast<void>(call(Future(detail::Ref<detail::ConcurrentFutureBase>(&done))));
        });
  }

  // For executors, and tests of code that uses them.

  /// Before the work begins: true, and the future is RUNNING; or false when it was cancelled, and
  /// whoever waits for notice gets it. Throws RuntimeError when it runs or is finished.
  bool set_running_or_notify_cancel() const { return state_->set_running_or_notify_cancel(); }
  /// Finishes with a result. Throws InvalidStateError when done.
  template <class U = detail::NoneIfVoid<T>>
    requires std::is_constructible_v<detail::NoneIfVoid<T>, U&&>
  void set_result(U&& result = {}) const {
    static_cast<detail::ConcurrentFutureState<T>&>(*state_).set_result(
        detail::NoneIfVoid<T>(std::forward<U>(result)));
  }
  /// Finishes with an exception. Throws InvalidStateError when done, ValueError when null.
  void set_exception(std::exception_ptr error) const { state_->set_exception(std::move(error)); }
  template <class E>
    requires(!std::is_same_v<std::remove_cvref_t<E>, std::exception_ptr>)
  void set_exception(E&& error) const {
    set_exception(std::make_exception_ptr(std::forward<E>(error)));
  }

  /// `<Future running>`: for people.
  std::string repr() const { return state_->repr(); }
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }
  friend bool operator==(const Future& a, const Future& b) noexcept { return a.state_ == b.state_; }

  /// Waits, on any loop, as `wrap_future` describes; gives the result or throws.
  auto operator co_await() const;

  /// For combinators.
  const detail::Ref<detail::ConcurrentFutureBase>& base() const noexcept { return state_; }

 private:
  detail::ValueSlot<T>& slot() const noexcept {
    return static_cast<detail::ConcurrentFutureState<T>&>(*state_).value;
  }

  detail::Ref<detail::ConcurrentFutureBase> state_;
};

}  // namespace concurrent

/// A future of the running loop that gets the outcome of `source`. Cancelling it cancels `source`,
/// which stops the work when it has not begun; work that runs goes on, and its outcome is dropped.
/// A result that cannot be copied is moved out. Nothing happens when the loop is closed first.
/// Until `source` is done the loop does not report a deadlock, and virtual time stands still.
/// Behaviour of asyncio.wrap_future.
template <class T>
Future<T> wrap_future(concurrent::Future<T> source) {
  Future<T> dest = create_future<T>();
  detail::bridge_futures(*dest.state(), source.base(), &detail::copy_concurrent_value<T>);
  return dest;
}

template <class T>
auto concurrent::Future<T>::operator co_await() const {
  return hob::detail::FutureAwaiter<T, true>(wrap_future(*this).state());
}

}  // namespace hob
