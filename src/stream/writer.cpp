// SPDX-License-Identifier: MIT
#include <hob/stream/writer.hpp>

#include "loop/loop_impl.hpp"
#include "stream/stream_state.hpp"

#include <hob/core/error.hpp>
#include <hob/stream/extra_info.hpp>
#include <hob/stream/security.hpp>
#include <hob/task/as_result.hpp>

#include <cerrno>

namespace hob {
namespace detail {
namespace {

[[noreturn]] void raise_no_stream() {
  raise_runtime_error(
      "an empty StreamWriter: where it comes from there is no stream (a Process has those that are "
      "PIPE)");
}

}  // namespace

const WaitKind WriterAwaiter::kDrain{&WriterAwaiter::cancel, "StreamWriter.drain"};
const WaitKind WriterAwaiter::kClosed{&WriterAwaiter::cancel, "StreamWriter.wait_closed"};

bool WriterAwaiter::await_ready() noexcept {
  if (!stream_) [[unlikely]]
    return true;
  if (what_ == What::closed) return stream_->ended();
  // In a closing stream it lets others run once, as in asyncio: a loop of writes must not be blind.
  if (stream_->error() || stream_->closing()) return static_cast<bool>(stream_->error());
  return !stream_->paused() && stream_->core().loop->impl().may_hurry();
}

void WriterAwaiter::suspend(PromiseBase& leaf) noexcept {
  task_ = leaf.task;
  const bool drain = what_ == What::drain;
  if (drain && (stream_->closing() || !stream_->paused())) return task_->yield(leaf);
  task_->begin_wait(leaf, drain ? kDrain : kClosed, this);
  (drain ? stream_->drainers() : stream_->closers()).push_back(task_->node());
  task_->end_wait();
}

bool WriterAwaiter::cancel(TaskBase& task, const Ref<Message>& message) noexcept {
  if (task.wake_pending()) return false;
  task.node().unlink();
  task.set_wait_cancelled(message);
  task.wake();
  return true;
}

void WriterAwaiter::await_resume() {
  if (!stream_) [[unlikely]]
    raise_no_stream();
  if (task_) task_->finish_wait();
  if (stream_->error()) std::rethrow_exception(stream_->error());
  if (what_ == What::drain && stream_->ended()) throw OSError(ECONNRESET, "Connection lost");
}

}  // namespace detail

void StreamWriter::write_slices(const Slice* slices, std::size_t count) const {
  if (!stream_) [[unlikely]]
    detail::raise_no_stream();
  stream_->write(slices, count);
}
void StreamWriter::write_eof() const {
  if (!stream_) detail::raise_no_stream();
  stream_->write_eof();
}
bool StreamWriter::can_write_eof() const noexcept {
  return stream_->transport() && stream_->transport()->can_write_eof();
}
void StreamWriter::close() const noexcept {
  if (stream_) stream_->close();
}
void StreamWriter::abort() const noexcept { stream_->abort(); }
bool StreamWriter::is_closing() const noexcept { return stream_->closing(); }

ExtraInfo StreamWriter::get_extra_info() const {
  ExtraInfo info;
  if (stream_->transport()) stream_->transport()->describe(info);
  return info;
}

void StreamWriter::set_write_buffer_limits(std::size_t high, std::size_t low) const {
  if (low == kQuarter) low = high / 4;
  if (low > high) detail::raise_value_error("high must be >= low");
  stream_->set_marks(high, low);
}

std::size_t StreamWriter::get_write_buffer_size() const noexcept { return stream_->unsent(); }

Coro<> StreamWriter::start_tls(Security& context, StartTlsOptions options) const {
  const detail::StreamRef stream = stream_;
  const detail::Ref<Security> keep(&context);
  // Everything that was written goes out in the clear.
  const std::size_t high = stream->high_mark();
  const std::size_t low = stream->low_mark();
  stream->set_marks(0, 0);
  const auto drained = co_await as_result(drain());
  stream->set_marks(high, low);
  drained.value();
  if (stream->closing() || !stream->transport()) throw OSError(ECONNRESET, "Connection lost");
  SecurityRequest request(std::move(options.server_hostname));
  request.handshake_timeout = options.ssl_handshake_timeout;
  request.shutdown_timeout = options.ssl_shutdown_timeout;
  request.received = std::string(stream->unread());
  stream->lend(request.received.size());
  detail::Ref<Transport> lower = stream->take_transport();
  Coro<detail::Ref<Transport>> handshake =
      options.server_side ? keep->accept(std::move(lower), std::move(request))
                          : keep->connect(std::move(lower), std::move(request));
  auto secure = co_await as_result(std::move(handshake));
  if (!secure) {
    stream->fail(secure.cancelled() ? nullptr : secure.exception());
    secure.value();
  }
  stream->put_transport(std::move(secure).value());
}

}  // namespace hob
