// SPDX-License-Identifier: MIT
// The writing half of a stream. The first write of a turn goes to the transport at once; what
// follows in the same turn is gathered and goes out together, by a node behind it in the ready
// queue. What the transport does not take waits until it can.
#include "loop/loop_impl.hpp"
#include "stream/stream_state.hpp"

#include <hob/core/raise.hpp>
#include <hob/task/task_base.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace hob::detail {
namespace {

constexpr int kWritesMax = 32;  // in one turn

std::size_t total(const Slice* slices, std::size_t count) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) size += slices[i].size;
  return size;
}

}  // namespace

void StreamState::write(const Slice* slices, std::size_t count) {
  if (eof_wanted_ || sends_file_) [[unlikely]]
    refuse_write();
  put(slices, count);
}

void StreamState::put(const Slice* slices, std::size_t count) {
  const std::size_t size = total(slices, count);
  if (closing_ || ended_ || size == 0) return;
  std::size_t sent = 0;
  if (out_size_ == 0 && !flush_node().linked() && !flush_waits_ && transport_) {
    // Empty pieces would look like an empty write to the transport.
    while (slices->size == 0) ++slices, --count;
    const long n = transport_->try_write(slices, count);
    if (n < 0 && n != -EAGAIN) return fail(transport_->error(static_cast<int>(n), "send"));
    sent = n > 0 ? static_cast<std::size_t>(n) : 0;
    if (sent == size) return schedule_flush();
  }
  if (!keep(slices, count, sent)) throw std::bad_alloc();
  if (!flush_node().linked() && !flush_waits_) sent == 0 ? wait_for_room() : schedule_flush();
  if (out_size_ > high_) paused_ = true;
}

void StreamState::refuse_write() const {
  raise_runtime_error(sends_file_ ? "unable to write; sendfile is in progress"
                                  : "Cannot call write() after write_eof()");
}

void StreamState::begin_file() {
  if (eof_wanted_ || sends_file_) refuse_write();
  sends_file_ = true;
}

void StreamState::end_file() noexcept {
  sends_file_ = false;
  if (eof_wanted_ && !ended_ && transport_ && out_size_ == 0) finish_writing();
}

bool StreamState::keep(const Slice* slices, std::size_t count, std::size_t skip) noexcept {
  const std::size_t size = total(slices, count) - skip;
  if (out_begin_ + out_size_ + size > out_capacity_) {
    if (out_size_ + size <= out_capacity_ && out_begin_ >= out_size_) {
      std::memcpy(out_, out_ + out_begin_, out_size_);
    } else {
      const std::size_t capacity = std::max(out_size_ + size, out_capacity_ + out_capacity_ / 2);
      char* larger = static_cast<char*>(std::malloc(capacity));
      if (!larger) return false;
      if (out_size_ != 0) std::memcpy(larger, out_ + out_begin_, out_size_);
      std::free(out_);
      out_ = larger;
      out_capacity_ = capacity;
    }
    out_begin_ = 0;
  }
  char* to = out_ + out_begin_ + out_size_;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t here = std::min(skip, slices[i].size);
    skip -= here;
    if (slices[i].size == here) continue;
    std::memcpy(to, slices[i].data + here, slices[i].size - here);
    to += slices[i].size - here;
  }
  out_size_ += size;
  return true;
}

void StreamState::schedule_flush() noexcept {
  if (!core_->closed) core_->ready.push_back(flush_node());
}

void StreamState::wait_for_room() noexcept {
  if (!transport_) return;  // start_tls will flush
  flush_waits_ = true;
  transport_->wait(Transport::kWrite, flush_node());
}

void StreamState::run_flush(Node* node) {
  StreamState& stream = *static_cast<StreamState*>(static_cast<FlushNode*>(node));
  stream.flush_waits_ = false;
  if (stream.core_->closed) return stream.end(nullptr);
  stream.flush();
}

