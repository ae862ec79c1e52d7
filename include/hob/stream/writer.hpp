// SPDX-License-Identifier: MIT
// StreamWriter: writes bytes, and closes the stream.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/text.hpp>
#include <hob/stream/stream_ref.hpp>
#include <hob/stream/transport.hpp>
#include <hob/task/awaitable.hpp>

#include <coroutine>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace hob {

struct ExtraInfo;
class Security;

namespace detail {

/// drain and wait_closed: one of many tasks that wait for the stream.
class WriterAwaiter : public LibraryAwaiter {
 public:
  enum class What : unsigned char { drain, closed };
  WriterAwaiter(const StreamRef& stream, What what) noexcept : stream_(stream), what_(what) {}
  bool await_ready() noexcept;
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    suspend(self.promise());
  }
  void await_resume();

 private:
  void suspend(PromiseBase& leaf) noexcept;
  static bool cancel(TaskBase& task, const Ref<Message>& message) noexcept;
  static const WaitKind kDrain;
  static const WaitKind kClosed;

  StreamRef stream_;
  TaskBase* task_ = nullptr;
  What what_;
};

}  // namespace detail

/// Options of StreamWriter::start_tls.
struct StartTlsOptions {
  StartTlsOptions() noexcept = default;
  explicit StartTlsOptions(std::string name) noexcept : server_hostname(std::move(name)) {}

  /// The client's side: the name that the server's certificate must be for.
  std::string server_hostname;
  bool server_side = false;
  Duration ssl_handshake_timeout = Duration::nanoseconds(60'000'000'000);
  Duration ssl_shutdown_timeout = Duration::nanoseconds(30'000'000'000);
};

/// The writing side of a stream. A cheap handle: copies name the same stream, and when the last
/// handle of either side goes the stream is closed; what was written still goes out. Belongs to the
/// loop's thread. Semantics of asyncio.StreamWriter.
class StreamWriter {
 public:
  /// asyncio's default: 64 KiB.
  static constexpr std::size_t kHighWater = 64 << 10;

  /// An empty handle.
  StreamWriter() noexcept = default;
  explicit StreamWriter(detail::StreamRef stream) noexcept : stream_(std::move(stream)) {}

  /// Writes all of `bytes`; does not wait. The first write of a step goes to the kernel at once;
  /// further ones, and what the kernel did not take, are kept and go out together. Follow it with
  /// `drain`, or memory is the limit. After the connection is lost or closed nothing happens.
  /// Throws RuntimeError after write_eof.
  void write(Text bytes) const {
    const Slice slice{bytes.data(), bytes.size()};
    write_slices(&slice, 1);
  }
  /// The same for several pieces, in one call of the kernel: any range of strings, or arguments.
  template <class Range>
    requires requires(const Range& r) { Text(*r.begin()); }
  void writelines(const Range& pieces) const {
    constexpr std::size_t kAtOnce = 16;
    Slice slices[kAtOnce];
    std::size_t count = 0;
    for (const auto& piece : pieces) {
      const Text text(piece);
      slices[count++] = {text.data(), text.size()};
      if (count == kAtOnce) write_slices(slices, std::exchange(count, 0));
    }
    write_slices(slices, count);
  }
  template <class... Texts>
    requires(sizeof...(Texts) > 1)
  void writelines(const Texts&... pieces) const {
    const Text texts[] = {Text(pieces)...};
    Slice slices[sizeof...(Texts)];
    for (std::size_t i = 0; i < sizeof...(Texts); ++i)
      slices[i] = {texts[i].data(), texts[i].size()};
    write_slices(slices, sizeof...(Texts));
  }
  void write_slices(const Slice* slices, std::size_t count) const;

  /// Waits until less than the low-water mark is kept, when more than the high-water mark was;
  /// otherwise it does not suspend. Throws the connection's error, OSError of ECONNRESET
  /// ("Connection lost") when it is closed already. Cancelling it takes nothing back.
  [[nodiscard]] detail::WriterAwaiter drain() const noexcept {
    return {stream_, detail::WriterAwaiter::What::drain};
  }
  /// Tells the peer that nothing more comes, once everything is written; reading goes on. Throws
  /// RuntimeError where that is not possible (TLS). Idempotent.
  void write_eof() const;
  bool can_write_eof() const noexcept;

  /// Closes the stream: what was written still goes out, in the background; reads give the end.
  /// Idempotent.
  void close() const noexcept;
  /// Closes it at once: what was not sent is dropped, and the peer sees a reset.
  void abort() const noexcept;
  bool is_closing() const noexcept;
  /// Waits until a closed stream has sent everything and is gone. Throws the connection's error.
  /// Cancelling it changes nothing.
  [[nodiscard]] detail::WriterAwaiter wait_closed() const noexcept {
    return {stream_, detail::WriterAwaiter::What::closed};
  }

  /// Addresses, descriptor, security. Include <hob/stream/extra_info.hpp>.
  ExtraInfo get_extra_info() const;
  /// The marks for `drain`; `low` of kQuarter is a quarter of `high`. Throws ValueError when low >
  /// high.
  static constexpr std::size_t kQuarter = static_cast<std::size_t>(-1);
  void set_write_buffer_limits(std::size_t high = kHighWater, std::size_t low = kQuarter) const;
  /// How many bytes the kernel has not taken yet.
  std::size_t get_write_buffer_size() const noexcept;

  /// Makes the stream a secure one: sends what is left, then shakes hands. Bytes that were received
  /// and not read belong to the handshake. Throws the handshake's error; then, and when cancelled,
  /// the connection is gone. One direction of a conversation must not go on meanwhile.
  Coro<void> start_tls(Security& context, StartTlsOptions options = {}) const;

  explicit operator bool() const noexcept { return static_cast<bool>(stream_); }
  const detail::StreamRef& stream() const noexcept { return stream_; }

 private:
  detail::StreamRef stream_;
};

}  // namespace hob
