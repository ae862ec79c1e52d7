// SPDX-License-Identifier: MIT
// How a Pool puts the chunks of a `map` together again, and calls back.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/core/result.hpp>
#include <hob/executor/map.hpp>
#include <hob/task/concurrent_future.hpp>

#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob::detail {

/// Processors that this process may use; at least 1.
int processor_count() noexcept;

struct IgnoreError {
  void operator()(const std::exception_ptr&) const noexcept {}
};

template <class T, class Callback, class ErrorCallback>
void call_back(const concurrent::Future<T>& future, Callback callback,
               ErrorCallback error_callback) {
  future.add_done_callback([callback = std::move(callback), on_error = std::move(error_callback)](
                               const concurrent::Future<T>& done) mutable {
    if (std::exception_ptr error = done.base()->outcome_error()) return on_error(error);
    if constexpr (std::is_void_v<T>) {
      callback(None());
    } else {
      callback(done.result());
    }
  });
}

/// The items of a range as tuples of one argument.
template <class Range>
std::vector<std::tuple<ItemOf<Range>>> items_of(Range&& range) {
  std::vector<std::tuple<ItemOf<Range>>> items;
  for (auto&& item : range) items.emplace_back(item);
  return items;
}

/// The chunks of one `map`, until the last has come. Counted atomically; chunks arrive from any
/// thread.
template <class R>
class ChunkGather {
 public:
  using Value = NoneIfVoid<R>;
  using Chunk = concurrent::Future<std::vector<Result<R>>>;

  explicit ChunkGather(std::vector<Chunk> chunks)
      : all_(concurrent::Future<std::vector<Value>>::make()),
        chunks_(std::move(chunks)),
        left_(chunks_.size()) {}
  void retain() noexcept { __atomic_fetch_add(&refs_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_fetch_sub(&refs_, 1, __ATOMIC_ACQ_REL) == 1) delete this;
  }

  static concurrent::Future<std::vector<Value>> start(std::vector<Chunk> chunks) {
    const auto gather = Ref<ChunkGather>::adopt(new ChunkGather(std::move(chunks)));
    const concurrent::Future<std::vector<Value>> all = gather->all_;
    if (gather->chunks_.empty()) {
      gather->finish();
      return all;
    }
    // Copies: the chunks of the gather are emptied by the last that arrives, perhaps while we add.
    const std::vector<Chunk> handles = gather->chunks_;
    all.add_done_callback([handles](const concurrent::Future<std::vector<Value>>& done) {
      if (!done.cancelled()) return;
      for (const Chunk& chunk : handles) chunk.cancel();
    });
    for (const Chunk& chunk : handles) {
      chunk.add_done_callback([gather](const Chunk& done) { gather->arrive(done); });
    }
    return all;
  }

 private:
  ~ChunkGather() = default;

  void arrive(const Chunk& done) {
    if (std::exception_ptr error = error_of(done)) {
      if (!__atomic_exchange_n(&failed_, true, __ATOMIC_ACQ_REL)) error_ = std::move(error);
    }
    if (__atomic_sub_fetch(&left_, 1, __ATOMIC_ACQ_REL) == 0) finish();
  }
  static std::exception_ptr error_of(const Chunk& done) {
    if (std::exception_ptr error = done.base()->outcome_error()) return error;
    for (const Result<R>& result : done.result()) {
      if (!result) return result.exception();
    }
    return nullptr;
  }
  void finish() {
    if (error_ && is_cancelled_error(error_)) all_.cancel();
    if (!all_.set_running_or_notify_cancel()) return;
    if (error_) return all_.set_exception(error_);
    try {
      std::vector<Value> values;
      for (const Chunk& chunk : chunks_) {
        std::vector<Result<R>> results = take_value(chunk);
        for (Result<R>& result : results) values.push_back(std::move(*result));
      }
      chunks_.clear();
      all_.set_result(std::move(values));
    } catch (...) {
      all_.set_exception(std::current_exception());
    }
  }

  concurrent::Future<std::vector<Value>> all_;
  std::vector<Chunk> chunks_;
  std::size_t left_;
  std::exception_ptr error_;
  bool failed_ = false;
  unsigned refs_ = 1;
};

template <class R>
auto gather_chunks(std::vector<concurrent::Future<std::vector<Result<R>>>> chunks) {
  return ChunkGather<R>::start(std::move(chunks));
}

}  // namespace hob::detail