void StreamState::flush() noexcept {
  if (ended_ || !transport_) return;
  retain();  // the tasks that are woken, or the end, may drop the last handle
  for (int writes = 0; out_size_ != 0; ++writes) {
    if (writes == kWritesMax) {
      schedule_flush();
      break;
    }
    const Slice slice{out_ + out_begin_, out_size_};
    const long n = transport_->try_write(&slice, 1);
    if (n == -EAGAIN) {
      wait_for_room();
      break;
    }
    if (n < 0) {
      fail(transport_->error(static_cast<int>(n), "send"));
      break;
    }
    out_begin_ += static_cast<std::size_t>(n);
    out_size_ -= static_cast<std::size_t>(n);
  }
  if (out_size_ == 0 && !ended_) finish_writing();
  check_marks();
  release();
}

void StreamState::finish_writing() noexcept {
  std::free(std::exchange(out_, nullptr));  // an idle stream holds no buffer
  out_begin_ = out_capacity_ = 0;
  if (closing_) {
    const int result = transport_->try_shutdown();
    if (result == -EAGAIN) return wait_for_room();
    return end(result < 0 && !error_ ? transport_->error(result, "shutdown") : nullptr);
  }
  if (eof_wanted_ && !sends_file_)
    transport_->write_eof();  // an error of it shows in the next read
}

void StreamState::check_marks() noexcept {
  if (!paused_ || out_size_ > low_) return;
  paused_ = false;
  wake_all(drainers_);
}

void StreamState::set_marks(std::size_t high, std::size_t low) noexcept {
  high_ = high;
  low_ = low;
  if (out_size_ > high_) paused_ = true;
  check_marks();
}

void StreamState::wake_all(LinkList& tasks) noexcept {
  while (!tasks.empty()) TaskBase::of(static_cast<Node&>(tasks.pop_front())).wake();
}

void StreamState::write_eof() {
  if (transport_ && !transport_->can_write_eof())
    raise_runtime_error("this transport cannot close one direction only");
  if (eof_wanted_ || closing_ || ended_) return;
  eof_wanted_ = true;
  if (out_size_ == 0 && transport_ && !sends_file_) finish_writing();
}

void StreamState::close() noexcept {
  if (closing_) return;
  closing_ = true;
  eof_ = true;
  wake_reader();
  if (!transport_ || core_->closed) {
    if (!no_transport_) end(nullptr);
    return;
  }
  retain();
  lingering_ = true;
  if (out_size_ == 0) return finish_writing();
  if (!flush_node().linked() && !flush_waits_) schedule_flush();
}

void StreamState::abort() noexcept {
  if (ended_) return;
  if (transport_) transport_->abort();
  end(nullptr);
}

void StreamState::fail(std::exception_ptr error) noexcept { end(std::move(error)); }

// The connection is over: everybody who waits for it learns.
void StreamState::end(std::exception_ptr error) noexcept {
  if (ended_) return;
  ended_ = closing_ = eof_ = true;
  paused_ = no_transport_ = false;
  if (error && !error_) error_ = std::move(error);
  std::free(std::exchange(out_, nullptr));
  out_begin_ = out_size_ = out_capacity_ = 0;
  wake_reader();
  if (flush_waits_ && transport_) transport_->forget(Transport::kWrite);
  flush_waits_ = false;
  if (flush_node().linked()) flush_node().unlink();
  if (transport_) transport_->close();
  if (!core_->closed) {
    wake_all(drainers_);
    wake_all(closers_);
  }
  if (set_) {
    ConnectionLink::unlink();
    ConnectionSet* set = std::exchange(set_, nullptr);
    set->left();
    set->release();
  }
  if (lingering_) {
    lingering_ = false;
    release();
  }
}

Ref<Transport> StreamState::take_transport() noexcept {
  if (reader_waits_) transport_->forget(Transport::kRead);
  reader_waits_ = false;
  no_transport_ = true;
  return std::move(transport_);
}

void StreamState::put_transport(Ref<Transport> transport) noexcept {
  no_transport_ = false;
  transport_ = std::move(transport);
  if (ended_) return transport_->abort();  // aborted meanwhile
  if (closing_) {                          // closed meanwhile
    closing_ = false;
    close();
    return;
  }
  wake_reader();
  if (out_size_ != 0 && !flush_node().linked()) schedule_flush();
}

}  // namespace hob::detail
