// SPDX-License-Identifier: MIT
//
// The hand-written baseline: what C++20 coroutines cost on one thread when nothing is promised but
// FIFO order. Frames from thread-local free lists by size, an intrusive ready queue, timers from
// bare_timers.hpp, results by value. It has no cancellation, no exceptions, no names, no checks,
// and no I/O: the floor that a library is compared with, not a library.
#pragma once

#include <time.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>
#include <vector>

#include "bare_timers.hpp"

namespace bare {

/// Free lists in steps of 16 bytes, filled from blocks that are never given back.
class FramePool {
 public:
  void* allocate(std::size_t size) {
    std::size_t step = (size + 15) / 16;
    if (step >= kSteps) [[unlikely]]
      return ::operator new(size);
    if (Free* free = lists_[step]) {
      lists_[step] = free->next;
      return free;
    }
    return carve(step * 16);
  }
  void release(void* memory, std::size_t size) {
    std::size_t step = (size + 15) / 16;
    if (step >= kSteps) [[unlikely]]
      return ::operator delete(memory);
    lists_[step] = new (memory) Free{lists_[step]};
  }

 private:
  struct Free {
    Free* next;
  };
  static constexpr std::size_t kSteps = 65;
  static constexpr std::size_t kBlock = 64 * 1024;

  [[gnu::noinline]] void* carve(std::size_t size) {
    if (std::size_t(end_ - begin_) < size) {
      begin_ = static_cast<char*>(::operator new(kBlock));
      end_ = begin_ + kBlock;
    }
    return std::exchange(begin_, begin_ + size);
  }

  Free* lists_[kSteps] = {};
  char* begin_ = nullptr;
  char* end_ = nullptr;
};

inline constinit thread_local FramePool frames;

/// Something that can be in the ready queue.
struct Ready {
  void (*run)(Ready*);
  Ready* next;
};

struct ReadyQueue {
  Ready* first = nullptr;
  Ready* last = nullptr;

  bool empty() const { return first == nullptr; }
  void push(Ready* ready) {
    ready->next = nullptr;
    (first ? last->next : first) = ready;
    last = ready;
  }
  /// Runs what is ready now; what becomes ready meanwhile waits for the next turn.
  void run_turn() {
    Ready* ready = std::exchange(first, nullptr);
    while (ready) {
      Ready* next = ready->next;
      ready->run(ready);
      ready = next;
    }
  }
};

// Constant initialisation: a thread_local that needs a constructor is checked at each access.
inline constinit thread_local ReadyQueue ready_queue;

/// A suspended coroutine in the ready queue.
struct Resume : Ready {
  std::coroutine_handle<> handle;
  static void go(Ready* self) { static_cast<Resume*>(self)->handle.resume(); }
  void schedule(std::coroutine_handle<> coroutine) {
    run = go;
    handle = coroutine;
    ready_queue.push(this);
  }
};

struct PromiseBase {
  std::coroutine_handle<> continuation;

  static void* operator new(std::size_t size) { return frames.allocate(size); }
  static void operator delete(void* memory, std::size_t size) { frames.release(memory, size); }

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) noexcept {
      PromiseBase& promise = done.promise();
      return promise.continuation ? promise.continuation : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
};

/// A lazy coroutine, awaited in place.
template <class T>
class [[nodiscard]] Coro {
 public:
  struct promise_type : PromiseBase {
    T value;
    Coro get_return_object() { return Coro(Handle::from_promise(*this)); }
    void return_value(T result) { value = std::move(result); }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Coro(Coro&& other) = delete;
  ~Coro() { handle_.destroy(); }

  bool await_ready() noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  T await_resume() { return std::move(handle_.promise().value); }

 private:
  explicit Coro(Handle handle) : handle_(handle) {}
  Handle handle_;
};

/// A coroutine in the ready queue from the start; await it for its result. The node of the ready
/// queue is in the promise, so that a task is one frame and nothing else.
template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type : PromiseBase, Ready {
    T value;
    Task get_return_object() {
      run = go;
      ready_queue.push(this);
      return Task(Handle::from_promise(*this));
    }
    void return_value(T result) { value = std::move(result); }
    static void go(Ready* self) {
      Handle::from_promise(*static_cast<promise_type*>(self)).resume();
    }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool done() const { return handle_.done(); }
  bool await_ready() noexcept { return handle_.done(); }
  void await_suspend(std::coroutine_handle<> joiner) noexcept {
    handle_.promise().continuation = joiner;
  }
  T await_resume() { return std::move(handle_.promise().value); }

 private:
  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_;
};

/// Resumes who waits when the last of `pending` has arrived.
struct Countdown {
  std::size_t pending;
  std::coroutine_handle<> waiter{};

  void arrive() {
    if (--pending == 0 && waiter) waiter.resume();
  }
  bool await_ready() noexcept { return pending == 0; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { waiter = handle; }
  void await_resume() noexcept {}
};

/// A coroutine that nobody holds: it frees itself and tells `countdown`. For gather, and for tasks
/// without a result.
class Detached {
 public:
  struct promise_type : Ready {
    Countdown* countdown;

