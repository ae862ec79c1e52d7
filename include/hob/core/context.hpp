// SPDX-License-Identifier: MIT
// Context variables (PEP 567): values that follow a task instead of a thread. A Context is a holder
// of an immutable map; every task has its own, copied from its creator's at creation, and every
// callback runs in the one that was current when it was scheduled. Copying one costs a pointer; a
// task that never saw a variable carries none at all.
#pragma once

#include <hob/core/memory.hpp>
#include <hob/core/raise.hpp>
#include <hob/core/ref.hpp>

#include <cstdint>
#include <new>
#include <utility>

namespace hob {

namespace detail {

/// A value in a context, type-erased. Shared by contexts, perhaps of several threads: counted
/// atomically.
struct ContextValue {
  virtual ~ContextValue() = default;
  void retain() noexcept { __atomic_fetch_add(&refs, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_fetch_sub(&refs, 1, __ATOMIC_ACQ_REL) == 1) delete this;
  }
  std::size_t refs = 1;
};

class ContextMap;  // immutable; in context.cpp

/// What a Context handle refers to: the holder that `ContextVar::set` writes to. One thread's.
class ContextState : public Pooled {
 public:
  explicit ContextState(ContextMap* map) noexcept : map_(map) {}
  ContextState(const ContextState&) = delete;
  ContextState& operator=(const ContextState&) = delete;

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) destroy();
  }
  /// Null when nothing is set: the caller then needs no state of its own.
  ContextMap* map() const noexcept { return map_; }
  const ContextValue* find(std::uint64_t id) const noexcept;
  /// Puts `value` (null erases).
  void assign(std::uint64_t id, Ref<ContextValue> value);

  /// Whether a copy would be the same as none.
  bool blank() const noexcept { return !map_ && deadline_ns == INT64_MAX; }

  /// The nearest deadline of the timeouts that run in this context; INT64_MAX for none.
  std::int64_t deadline_ns = INT64_MAX;
  bool entered = false;

 private:
  ~ContextState();
  void destroy() noexcept;  // out of line: whatever has a context would contain it

  ContextMap* map_;
  std::size_t refs_ = 1;
};

/// Where the current context lives: a task's, a callback's, or the thread's own; null stands for
/// the last. The slot may be empty, which means an empty context that nobody needed yet.
using ContextSlot = Ref<ContextState>;
extern constinit thread_local ContextSlot* current_context_slot
    __attribute__((tls_model("initial-exec")));

ContextSlot& thread_context_slot() noexcept;
inline ContextSlot& current_context() noexcept {
  return current_context_slot ? *current_context_slot : thread_context_slot();
}
/// A fresh copy of the current context; empty when that holds nothing.
ContextSlot copy_context_state(const ContextState& state);
/// Whether a copy of the current context would be none.
inline bool current_context_is_blank() noexcept {
  const ContextSlot& slot = current_context();
  return !slot || slot->blank();
}
inline ContextSlot copy_current_context() {
  if (current_context_is_blank()) [[likely]]
    return {};
  return copy_context_state(*current_context());
}
/// The current state, made on demand.
ContextState& current_context_state();
std::uint64_t new_context_var_id() noexcept;

/// Makes `slot` current for a scope.
class ContextScope {
 public:
  explicit ContextScope(ContextSlot& slot) noexcept
      : outer_(std::exchange(current_context_slot, &slot)) {}
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;
  ~ContextScope() { current_context_slot = outer_; }

 private:
  ContextSlot* outer_;
};

[[noreturn]] void raise_lookup_error(const char* variable);

}  // namespace detail

/// A set of context variables and their values; a handle, cheap to copy, of one thread.
/// Behaviour of contextvars.Context.
class Context {
 public:
  /// An empty context.
  Context() : state_(detail::Ref<detail::ContextState>::adopt(new detail::ContextState(nullptr))) {}

