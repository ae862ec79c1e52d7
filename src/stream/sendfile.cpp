// SPDX-License-Identifier: MIT
#include <hob/stream/sendfile.hpp>

#include "stream/stream_state.hpp"
#include "sys/socket.hpp"

#include <hob/core/error.hpp>
#include <hob/executor/run_in_executor.hpp>
#include <hob/task/as_result.hpp>

#include <algorithm>
#include <cerrno>
#include <string>

namespace hob {
namespace {

constexpr std::size_t kAtOnce = 1 << 20;

/// Awaits that a transport may take more.
class TransportWait : public detail::LibraryAwaiter {
 public:
  explicit TransportWait(Transport& transport) noexcept : transport_(&transport) {}
  // g++ copies an awaiter before it waits.
  TransportWait(const TransportWait& other) noexcept : transport_(other.transport_) {}
  TransportWait& operator=(const TransportWait&) = delete;
  ~TransportWait() {
    if (task_) transport_->forget(Transport::kWrite);
  }
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    task_ = self.promise().task;
    task_->begin_wait(self.promise(), kKind, this);
    task_->run = &detail::TaskBase::step;
    transport_->wait(Transport::kWrite, task_->node());
    task_->end_wait();
  }
  void await_resume() { std::exchange(task_, nullptr)->finish_wait(); }

 private:
  static bool cancel(detail::TaskBase& task, const detail::Ref<detail::Message>& message) noexcept {
    if (task.wake_pending()) return false;
    static_cast<TransportWait*>(task.wait_object())->transport_->forget(Transport::kWrite);
    task.set_wait_cancelled(message);
    task.wake();
    return true;
  }
  static constexpr detail::WaitKind kKind{&cancel, "sendfile"};

  Transport* transport_;
  detail::TaskBase* task_ = nullptr;
};

/// The transport of a stream, for one's own use; gives it back.
class Borrowed {
 public:
  explicit Borrowed(detail::StreamRef stream) noexcept
      : stream_(std::move(stream)), transport_(stream_->take_transport()) {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { stream_->put_transport(std::move(transport_)); }
  Transport& operator*() const noexcept { return *transport_; }

 private:
  detail::StreamRef stream_;
  detail::Ref<Transport> transport_;
};

/// Nobody else writes to the stream meanwhile.
class SendingFile {
 public:
  explicit SendingFile(detail::StreamRef stream) : stream_(std::move(stream)) {
    stream_->begin_file();
  }
  SendingFile(const SendingFile&) = delete;
  SendingFile& operator=(const SendingFile&) = delete;
  ~SendingFile() { stream_->end_file(); }

 private:
  detail::StreamRef stream_;
};

Coro<> send_all_that_is_kept(StreamWriter writer) {
  const detail::StreamRef stream = writer.stream();
  const std::size_t high = stream->high_mark();
  const std::size_t low = stream->low_mark();
  stream->set_marks(0, 0);
  const auto drained = co_await as_result(writer.drain());
  stream->set_marks(high, low);
  drained.value();
  if (stream->closing() || !stream->transport()) throw OSError(ECONNRESET, "Connection lost");
}

/// Gives how many; `supported` becomes false when the kernel cannot.
Coro<std::size_t> send_by_kernel(StreamWriter writer, int file, std::int64_t offset,
                                 std::size_t count, bool& supported) {
  const Borrowed transport(writer.stream());
  long long at = offset;
  std::size_t sent = 0;
  while (sent < count) {
    const long n = (*transport).try_send_file(file, &at, std::min(count - sent, kAtOnce));
    if (n == 0) break;
    if (n == -EAGAIN) {
      co_await TransportWait(*transport);
    } else if (n == -EOPNOTSUPP && sent == 0) {
      supported = false;
      break;
    } else if (n < 0) {
      std::rethrow_exception((*transport).error(static_cast<int>(n), "sendfile"));
    } else {
      sent += static_cast<std::size_t>(n);
    }
  }
  co_return sent;
}

std::string read_part(int file, std::int64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const long n = sys::read_at(file, bytes.data(), size, offset);
  if (n < 0) throw OSError(static_cast<int>(-n), "read");
  bytes.resize(static_cast<std::size_t>(n));
  return bytes;
}

Coro<std::size_t> send_by_hand(StreamWriter writer, int file, std::int64_t offset,
                               std::size_t count) {
  constexpr std::size_t kPart = 256 << 10;
  std::size_t sent = 0;
  while (sent < count) {
    const std::size_t size = std::min(count - sent, kPart);
    const std::string part =
        co_await to_thread(&read_part, file, offset + static_cast<std::int64_t>(sent), size);
    if (part.empty()) break;
    writer.stream()->write_part_of_file({part.data(), part.size()});
    co_await writer.drain();
    sent += part.size();
  }
  co_return sent;
}

}  // namespace

Coro<std::size_t> sendfile(StreamWriter writer, int file, std::int64_t offset, std::size_t count) {
  const SendingFile sending(writer.stream());
  co_await send_all_that_is_kept(writer);
  bool supported = true;
  const std::size_t sent = co_await send_by_kernel(writer, file, offset, count, supported);
  if (supported) co_return sent;
  co_return co_await send_by_hand(writer, file, offset, count);
}

}  // namespace hob
