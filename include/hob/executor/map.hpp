// SPDX-License-Identifier: MIT
// map: one function over the items of ranges, in chunks, with results in order. Written once for
// all executors: they only need to run a chunk (`submit_chunk`).
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/invoke.hpp>
#include <hob/core/raise.hpp>
#include <hob/core/result.hpp>
#include <hob/executor/detail/throw_witness.hpp>
#include <hob/executor/executor.hpp>
#include <hob/task/concurrent_future.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {
namespace detail {

template <class R>
concept InputRange = requires(std::remove_reference_t<R>& range) {
  *std::begin(range);
  std::begin(range) != std::end(range);
};

template <class It>
struct ItemOfIterator {
  using Type = std::remove_cvref_t<decltype(*std::declval<It&>())>;
};
template <class It>
  requires requires { typename std::iterator_traits<It>::value_type; }
struct ItemOfIterator<It> {  // not the proxy of a vector<bool>
  using Type = typename std::iterator_traits<It>::value_type;
};
/// What a range holds.
template <class R>
using ItemOf = typename ItemOfIterator<
    std::remove_cvref_t<decltype(std::begin(std::declval<std::remove_reference_t<R>&>()))>>::Type;

/// Waits, and moves the value out: for jobs whose future nobody else has.
template <class T>
T take_value(const concurrent::Future<T>& job, Duration timeout = Duration::forever()) {
  job.base()->check_value(timeout);
  return std::move(static_cast<ConcurrentFutureState<T>&>(*job.base()).value.get());
}

/// Calls `fn` with the parts of a tuple, a pair or an array.
template <class F, class Item>
decltype(auto) call_with(F& fn, Item& item) {
  return std::apply(
      [&fn](auto&... args) -> decltype(auto) { return detail::invoke(fn, std::move(args)...); },
      item);
}
template <class F, class Item>
using ItemResult =
    std::remove_cvref_t<decltype(call_with(std::declval<F&>(), std::declval<Item&>()))>;

/// The outcome of one call.
template <class F, class Item>
Result<ItemResult<F, Item>> outcome_of(F& fn, Item& item) {
  try {
    if constexpr (std::is_void_v<ItemResult<F, Item>>) {
      call_with(fn, item);
      return {};
    } else {
      return call_with(fn, item);
    }
  } catch (const ThrowWitness&) {
  } catch (...) {
    return std::current_exception();
  }
  __builtin_unreachable();
}

/// The job of a chunk: each item has an outcome of its own, whatever became of those before it.
template <class F>
class RunChunk {
 public:
  explicit RunChunk(F fn) : fn_(std::move(fn)) {}
  template <class Item>
  std::vector<Result<ItemResult<F, Item>>> operator()(std::vector<Item> items) {
    std::vector<Result<ItemResult<F, Item>>> results;
    results.reserve(items.size());
    for (Item& item : items) results.push_back(outcome_of(fn_, item));
    return results;
  }

 private:
  F fn_;
};

/// The items of several ranges side by side, as tuples, until the shortest ends. Holds ranges that
/// were temporaries, and refers to the others.
template <class... Ranges>
class Zip {
 public:
  using Item = std::tuple<ItemOf<Ranges>...>;

  explicit Zip(Ranges&&... ranges) : ranges_(std::forward<Ranges>(ranges)...) {}
  std::optional<Item> next() {
    if (!at_) at_.emplace(begins(std::index_sequence_for<Ranges...>()));
    return take(std::index_sequence_for<Ranges...>());
  }

 private:
  template <class R>
  static auto begin_of(R& range) {
    return std::pair(std::begin(range), std::end(range));
  }
  template <class It, class End>
  static bool at_end(const std::pair<It, End>& at) {
    return at.first == at.second;
  }
  template <std::size_t... I>
  auto begins(std::index_sequence<I...>) {
    return std::make_tuple(begin_of(std::get<I>(ranges_))...);
  }
  template <std::size_t... I>
  std::optional<Item> take(std::index_sequence<I...>) {
    auto& at = *at_;
    if ((at_end(std::get<I>(at)) || ...)) return std::nullopt;
    std::optional<Item> item(std::in_place, *std::get<I>(at).first...);
    (++std::get<I>(at).first, ...);
    return item;
  }

  std::tuple<Ranges...> ranges_;  // an lvalue's is a reference
  std::optional<std::tuple<decltype(begin_of(std::declval<Ranges&>()))...>> at_;
};

/// On the clock of the waiting calls; forever stays forever.
Duration blocking_deadline(Duration timeout) noexcept;
Duration time_left(Duration deadline) noexcept;

/// Behind MapResults: what was submitted and not given yet, and what is to come.
template <class E, class F, class... Ranges>
class MapState {
  using Items = Zip<Ranges...>;
  using Item = typename Items::Item;

