// SPDX-License-Identifier: MIT
// StreamReader: reads bytes. One end of what open_connection gives, and start_server's handler
// gets.
#pragma once

#include <hob/core/text.hpp>
#include <hob/stream/read_awaiter.hpp>
#include <hob/stream/stream_ref.hpp>

#include <cstddef>
#include <exception>
#include <string_view>

namespace hob {

/// The reading side of a stream. A cheap handle: copies name the same stream. Belongs to the loop's
/// thread. One task at a time may wait in it: a second one gets a RuntimeError. Bytes are taken out
/// of the stream when a read completes, and not before: a cancelled read has had no effect. Errors
/// of the connection are thrown by every read from then on. Semantics of asyncio.StreamReader.
class StreamReader {
 public:
  /// asyncio's default: 64 KiB.
  static constexpr std::size_t kLimit = 64 << 10;

  /// An empty handle.
  StreamReader() noexcept = default;
  explicit StreamReader(detail::StreamRef stream) noexcept : stream_(std::move(stream)) {}
  /// One without a connection: fed by hand, with `feed_data` and `feed_eof`. Belongs to the running
  /// loop. Throws ValueError for a limit of 0.
  static StreamReader detached(std::size_t limit = kLimit);

  // Bytes, as copies.

  /// What is there, at least one byte and at most `n`; "" at the end, or for n = 0. Without
  /// argument: everything until the end.
  [[nodiscard]] detail::BytesAwaiter read(std::size_t n) const noexcept {
    return {stream_, detail::ReadAwaiter::What::some, n};
  }
  [[nodiscard]] detail::BytesAwaiter read() const noexcept {
    return {stream_, detail::ReadAwaiter::What::all, 0};
  }
  /// Exactly `n` bytes. Throws IncompleteReadError, with what there was, when the end comes first.
  [[nodiscard]] detail::BytesAwaiter readexactly(std::size_t n) const noexcept {
    return {stream_, detail::ReadAwaiter::What::exactly, n};
  }
  /// A line with its '\n'; at the end what is left, perhaps "". Throws ValueError for a line longer
  /// than the limit, after dropping what was buffered of it.
  [[nodiscard]] detail::BytesAwaiter readline() const noexcept {
    return {stream_, detail::ReadAwaiter::What::line, 0};
  }
  /// Up to and with the first of the separators: that which ends first. They are borrowed until the
  /// await ends. Throws IncompleteReadError when the end comes first, LimitOverrunError when it is
  /// further away than the limit (the bytes stay), ValueError for an empty separator.
  template <class... Texts>
  [[nodiscard]] detail::UntilAwaiter<sizeof...(Texts)> readuntil(
      const Texts&... separators) const noexcept {
    static_assert(sizeof...(Texts) > 0, "readuntil needs a separator");
    return detail::UntilAwaiter<sizeof...(Texts)>(stream_, separators...);
  }
  /// The next line, none at the end: `while (auto line = co_await reader.anext())`. Python's
  /// `async for line in reader`.
  [[nodiscard]] detail::LineAwaiter anext() const noexcept {
    return {stream_, detail::ReadAwaiter::What::line, 0};
  }

  // Views, without a copy. Valid until the next co_await, whatever that awaits: other streams use
  // the same memory.

  /// What is there, at least a byte, taken out of the stream; empty at the end.
  [[nodiscard]] detail::ViewAwaiter<true> read_some() const noexcept {
    return {stream_, detail::ReadAwaiter::What::view, 1};
  }
  /// What is there, once it is at least `n` bytes or the end has come; it stays in the stream until
  /// `consume`. To parse in place: `peek(view.size() + 1)` waits for more.
  [[nodiscard]] detail::ViewAwaiter<false> peek(std::size_t n = 1) const noexcept {
    return {stream_, detail::ReadAwaiter::What::view, n};
  }
  /// Takes `n` of the bytes that `peek` or `buffered` showed out of the stream; views stay valid as
  /// above. At most as many as there are.
  void consume(std::size_t n) const noexcept;
  /// What was received and not read; does not ask the kernel.
  std::string_view buffered() const noexcept;

  // State.

  /// Whether the end was received and everything before it was read.
  bool at_eof() const noexcept;
  /// The error of the connection; null while there is none.
  std::exception_ptr exception() const noexcept;
  std::size_t limit() const noexcept;

  // By hand, as asyncio has them.

  /// Appends bytes as if they had been received. Throws RuntimeError after `feed_eof`.
  void feed_data(Text bytes) const;
  void feed_eof() const noexcept;
  void set_exception(std::exception_ptr error) const noexcept;

  explicit operator bool() const noexcept { return static_cast<bool>(stream_); }
  const detail::StreamRef& stream() const noexcept { return stream_; }

 private:
  detail::StreamRef stream_;
};

}  // namespace hob
