// SPDX-License-Identifier: MIT
// async_with, AsyncExitStack: clean-up that awaits (PEP 492's `async with`,
// contextlib.AsyncExitStack). C++ has no asynchronous destructor; a scope with an asynchronous end
// is a call that takes its body as a function.
//
// A resource is anything with
//   aenter()                    awaitable; its result goes to the body; when it gives none, the
//   resource itself aexit(std::exception_ptr)   awaitable; called with what left the body, null
//   when nothing did. Gives void, or
//                               a bool: true swallows the exception
#pragma once

#include <hob/core/invoke.hpp>
#include <hob/core/memory.hpp>
#include <hob/core/result.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/value.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hob {

/// What async_with can enter and leave.
template <class R>
concept AsyncResource = requires(R& resource, std::exception_ptr error) {
  resource.aenter();
  resource.aexit(error);
};

namespace detail {

template <class R>
using Entered = AwaitResult<decltype(std::declval<R&>().aenter())>;
template <class R>
using Exited = AwaitResult<decltype(std::declval<R&>().aexit(std::exception_ptr()))>;

/// Calls the body with what was entered, or without it when it does not take it.
template <class F, class E, class... Args>
decltype(auto) call_body(F& fn, E& entered, Args&... args) {
  if constexpr (std::is_invocable_v<F&, E&, Args...>) {
    return invoke(fn, entered, std::move(args)...);
  } else if constexpr (std::is_invocable_v<F&, E, Args...>) {
    return invoke(fn, std::move(entered), std::move(args)...);
  } else {
    static_assert(
        std::is_invocable_v<F&, Args...>,
        "async_with calls its body with what aenter gives (or the resource), then the arguments");
    return invoke(fn, std::move(args)...);
  }
}

template <class R>
auto& entered_value(R& resource, ValueSlot<Entered<R>>& entered) noexcept {
  if constexpr (std::is_void_v<Entered<R>>) {
    return resource;
  } else {
    return entered.get();
  }
}
template <class R>
using BodyArgument = std::remove_reference_t<decltype(entered_value<R>(
    std::declval<R&>(), std::declval<ValueSlot<Entered<R>>&>()))>;

template <class R, class F, class... Args>
using BodyResult = AwaitResult<decltype(call_body(
    std::declval<F&>(), std::declval<BodyArgument<R>&>(), std::declval<Args&>()...))>;

/// `R` is a reference when the resource is the caller's.
template <class R, class F, class... Args>
Coro<BodyResult<std::remove_reference_t<R>, F, Args...>> run_async_with(R resource, F fn,
                                                                        Args... args) {
  using Resource = std::remove_reference_t<R>;
  using T = BodyResult<Resource, F, Args...>;
  [[maybe_unused]] ValueSlot<Entered<Resource>> entered;
  if constexpr (std::is_void_v<Entered<Resource>>) {
    co_await resource.aenter();
  } else {
    entered.emplace(co_await resource.aenter());
  }
  std::optional<Result<T>> outcome;
  try {
    outcome.emplace(
        co_await as_result(call_body(fn, entered_value<Resource>(resource, entered), args...)));
  } catch (...) {  // the body threw before it gave something to await
    outcome.emplace(std::current_exception());
  }
  bool swallowed = false;
  if constexpr (std::is_void_v<Exited<Resource>>) {
    co_await resource.aexit(outcome->exception());
  } else {
    static_assert(std::is_void_v<T> || std::is_default_constructible_v<T>,
                  "this resource may swallow the body's exception, and then async_with gives T(): "
                  "let the body "
                  "return a std::optional");
    swallowed = static_cast<bool>(co_await resource.aexit(outcome->exception()));
  }
  if (!*outcome && !swallowed) std::rethrow_exception(outcome->exception());
  if constexpr (!std::is_void_v<T>) {
    if constexpr (!std::is_void_v<Exited<Resource>>) {
      if (!*outcome) co_return T();
    }
    co_return std::move(*outcome).value();
  }
}

/// One thing that an AsyncExitStack has to do.
class ExitNode : public Pooled {
 public:
  ExitNode() noexcept = default;
  ExitNode(const ExitNode&) = delete;
  ExitNode& operator=(const ExitNode&) = delete;
  virtual ~ExitNode() = default;
  /// Gives whether `error` is swallowed.
  virtual Coro<bool> exit(std::exception_ptr error) = 0;

