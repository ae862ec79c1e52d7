// SPDX-License-Identifier: MIT
// A call that another process makes: which function, which arguments, and how the outcome becomes a
// future's. The types are known here; everything below deals in bytes.
#pragma once

#include <hob/core/invoke.hpp>
#include <hob/core/result.hpp>
#include <hob/executor/archive.hpp>
#include <hob/executor/detail/encode.hpp>
#include <hob/executor/function_id.hpp>
#include <hob/executor/map.hpp>
#include <hob/executor/remote_error.hpp>
#include <hob/task/concurrent_future.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob::detail {

/// In the worker: where the result goes.
class WorkerReply {
 public:
  OutArchive archive;
  /// Sends what was written; what it refers to must still be there.
  virtual void send() = 0;

 protected:
  ~WorkerReply() = default;
};
/// In the worker: reads the arguments, calls, and writes the result. One per type of call.
using Invoke = void (*)(InArchive& arguments, AnyFunction function, WorkerReply& reply);

struct ProcessCall {
  ProcessCall() = default;
  ProcessCall(const ProcessCall&) = delete;
  ProcessCall& operator=(const ProcessCall&) = delete;
  ~ProcessCall();
  /// Makes it independent of the caller's memory: large arguments go into a file of their own.
  void detach();

  FunctionId invoke;
  FunctionId function;  // what `invoke` calls; none when its type says it
  OutArchive arguments;
  int file = -1;  // the arguments, when they are large
};

/// What a pool knows of a job. It holds one count of the job's future until `finish` or `fail`, of
/// which exactly one is called, once, unless `begin` gave false.
class ProcessJob {
 public:
  ProcessJob() = default;
  ProcessJob(const ProcessJob&) = delete;
  ProcessJob& operator=(const ProcessJob&) = delete;
  /// True once the future is RUNNING. False: nobody wants it any more; the count was given back.
  virtual bool begin() noexcept = 0;
  /// Reads the result into the future.
  virtual void finish(InArchive& result) noexcept = 0;
  /// Finishes the future with `error`; cancels it when that is null.
  virtual void fail(std::exception_ptr error) noexcept = 0;

  ProcessCall request;
  ProcessJob* next = nullptr;  // in the queue
  bool begun = false;

 protected:
  ~ProcessJob() = default;
};

/// Gives its future what `Read::read(archive)` makes of the bytes.
template <class R, class Read>
class BoundProcessJob final : public ConcurrentFutureState<R>, public ProcessJob {
 public:
  bool begin() noexcept override {
    if (begun) return true;
    try {
      begun = this->set_running_or_notify_cancel();
    } catch (...) {  // the caller finished the future itself
    }
    if (begun) return true;
    this->release();  // perhaps the last one
    return false;
  }
  void finish(InArchive& result) noexcept override {
    const auto queued = Ref<ConcurrentFutureBase>::adopt(this);
    try {
      NoneIfVoid<R> outcome = Read::read(result);
      result.source().expect_end();
      this->set_result(std::move(outcome));
    } catch (...) {
      set(std::current_exception());
    }
  }
  void fail(std::exception_ptr error) noexcept override {
    const auto queued = Ref<ConcurrentFutureBase>::adopt(this);
    try {
      if (!error) this->cancel();
      if (begun || this->set_running_or_notify_cancel()) set(std::move(error));
    } catch (...) {  // the caller finished the future itself
    }
  }

 private:
  void set(std::exception_ptr error) noexcept {
    try {
      this->set_exception(std::move(error));
    } catch (...) {  // the caller finished the future itself
    }
  }
};

// ---- Arguments: what travels for a parameter of type P, or for an argument without one.

template <class A>
inline constexpr bool kIsText = std::is_convertible_v<A, std::basic_string_view<char>>;

template <class P>
struct StoredFor {
  using Type = std::remove_cvref_t<P>;
  static_assert(!(std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>),
                "hob: the function changes its argument by reference; in another process it would "
                "change a copy. Return the new value instead");
};
template <class P>
  requires kIsText<std::remove_cvref_t<P>>
struct StoredFor<P> {  // const char*, string_view: the text itself
  using Type = std::string;
};

template <class... Ts>
struct Signature {};
template <class F>
struct SignatureOf;
template <class R, class... Ps>
struct SignatureOf<R (*)(Ps...)> {
  using Type = Signature<Ps...>;
};
template <class R, class... Ps>
struct SignatureOf<R (*)(Ps...) noexcept> : SignatureOf<R (*)(Ps...)> {};
template <class R, class C, class... Ps>
struct SignatureOf<R (C::*)(Ps...) const> : SignatureOf<R (*)(Ps...)> {};
template <class R, class C, class... Ps>
struct SignatureOf<R (C::*)(Ps...) const noexcept> : SignatureOf<R (*)(Ps...)> {};
template <class R, class C, class... Ps>
struct SignatureOf<R (C::*)(Ps...)> : SignatureOf<R (*)(Ps...)> {};
template <class R, class C, class... Ps>
struct SignatureOf<R (C::*)(Ps...) noexcept> : SignatureOf<R (*)(Ps...)> {};

template <class... Ps>
auto stored_of(Signature<Ps...>) -> std::tuple<typename StoredFor<Ps>::Type...>;
/// A tuple of what travels for `fn(args...)`.
template <class F, class... Args>
auto stored_arguments() {
  if constexpr (kIsFunctionPointer<F>) {
    return std::type_identity<decltype(stored_of(typename SignatureOf<F>::Type()))>();
  } else if constexpr (requires { &F::operator(); }) {
    return std::type_identity<decltype(stored_of(
        typename SignatureOf<decltype(&F::operator())>::Type()))>();
  } else {  // a template: by the arguments
    return std::type_identity<std::tuple<typename StoredFor<std::decay_t<Args>>::Type...>>();
  }
}
template <class F, class... Args>
using StoredArguments = typename decltype(stored_arguments<F, Args...>())::type;

