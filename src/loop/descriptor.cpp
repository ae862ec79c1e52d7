// SPDX-License-Identifier: MIT
#include "loop/descriptor.hpp"

#include "loop/loop_impl.hpp"
#include "loop/ring_input.hpp"
#include "sys/fault.hpp"
#include "sys/syscall.hpp"
#include "sys/world.hpp"

#include <cerrno>
#include <new>

namespace hob::detail {

static_assert(EAGAIN == 11 && EBADF == 9, "the header spares itself <cerrno>");

void Descriptor::wait(Side side, Node& node) noexcept {
  if (core_->closed) return;  // nobody runs anything any more
  waits_[side].set(node);
  if (side == kRead && input_ && input_->holds_something()) ready_[kRead] = true;
  if (!is_open() || ready_[side] || !join(side) || always_ready_) {
    ready_[side] = true;
    waits_[side].fire(core_->ready);
    return;
  }
  begin_wait();
}

// What is not the kernel's happens by the loop's own timers: virtual time need not stand still for
// it, and when there is no timer it never happens.
void Descriptor::begin_wait() noexcept {
  if (!sys::is_virtual(fd_.get())) core_->loop->impl().poller.begin_wait();
}
void Descriptor::end_wait() noexcept {
  if (!sys::is_virtual(fd_.get())) core_->loop->impl().poller.end_wait();
}

void Descriptor::forget(Side side) noexcept {
  if (waits_[side].pending() && !core_->closed) end_wait();
  waits_[side].clear();
  if (input_ && side == kRead) input_->keep();
}

bool Descriptor::join_poller() noexcept {
  if (slot_ != kNoSlot || always_ready_) return true;
  const long slot = core_->loop->impl().poller.add(*this);
  if (slot == -EPERM) {  // a regular file or /dev/null: always ready, as poll(2) says
    always_ready_ = true;
    return true;
  }
  if (slot < 0) {
    error_ = static_cast<int>(slot);
    return false;
  }
  slot_ = static_cast<std::uintptr_t>(slot);
  return true;
}

// Reading waits for what the ring brings, where there is one. Should that refuse, this is polled
// like all others from now on.
bool Descriptor::join(Side side) noexcept {
  UringPoller* ring = core_->loop->impl().poller.uring();
  if (ring && sys::fault_plan) {  // what a test held back needs another edge
    leave_slot(*ring);
    if (waits_[1 - side].pending()) join_poller();
  }
  if (!ring || side != kRead || !brings_input()) return join_poller();
  try {
    if (!input_) input_ = new RingInput(*ring, *this, kind_ == Kind::listener);
    if (input_->arm()) return true;
  } catch (const std::bad_alloc&) {
  }
  kind_ = Kind::stream;
  leave_slot(*ring);
  return join_poller();
}

void Descriptor::leave_slot(UringPoller& ring) noexcept {
  if (slot_ != kNoSlot) ring.remove(std::exchange(slot_, +kNoSlot));
}

std::uint32_t Descriptor::poll_events() const noexcept {
  return brings_input() ? EPOLLOUT : EPOLLIN | EPOLLOUT | EPOLLRDHUP;
}

void Descriptor::rejoin(NodeList& queue) noexcept {
  const bool waits = waits_[kWrite].pending() || (waits_[kRead].pending() && !brings_input());
  if (waits && !join_poller()) poll_failed(error_, queue);
}

void Descriptor::poll_failed(int error, NodeList& queue) noexcept {
  error_ = error;
  ready(true, true, false, queue);
}

long Descriptor::take_input(char* data, std::size_t size) noexcept {
  int fault = 0;
  do {
    fault = sys::injected(sys::Call::recv, fd_.get(), size);
  } while (fault == -EINTR);
  const long n = fault != 0 ? fault : input_->take(data, size);
  if (n == -EAGAIN) ready_[kRead] = false;
  return n;
}

int Descriptor::take_connection() noexcept {
  if (!input_) return static_cast<int>(kTryDirectly);
  if (const int fault = sys::injected(sys::Call::accept)) return fault;
  return input_->take_connection();
}

void Descriptor::leave_poller(bool remove) noexcept {
  if (core_->closed) return;
  LoopImpl& impl = core_->loop->impl();
  for (WaitSlot& wait : waits_) {
    if (!wait.pending()) continue;
    if (slot_ != kNoSlot || input_) end_wait();
    wait.fire(core_->ready);
  }
  if (slot_ == kNoSlot && !input_) return;
  if (input_) std::exchange(input_, nullptr)->let_go();
  if (slot_ != kNoSlot) impl.poller.remove(slot_, remove ? fd_.get() : -1);
  slot_ = kNoSlot;
  // What the kernel does for a descriptor keeps the open file alive.
  if (impl.poller.uring()) impl.poller.uring()->flush();
}

// close(2) takes a descriptor out of epoll, unless the open file is shared (a terminal, a pipe that
// was inherited): those are taken out by hand.
void Descriptor::close() noexcept {
  if (!is_open()) return;
  leave_poller(!short_means_empty_);
  ready_[kRead] = ready_[kWrite] = false;
  fd_ = sys::Fd();
}

int Descriptor::release() noexcept {
  if (!is_open()) return -1;
  leave_poller(true);
  ready_[kRead] = ready_[kWrite] = false;
  return fd_.release();
}

void Descriptor::ready(bool read, bool write, bool ended, NodeList& queue) noexcept {
  if (ended) ended_ = true;
  if (read) {
    ready_[kRead] = true;
    if (waits_[kRead].fire(queue)) end_wait();
  }
  if (write) {
    ready_[kWrite] = true;
    if (waits_[kWrite].fire(queue)) end_wait();
  }
}

void Descriptor::loop_closed(NodeList& queue) noexcept {
  slot_ = kNoSlot;
  input_ = nullptr;
  for (WaitSlot& wait : waits_) wait.fire(queue);
}

}  // namespace hob::detail