 private:
  friend class ExitChain;
  ExitNode* below_ = nullptr;
};

/// Owns exit nodes, the latest on top.
class ExitChain {
 public:
  ExitChain() noexcept = default;
  explicit ExitChain(ExitNode& node) noexcept : top_(&node) {}
  ExitChain(ExitChain&& other) noexcept : top_(std::exchange(other.top_, nullptr)) {}
  ExitChain& operator=(ExitChain other) noexcept {
    std::swap(top_, other.top_);
    return *this;
  }
  ~ExitChain() {
    while (top_) delete std::exchange(top_, top_->below_);
  }
  bool empty() const noexcept { return top_ == nullptr; }
  ExitNode& top() const noexcept { return *top_; }
  /// Puts the only node of `single` on top.
  void push(ExitChain single) noexcept {
    single.top_->below_ = top_;
    top_ = std::exchange(single.top_, nullptr);
  }
  ExitChain take_top() noexcept;

 private:
  ExitNode* top_ = nullptr;
};

enum class ExitKind { resource, async_exit, async_callback, exit, callback };

/// `F` is the resource for ExitKind::resource; a reference when it is the caller's.
template <ExitKind kind, class F, class... Args>
class ExitCall final : public ExitNode {
  static constexpr bool kAwaits = kind != ExitKind::exit && kind != ExitKind::callback;
  static constexpr bool kCallback = kind == ExitKind::async_callback || kind == ExitKind::callback;

 public:
  template <class G, class... Bs>
  explicit ExitCall(G&& fn, Bs&&... args)
      : fn_(std::forward<G>(fn)), args_(std::forward<Bs>(args)...) {}
  std::remove_reference_t<F>& target() noexcept { return fn_; }

  Coro<bool> exit(std::exception_ptr error) override {
    if constexpr (kAwaits) {
      using R = AwaitResult<decltype(call(error))>;
      if constexpr (kCallback || std::is_void_v<R>) {
        static_cast<void>(co_await call(error));
        co_return false;
      } else {
        co_return static_cast<bool>(co_await call(error));
      }
    } else if constexpr (kCallback || std::is_void_v<decltype(call(error))>) {
      static_cast<void>(call(error));
      co_return false;
    } else {
      co_return static_cast<bool>(call(error));
    }
  }

 private:
  decltype(auto) call([[maybe_unused]] std::exception_ptr& error) {
    if constexpr (kind == ExitKind::resource) {
      return fn_.aexit(std::move(error));
    } else if constexpr (kCallback) {
      return std::apply(
          [this](Args&... args) -> decltype(auto) { return invoke(fn_, std::move(args)...); },
          args_);
    } else {
      return invoke(fn_, std::move(error));
    }
  }

  F fn_;
  [[no_unique_address]] std::tuple<Args...> args_;
};

}  // namespace detail

/// Enters `resource`, calls `body(entered, args...)` and awaits what that returns, leaves the
/// resource in any case, and gives the body's result. `entered` is what `aenter` gave, or the
/// resource itself when it gave nothing; a body that does not take it is called with `args` alone.
/// An exception of the body, a CancelledError included, goes to `aexit` and is rethrown afterwards,
/// unless aexit gives true: then async_with gives T(). An exception of aexit replaces it. When
/// aenter throws, nothing else is called. Suspends with aenter, body and aexit; a cancellation is
/// thrown where the task is. An lvalue resource is used by reference; an rvalue, body and arguments
/// are kept until the end. Behaviour of Python's `async with`, PEP 492.
template <class R, class F, class... Args>
  requires AsyncResource<std::remove_reference_t<R>>
auto async_with(R&& resource, F&& body, Args&&... args) {
  return detail::run_async_with<R, std::decay_t<F>, std::decay_t<Args>...>(
      std::forward<R>(resource), std::forward<F>(body), std::forward<Args>(args)...);
}

