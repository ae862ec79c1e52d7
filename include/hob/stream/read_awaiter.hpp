// SPDX-License-Identifier: MIT
// The awaiters of StreamReader. A read is not a coroutine: it looks at what is buffered, then tries
// the transport, and only then suspends. The task's node does the reading when the loop runs it,
// and the task goes on once the whole read is complete.
#pragma once

#include <hob/core/text.hpp>
#include <hob/stream/stream_ref.hpp>
#include <hob/task/awaitable.hpp>

#include <coroutine>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hob::detail {

/// One read, and how far it is. Lives in the frame of the coroutine that awaits it.
class ReadAwaiter : public LibraryAwaiter {
 public:
  enum class What : unsigned char { some, all, exactly, until, line, view };
  enum class State : unsigned char {
    pending,
    done,
    incomplete,  // the end came first
    too_long,    // the separator lies beyond the limit
    not_found,   // so much without a separator
    failed,      // the stream's exception
    busy,        // another task reads
    misused,     // arguments that make no sense
    empty,       // no stream
  };

  ReadAwaiter(const StreamRef& stream, What what, std::size_t size) noexcept
      : stream_(stream), size_(size), what_(what) {}
  /// Only before it waits: g++ moves an awaiter on its way into the frame.
  ReadAwaiter(ReadAwaiter&&) noexcept = default;
  ReadAwaiter& operator=(const ReadAwaiter&) = delete;
  ~ReadAwaiter() {
    if (waiting_) [[unlikely]]
      leave();
  }

  bool await_ready() noexcept;
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    suspend(self.promise());
  }

 protected:
  /// Throws what ended the read; else gives the bytes, still in the stream.
  std::string_view finish();
  /// Takes them out.
  void consume() noexcept;
  std::string take();

  const Text* separators_ = nullptr;
  std::size_t separator_count_ = 0;

 private:
  friend StreamState;
  void suspend(PromiseBase& leaf) noexcept;
  void leave() noexcept;
  [[noreturn]] void raise();
  static void on_ready(Node* node);
  static bool cancel(TaskBase& task, const Ref<Message>& message) noexcept;
  static const WaitKind kKind;

  StreamRef stream_;
  TaskBase* task_ = nullptr;
  std::size_t size_;         // how much is wanted
  std::size_t scanned_ = 0;  // no separator begins before this
  std::size_t taken_ = 0;    // once done
  What what_;
  State state_ = State::pending;
  bool waiting_ = false;
  bool soon_ = false;  // it need not wait for the transport, only let others run
};

/// read, readexactly, readline: gives bytes.
class BytesAwaiter : public ReadAwaiter {
 public:
  using ReadAwaiter::ReadAwaiter;
  std::string await_resume() { return take(); }
};

/// anext: gives lines until the end.
class LineAwaiter : public ReadAwaiter {
 public:
  using ReadAwaiter::ReadAwaiter;
  std::optional<std::string> await_resume() {
    std::string line = take();
    if (line.empty()) return std::nullopt;
    return line;
  }
};

/// peek and read_some: gives a view.
template <bool Consume>
class ViewAwaiter : public ReadAwaiter {
 public:
  using ReadAwaiter::ReadAwaiter;
  std::string_view await_resume() {
    const std::string_view bytes = finish();
    if (Consume) consume();
    return bytes;
  }
};

/// readuntil: keeps the separators.
template <std::size_t N>
class UntilAwaiter : public BytesAwaiter {
 public:
  template <class... Texts>
  explicit UntilAwaiter(const StreamRef& stream, const Texts&... texts) noexcept
      : BytesAwaiter(stream, What::until, 0), texts_{Text(texts)...} {
    separators_ = texts_;
    separator_count_ = N;
  }
  UntilAwaiter(const UntilAwaiter& other) noexcept : BytesAwaiter(other) {
    for (std::size_t i = 0; i < N; ++i) texts_[i] = other.texts_[i];
    separators_ = texts_;
  }
  UntilAwaiter& operator=(const UntilAwaiter&) = delete;
  ~UntilAwaiter() = default;
  UntilAwaiter(UntilAwaiter&& other) noexcept : BytesAwaiter(std::move(other)) {
    for (std::size_t i = 0; i < N; ++i) texts_[i] = other.texts_[i];
    separators_ = texts_;
  }

 private:
  Text texts_[N];
};

}  // namespace hob::detail