  /// Calls `fn(args...)` with this context current; what it sets stays in here.
  /// Throws RuntimeError when the context is already entered.
  template <class F, class... Args>
  decltype(auto) run(F&& fn, Args&&... args) {
    const Entered entered(*state_);
    const detail::ContextScope scope(state_);
    return std::forward<F>(fn)(std::forward<Args>(args)...);
  }
  /// A copy that changes apart from this one. O(1).
  Context copy() const;
  friend bool operator==(const Context& a, const Context& b) noexcept {
    return a.state_ == b.state_;
  }

  explicit Context(detail::ContextSlot state) noexcept : state_(std::move(state)) {}
  const detail::ContextSlot& state() const noexcept { return state_; }

 private:
  struct Entered {
    explicit Entered(detail::ContextState& s) : state(s) {
      if (state.entered) detail::raise_runtime_error("cannot enter context: it is already entered");
      state.entered = true;
    }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;
    ~Entered() { state.entered = false; }
    detail::ContextState& state;
  };

  detail::ContextSlot state_;
};

/// A copy of the current context (contextvars.copy_context).
Context copy_context();

/// A variable whose value belongs to the current context: make it once, at namespace scope.
/// `get`, `set` and `reset` may be called on any thread; each thread and task sees its own context.
template <class T>
class ContextVar {
  struct Value : detail::ContextValue, detail::Pooled {
    explicit Value(T v) : value(std::move(v)) {}
    T value;
  };

 public:
  /// What `set` gives back and `reset` takes: the value before. Single use.
  class Token {
   public:
    Token(Token&&) noexcept = default;
    Token& operator=(Token&&) noexcept = default;

   private:
    friend ContextVar;
    Token(std::uint64_t variable, detail::Ref<detail::ContextValue> old,
          detail::ContextSlot where) noexcept
        : variable_(variable), old_(std::move(old)), where_(std::move(where)) {}
    std::uint64_t variable_;
    detail::Ref<detail::ContextValue> old_;
    detail::ContextSlot where_;
  };

  explicit ContextVar(const char* name) : name_(name), id_(detail::new_context_var_id()) {}
  ContextVar(const char* name, T default_value) : ContextVar(name) {
    default_ = detail::Ref<Value>::adopt(new Value(std::move(default_value)));
  }
  ContextVar(const ContextVar&) = delete;
  ContextVar& operator=(const ContextVar&) = delete;

  const char* name() const noexcept { return name_; }

  /// The value in the current context, else the default; throws LookupError when there is neither.
  T get() const {
    if (const Value* value = find()) return value->value;
    if (default_) return default_->value;
    detail::raise_lookup_error(name_);
  }
  /// The value in the current context, else `fallback`.
  T get(T fallback) const {
    const Value* value = find();
    return value ? value->value : std::move(fallback);
  }
  /// Sets the value in the current context; the token undoes it.
  Token set(T value) {
    detail::ContextState& state = detail::current_context_state();
    auto* old = const_cast<detail::ContextValue*>(state.find(id_));
    Token token{id_, detail::Ref<detail::ContextValue>(old), detail::ContextSlot(&state)};
    state.assign(id_, detail::Ref<detail::ContextValue>::adopt(new Value(std::move(value))));
    return token;
  }
  /// Restores the value from before the `set` that made `token`. Throws RuntimeError when the token
  /// was used, ValueError when it was made by another variable or in another context.
  void reset(Token& token) {
    if (!token.where_)
      detail::raise_runtime_error("ContextVar::reset: the token has already been used once");
    if (token.variable_ != id_) {
      detail::raise_value_error(
          "ContextVar::reset: the token was created by a different ContextVar");
    }
    if (!(token.where_ == detail::current_context())) {
      detail::raise_value_error("ContextVar::reset: the token was created in a different Context");
    }
    token.where_->assign(id_, std::move(token.old_));
    token.where_ = {};
  }
  void reset(Token&& token) { reset(token); }

 private:
  const Value* find() const noexcept {
    const detail::ContextSlot& slot = detail::current_context();
    return slot ? static_cast<const Value*>(slot->find(id_)) : nullptr;
  }

  const char* name_;
  std::uint64_t id_;
  detail::Ref<Value> default_;
};

}  // namespace hob