    template <class... Rest>
    explicit promise_type(Countdown& told, Rest&...) : countdown(&told) {}
    static void* operator new(std::size_t size) { return frames.allocate(size); }
    static void operator delete(void* memory, std::size_t size) { frames.release(memory, size); }

    Detached get_return_object() {
      run = go;
      ready_queue.push(this);
      return {};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() { countdown->arrive(); }
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
    static void go(Ready* self) {
      std::coroutine_handle<promise_type>::from_promise(*static_cast<promise_type*>(self)).resume();
    }
  };
};

/// Reschedules the awaiting coroutine at the end of the ready queue.
struct Yield : Resume {
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { schedule(handle); }
  void await_resume() noexcept {}
};

/// A bounded queue for one producer and one consumer that are coroutines. A wake-up goes through
/// the ready queue.
template <class T>
class Queue {
 public:
  explicit Queue(std::size_t capacity) : items_(capacity) {}

  auto put(T item) {
    struct Put {
      Queue& queue;
      T item;
      bool await_ready() noexcept { return queue.size_ < queue.items_.size(); }
      void await_suspend(std::coroutine_handle<> handle) noexcept { queue.putter_ = handle; }
      void await_resume() noexcept { queue.push(std::move(item)); }
    };
    return Put{*this, std::move(item)};
  }
  auto get() {
    struct Get {
      Queue& queue;
      bool await_ready() noexcept { return queue.size_ > 0; }
      void await_suspend(std::coroutine_handle<> handle) noexcept { queue.getter_ = handle; }
      T await_resume() noexcept { return queue.pop(); }
    };
    return Get{*this};
  }

 private:
  void push(T item) {
    std::size_t at = first_ + size_++;
    items_[at < items_.size() ? at : at - items_.size()] = std::move(item);
    wake(getter_);
  }
  T pop() {
    T item = std::move(items_[first_]);
    if (++first_ == items_.size()) first_ = 0;
    --size_;
    wake(putter_);
    return item;
  }
  void wake(std::coroutine_handle<>& waiter) {
    if (waiter) wake_.schedule(std::exchange(waiter, nullptr));
  }

  std::vector<T> items_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  // One of the two waits at most: full and empty exclude each other.
  std::coroutine_handle<> getter_;
  std::coroutine_handle<> putter_;
  Resume wake_;
};

/// Posts a callback: one node from the pool, called and released on the next turn.
template <class F>
void call_soon(F f) {
  struct Call : Ready {
    F f;
    explicit Call(F f) : f(std::move(f)) { run = go; }
    static void go(Ready* ready) {
      auto* self = static_cast<Call*>(ready);
      F f = std::move(self->f);
      self->~Call();
      frames.release(self, sizeof(Call));
      f();
    }
  };
  ready_queue.push(new (frames.allocate(sizeof(Call))) Call(std::move(f)));
}

inline std::uint64_t clock_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::uint64_t(now.tv_sec) * 1'000'000'000u + std::uint64_t(now.tv_nsec);
}

/// The loop: ready queue and one timer store. Time is read once per turn, and only with timers.
template <class Timers>
class Loop {
 public:
  struct Timer : Timers::Node {
    void (*fire)(Timer*);
  };

  Loop() { update(); }

  std::uint64_t now() const { return now_; }
  void update() {
    now_ = clock_ns();
    timers_.fire(now_, [](auto* node) {
      auto* timer = static_cast<Timer*>(node);
      timer->fire(timer);
    });
  }
  void set(Timer* timer, std::uint64_t when) { timers_.insert(timer, when); }
  void cancel(Timer* timer) { timers_.erase(timer); }

  /// Runs until `done` or until nothing is left to do.
  void run(const bool& done) {
    while (!done) {
      ready_queue.run_turn();
      if (timers_.empty()) {
        if (ready_queue.empty()) return;
        continue;
      }
      if (ready_queue.empty() && !done) sleep_until(timers_.next());
      update();
    }
  }

  /// co_await loop.sleep(ns).
  struct Sleep : Timer {
    Loop& loop;
    std::uint64_t delay;
    std::coroutine_handle<> handle;
    Sleep(Loop& loop, std::uint64_t delay) : loop(loop), delay(delay) { this->fire = wake; }
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) noexcept {
      handle = coroutine;
      loop.set(this, loop.now() + delay);
    }
    void await_resume() noexcept {}
    static void wake(Timer* self) { static_cast<Sleep*>(self)->handle.resume(); }
  };
  Sleep sleep(std::uint64_t delay) { return Sleep(*this, delay); }

 private:
  void sleep_until(std::uint64_t when) {
    if (when <= clock_ns()) return;
    timespec until{time_t(when / 1'000'000'000u), long(when % 1'000'000'000u)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }

  std::uint64_t now_ = 0;
  Timers timers_;
};

}  // namespace bare
