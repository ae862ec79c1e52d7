// SPDX-License-Identifier: MIT
// ImapIterator: what Pool's `imap` and `imap_unordered` give: results as they come.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/ref.hpp>
#include <hob/core/result.hpp>
#include <hob/executor/map.hpp>
#include <hob/task/concurrent_future.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace hob {
namespace detail {

/// Which jobs of a numbered row have ended and were not taken yet. Counted atomically; any thread
/// lets jobs arrive, one takes.
class Arrivals {
 public:
  static Ref<Arrivals> make(std::size_t jobs, bool ordered);
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;
  virtual ~Arrivals() = default;
  void retain() noexcept { __atomic_fetch_add(&refs_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_fetch_sub(&refs_, 1, __ATOMIC_ACQ_REL) == 1) delete this;
  }

  /// Job `number` has ended.
  virtual void arrive(std::size_t number) noexcept = 0;
  /// The number of the next job, in order of the row or of arrival; nothing when it is not there.
  virtual std::optional<std::size_t> take() = 0;
  virtual bool all_taken() const = 0;
  /// Done as soon as `take` may give something. Cancelling it is harmless.
  virtual concurrent::Future<> next_arrival() = 0;

 protected:
  Arrivals() = default;

 private:
  unsigned refs_ = 1;
};

}  // namespace detail

/// Gives results one by one. An item whose call threw throws when its turn comes, and the iteration
/// may go on after that. One thread, or one coroutine, at a time. Semantics of
/// multiprocessing.pool.IMapIterator.
template <class R>
class ImapIterator {
  using Chunk = concurrent::Future<std::vector<Result<R>>>;

 public:
  using value_type = detail::NoneIfVoid<R>;

  ImapIterator(std::vector<Chunk> jobs, bool ordered)
      : jobs_(std::move(jobs)), arrivals_(detail::Arrivals::make(jobs_.size(), ordered)) {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      jobs_[i].add_done_callback([arrivals = arrivals_, i](auto&&) { arrivals->arrive(i); });
    }
  }

  /// Blocks for the next result; nothing after the last. Throws TimeoutError when it is not there
  /// in time, and may be asked again.
  std::optional<value_type> next(Duration timeout = Duration::forever()) {
    while (at_ == chunk_.size()) {
      if (arrivals_->all_taken()) return std::nullopt;
      if (!load()) arrivals_->next_arrival().result(timeout);
    }
    return give();
  }
  /// The same without blocking. Cancelling it loses nothing.
  Coro<std::optional<value_type>> anext() {
    while (at_ == chunk_.size()) {
      if (arrivals_->all_taken()) co_return std::nullopt;
      if (!load()) co_await arrivals_->next_arrival();
    }
    co_return give();
  }

  struct End {};
  class Iterator {
   public:
    explicit Iterator(ImapIterator& results) : results_(&results), value_(results.next()) {}
    value_type& operator*() { return *value_; }
    Iterator& operator++() {
      value_ = results_->next();
      return *this;
    }
    friend bool operator==(const Iterator& it, End) { return !it.value_.has_value(); }

   private:
    ImapIterator* results_;
    std::optional<value_type> value_;
  };
  Iterator begin() { return Iterator(*this); }
  End end() const { return {}; }

 private:
  bool load() {
    const std::optional<std::size_t> number = arrivals_->take();
    if (!number) return false;
    Chunk job = std::move(jobs_[*number]);
    chunk_.clear();
    at_ = 0;
    chunk_ = detail::take_value(job);
    return true;
  }
  std::optional<value_type> give() {
    return std::optional<value_type>(std::move(chunk_[at_++]).value());
  }

  std::vector<Chunk> jobs_;
  detail::Ref<detail::Arrivals> arrivals_;
  std::vector<Result<R>> chunk_;
  std::size_t at_ = 0;
};

}  // namespace hob