/// Exits, to be run in reverse order of their registration: for a number of resources that is known
/// only at run time. A resource itself, of async_with; movable. Without async_with, `co_await
/// stack.aclose()`: a stack that is destroyed runs nothing. Of one task at a time. Behaviour of
/// contextlib.AsyncExitStack.
class AsyncExitStack {
 public:
  AsyncExitStack() noexcept = default;
  AsyncExitStack(AsyncExitStack&&) noexcept = default;
  AsyncExitStack& operator=(AsyncExitStack&&) noexcept = default;

  /// Enters `resource` and, when that succeeds, registers its aexit. Gives what aenter gave, or a
  /// pointer to the resource when it gave nothing. An lvalue must outlive the stack; an rvalue is
  /// kept in it.
  template <class R>
    requires AsyncResource<std::remove_reference_t<R>>
  auto enter_async_context(R&& resource) {
    auto* node = new detail::ExitCall<detail::ExitKind::resource, R>(std::forward<R>(resource));
    return enter<std::remove_reference_t<R>>(*this, node->target(), detail::ExitChain(*node));
  }
  /// Registers `fn(std::exception_ptr)`, to be awaited; true swallows the exception. Or the aexit
  /// of a resource that has been entered already.
  template <class F>
  void push_async_exit(F&& fn) {
    if constexpr (AsyncResource<std::remove_reference_t<F>>) {
      add<detail::ExitKind::resource, F>(std::forward<F>(fn));
    } else {
      add<detail::ExitKind::async_exit, std::decay_t<F>>(std::forward<F>(fn));
    }
  }
  /// Registers `fn(std::exception_ptr)`, not to be awaited; true swallows the exception.
  template <class F>
  void push(F&& fn) {
    add<detail::ExitKind::exit, std::decay_t<F>>(std::forward<F>(fn));
  }
  /// Registers `fn(args...)`, to be awaited; it cannot swallow an exception. Copied or moved in.
  template <class F, class... Args>
  void push_async_callback(F&& fn, Args&&... args) {
    add<detail::ExitKind::async_callback, std::decay_t<F>, std::decay_t<Args>...>(
        std::forward<F>(fn), std::forward<Args>(args)...);
  }
  /// Registers a plain call of `fn(args...)`.
  template <class F, class... Args>
  void callback(F&& fn, Args&&... args) {
    add<detail::ExitKind::callback, std::decay_t<F>, std::decay_t<Args>...>(
        std::forward<F>(fn), std::forward<Args>(args)...);
  }
  /// Moves all exits to a new stack; this one has nothing to do then.
  AsyncExitStack pop_all() noexcept { return std::move(*this); }
  /// Runs the exits now. Throws the last exception that one of them left.
  Coro<> aclose();

  /// For async_with: the body gets the stack.
  Coro<> aenter() { co_return; }
  /// Runs the exits with `error`: an exception of one goes to the next; one that is swallowed is
  /// gone. Gives true when `error` was. A cancellation is an exception of the exit where it
  /// strikes: the rest still run.
  Coro<bool> aexit(std::exception_ptr error);

 private:
  template <detail::ExitKind kind, class F, class... Args, class... Bs>
  void add(Bs&&... args) {
    exits_.push(
        detail::ExitChain(*new detail::ExitCall<kind, F, Args...>(std::forward<Bs>(args)...)));
  }
  template <class R>
  static auto enter(AsyncExitStack& stack, R& resource, detail::ExitChain node)
      -> Coro<std::conditional_t<std::is_void_v<detail::Entered<R>>, R*, detail::Entered<R>>> {
    if constexpr (std::is_void_v<detail::Entered<R>>) {
      co_await resource.aenter();
      stack.exits_.push(std::move(node));
      co_return &resource;
    } else {
      detail::Entered<R> entered = co_await resource.aenter();
      stack.exits_.push(std::move(node));
      co_return entered;
    }
  }

  detail::ExitChain exits_;
};

}  // namespace hob