// ---- The calls.

template <class F>
decltype(auto) with_function(AnyFunction function, auto&& call) {
  if constexpr (kIsFunctionPointer<F>) {
    return call(reinterpret_cast<F>(function));
  } else {
    return call(F{});
  }
}

template <class F, class Stored>
struct PlainCall;
template <class F, class... Stored>
struct PlainCall<F, std::tuple<Stored...>> {
  using R = std::remove_cvref_t<std::invoke_result_t<F, Stored...>>;

  static void invoke(InArchive& arguments, AnyFunction function, WorkerReply& reply) {
    std::tuple<Stored...> args{take<Stored>(arguments)...};
    arguments.source().expect_end();
    with_function<F>(function, [&](auto fn) {
      const auto call = [&fn](Stored&... values) -> decltype(auto) {
        return detail::invoke(fn, std::move(values)...);
      };
      if constexpr (std::is_void_v<R>) {
        std::apply(call, args);
        reply.send();
      } else {
        const R result = std::apply(call, args);
        reply.archive(result);
        reply.send();
      }
    });
  }
  static NoneIfVoid<R> read(InArchive& result) {
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return take<R>(result);
    }
  }
};

template <class F, class Item>
struct ChunkCall {
  using R = ItemResult<F, Item>;
  using Results = std::vector<Result<R>>;
  /// Results that are written as they are, without a vector of them all.
  static constexpr bool kInPlace = kForm<NoneIfVoid<R>> == Form::raw;
  static constexpr std::size_t kOutcomeSize =
      1 + (kInPlace && !std::is_void_v<R> ? sizeof(NoneIfVoid<R>) : 0);

  static void put_outcome(OutArchive& archive, const Result<R>& result) {
    archive.sink().write_byte(result.has_value() ? 1 : 0);
    if (!result) {
      put_exception(archive, result.exception());
    } else if constexpr (!std::is_void_v<R>) {
      put(archive, *result);
    }
  }
  static void invoke(InArchive& arguments, AnyFunction function, WorkerReply& reply) {
    auto items = take<std::vector<Item>>(arguments);
    arguments.source().expect_end();
    with_function<F>(function, [&](auto fn) {
      if constexpr (kInPlace) {
        for (Item& item : items) put_outcome(reply.archive, outcome_of(fn, item));
        reply.send();
      } else {
        const Results results = RunChunk<F>(fn)(std::move(items));
        for (const Result<R>& result : results) put_outcome(reply.archive, result);
        reply.send();  // it refers to what is large in the results
      }
    });
  }
  static Results read(InArchive& archive) {
    Results results;
    if constexpr (kInPlace) results.reserve(archive.source().left() / kOutcomeSize);
    while (archive.source().left() > 0) {
      if (archive.source().read_byte() == 0) {
        results.emplace_back(get_exception(archive));
      } else if constexpr (std::is_void_v<R>) {
        results.emplace_back();
      } else {
        results.emplace_back(take<R>(archive));
      }
    }
    return results;
  }
};

template <class F>
AnyFunction as_any_function(F fn) {
  if constexpr (kIsFunctionPointer<F>) {
    return reinterpret_cast<AnyFunction>(fn);
  } else {
    return nullptr;
  }
}
template <class Call, class F>
void name_call(ProcessCall& call, F fn) {
  call.invoke = function_id(reinterpret_cast<AnyFunction>(&Call::invoke));
  if constexpr (kIsFunctionPointer<F>) call.function = function_id(as_any_function(fn));
}

template <class F, class... Stored, std::size_t... I>
constexpr void require_arguments(std::type_identity<std::tuple<Stored...>>,
                                 std::index_sequence<I...>) {
  (require_sendable<Stored, Argument<I>>(), ...);
}
template <class Stored, class A>
using Held =
    std::conditional_t<std::is_same_v<std::remove_cvref_t<A>, Stored>, const Stored&, Stored>;

// Here and below `auto` stands for void: it makes the compiler look into the function where it is
// used, so that its errors name the user's line.
template <class... Stored, class... Args>
auto put_arguments(ProcessCall& call, std::type_identity<std::tuple<Stored...>>, Args&&... args) {
  static_assert(sizeof...(Stored) == sizeof...(Args),
                "hob: the number of arguments is not that of the function's parameters");
  const std::tuple<Held<Stored, Args>...> held(std::forward<Args>(args)...);
  std::apply([&](const Stored&... values) { (put(call.arguments, values), ...); }, held);
  call.detach();  // while what was converted still lives
}

/// Fills in `fn(args...)`.
template <class F, class... Args>
auto make_call(ProcessCall& call, F fn, Args&&... args) {
  using Stored = StoredArguments<F, Args...>;
  constexpr std::type_identity<Stored> kStored;
  require_arguments<F>(kStored, std::make_index_sequence<std::tuple_size_v<Stored>>());
  using Call = PlainCall<F, Stored>;
  if constexpr (!std::is_void_v<typename Call::R>)
    require_sendable<typename Call::R, ResultOf<F>>();
  put_arguments(call, kStored, std::forward<Args>(args)...);
  name_call<Call>(call, fn);
}

}  // namespace hob::detail