 public:
  using R = ItemResult<F, Item>;

  MapState(E& executor, MapOptions options, F fn, Ranges&&... ranges)
      : executor_(executor),
        options_(options),
        until_(blocking_deadline(options.timeout)),
        fn_(std::move(fn)),
        items_(std::forward<Ranges>(ranges)...) {
    if (options.chunksize < 1) raise_value_error("chunksize must be >= 1.");
    try {
      while ((options_.buffersize == 0 || jobs_.size() - taken_ < options_.buffersize) &&
             submit()) {
      }
    } catch (...) {
      cancel();
      throw;
    }
  }
  MapState(const MapState&) = delete;
  MapState& operator=(const MapState&) = delete;
  ~MapState() { cancel(); }

  std::optional<NoneIfVoid<R>> next() {
    if (at_ == chunk_.size() && !next_chunk()) return std::nullopt;
    Result<R>& result = chunk_[at_++];
    if (!result) {
      const std::exception_ptr error = result.exception();
      cancel();
      std::rethrow_exception(error);
    }
    return std::optional<NoneIfVoid<R>>(std::move(*result));
  }

 private:
  bool next_chunk() {
    if (taken_ == jobs_.size()) return false;
    if (options_.buffersize != 0) submit();
    auto job = std::move(jobs_[taken_++]);
    try {
      chunk_ = take_value(job, time_left(until_));
    } catch (...) {
      job.cancel();
      cancel();
      throw;
    }
    at_ = 0;
    return true;
  }
  bool submit() {
    std::vector<Item> chunk;
    while (chunk.size() < options_.chunksize) {
      std::optional<Item> item = items_.next();
      if (!item) break;
      chunk.push_back(std::move(*item));
    }
    if (chunk.empty()) return false;
    if (taken_ == kSpent) {  // those that were given
      jobs_.erase(jobs_.begin(), jobs_.begin() + kSpent);
      taken_ = 0;
    }
    jobs_.push_back(executor_.submit_chunk(fn_, std::move(chunk)));
    return true;
  }
  /// Nobody will ask for the rest.
  void cancel() noexcept {
    for (std::size_t i = taken_; i < jobs_.size(); ++i) jobs_[i].cancel();
    jobs_.clear();
    taken_ = 0;
    chunk_.clear();
    at_ = 0;
  }

  E& executor_;
  MapOptions options_;
  Duration until_;
  F fn_;
  Items items_;
  static constexpr std::size_t kSpent = 1024;
  std::vector<concurrent::Future<std::vector<Result<R>>>> jobs_;
  std::size_t taken_ = 0;  // of those in front, which are empty by now
  std::vector<Result<R>> chunk_;
  std::size_t at_ = 0;
};

}  // namespace detail

/// The results of `map`, in order. Blocks for one that is not there yet: TimeoutError after the
/// time, or the exception that the function threw; either ends the results. Jobs that nobody can
/// ask for any more are cancelled. The executor must outlive it.
template <class State>
class MapResults {
 public:
  using value_type = detail::NoneIfVoid<typename State::R>;

  explicit MapResults(State* state) : state_(state) {}
  MapResults(MapResults&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  MapResults& operator=(MapResults&&) = delete;
  ~MapResults() { delete state_; }

  /// The next result; nothing after the last.
  std::optional<value_type> next() { return state_->next(); }
  /// The rest of them.
  std::vector<value_type> all() {
    std::vector<value_type> results;
    while (std::optional<value_type> result = next()) results.push_back(std::move(*result));
    return results;
  }

  struct End {};
  class Iterator {
   public:
    explicit Iterator(MapResults& results) : results_(&results), value_(results.next()) {}
    value_type& operator*() { return *value_; }
    Iterator& operator++() {
      value_ = results_->next();
      return *this;
    }
    friend bool operator==(const Iterator& it, End) { return !it.value_.has_value(); }

   private:
    MapResults* results_;
    std::optional<value_type> value_;
  };
  Iterator begin() { return Iterator(*this); }
  End end() const { return {}; }

 private:
  State* state_;
};

namespace detail {

template <class E, class F, class... Ranges>
auto map_on(E& executor, MapOptions options, F fn, Ranges&&... ranges) {
  using State = MapState<E, F, Ranges...>;
  return MapResults<State>(
      new State(executor, options, std::move(fn), std::forward<Ranges>(ranges)...));
}

}  // namespace detail
}  // namespace hob
