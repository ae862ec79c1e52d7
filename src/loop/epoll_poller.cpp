// SPDX-License-Identifier: MIT
#include "loop/epoll_poller.hpp"

#include "loop/descriptor.hpp"
#include "sys/syscall.hpp"
#include "sys/world.hpp"

#include <hob/core/error.hpp>

#include <cerrno>

namespace hob::detail {
namespace {

constexpr int kEventsMax = 256;
constexpr std::uint64_t kWakeTag = UINT64_MAX;
// Tags of descriptors: this bit, 31 bits of generation, 32 bits of slot. Those of watches are fds.
constexpr std::uint64_t kSlotTag = 1ull << 63;
constexpr std::uint32_t kGenerationMax = 0x7FFFFFFE;  // never all ones: that is kWakeTag
constexpr std::uint32_t kNoSlot = UINT32_MAX;

std::uint64_t tag_of(std::uint32_t slot, std::uint32_t generation) noexcept {
  return kSlotTag | static_cast<std::uint64_t>(generation) << 32 | slot;
}

int checked(int result, const char* operation) {
  if (result < 0) throw OSError(-result, operation);
  return result;
}

}  // namespace

EpollPoller::EpollPoller()
    : epoll_(checked(sys::epoll_create(), "epoll_create1")),
      wake_(checked(sys::event_fd(), "eventfd")) {
  // Edge-triggered and never read: a write is an edge, and the counter is nobody's business.
  checked(sys::epoll_control(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), EPOLLIN | EPOLLET, kWakeTag),
          "epoll_ctl");
}

void EpollPoller::watch(int fd, bool write, Ref<HandleState> handle) {
  if (sys::is_virtual(fd))
    raise_value_error("add_reader/add_writer: not for sockets of a testing::Network");
  watches_.set(fd, write, std::move(handle), [this](int f, Watch& watch) { update(f, watch); });
}

bool EpollPoller::unwatch(int fd, bool write) noexcept {
  Watch* watch = watches_.take(fd, write);
  // Removing cannot throw: errors of EPOLL_CTL_DEL and MOD to less are ignored.
  if (watch) update(fd, *watch);
  return watch != nullptr;
}

void EpollPoller::update(int fd, Watch& watch) {
  const std::uint32_t wanted =
      (watch.wants(false) ? EPOLLIN : 0u) | (watch.wants(true) ? EPOLLOUT : 0u);
  if (watch.always_ready) {
    if (wanted == 0) {
      watch.always_ready = false;
      --always_ready_;
    }
    return;
  }
  const bool adds = (wanted & ~watch.events) != 0;
  const int operation = watch.events == 0 ? EPOLL_CTL_ADD
                        : wanted == 0     ? EPOLL_CTL_DEL
                                          : EPOLL_CTL_MOD;
  int result =
      sys::epoll_control(epoll_.get(), operation, fd, wanted, static_cast<std::uint64_t>(fd));
  if (result == -ENOENT && adds) {  // the descriptor was closed and reused without remove_reader
    result =
        sys::epoll_control(epoll_.get(), EPOLL_CTL_ADD, fd, wanted, static_cast<std::uint64_t>(fd));
  }
  if (result == -EPERM && adds) {
    watch.always_ready = true;
    ++always_ready_;
    return;
  }
  if (result < 0 && adds) throw OSError(-result, "epoll_ctl");
  watch.events = wanted;
}

void EpollPoller::poll(std::int64_t timeout_ns, NodeList& ready) noexcept {
  epoll_event events[kEventsMax];
  if (always_ready_ > 0) timeout_ns = 0;
  const int n = sys::epoll_wait(epoll_.get(), events, kEventsMax, timeout_ns);
  for (int i = 0; i < n; ++i) {  // n < 0 is EINTR: a signal, whose handler has left its mark
    if (events[i].data.u64 == kWakeTag) continue;
    if (events[i].data.u64 & kSlotTag) {
      deliver(events[i].data.u64, events[i].events, ready);
      continue;
    }
    Watch& watch = watches_[events[i].data.u64];
    const std::uint32_t what = events[i].events;
    if (what & ~static_cast<std::uint32_t>(EPOLLOUT)) watch.enqueue(false, ready);
    if (what & ~static_cast<std::uint32_t>(EPOLLIN)) watch.enqueue(true, ready);
  }
  if (always_ready_ == 0) return;
  for (Watch& watch : watches_) {
    if (!watch.always_ready) continue;
    watch.enqueue(false, ready);
    watch.enqueue(true, ready);
  }
}

void EpollPoller::wake() noexcept { sys::event_fd_signal(wake_.get()); }

long EpollPoller::add(Descriptor& descriptor) noexcept {
  if (free_slot_ == kNoSlot) {
    try {
      slots_.emplace_back();
    } catch (...) {
      return -ENOMEM;
    }
    slots_.back().next_free = kNoSlot;
    free_slot_ = static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t index = free_slot_;
  Slot& slot = slots_[index];
  const int result =
      sys::epoll_control(epoll_.get(), EPOLL_CTL_ADD, descriptor.fd(),
                         EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, tag_of(index, slot.generation));
  if (result < 0) return result;
  slot.descriptor = &descriptor;
  free_slot_ = slot.next_free;
  return index;
}

void EpollPoller::remove(std::uint32_t index, int fd) noexcept {
  if (fd >= 0) sys::epoll_control(epoll_.get(), EPOLL_CTL_DEL, fd, 0, 0);
  Slot& slot = slots_[index];
  slot.descriptor = nullptr;
  slot.generation = slot.generation == kGenerationMax ? 0 : slot.generation + 1;
  slot.next_free = free_slot_;
  free_slot_ = index;
}

void EpollPoller::deliver(std::uint64_t tag, std::uint32_t events, NodeList& ready) noexcept {
  const Slot& slot = slots_[static_cast<std::uint32_t>(tag)];
  if (!slot.descriptor || tag_of(static_cast<std::uint32_t>(tag), slot.generation) != tag) return;
  const bool ended = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
  slot.descriptor->ready(ended || (events & EPOLLIN), events & (EPOLLOUT | EPOLLHUP | EPOLLERR),
                         ended, ready);
}

void EpollPoller::clear(NodeList& ready) noexcept {
  watches_.clear();
  always_ready_ = waits_ = 0;
  for (Slot& slot : slots_) {
    if (slot.descriptor) slot.descriptor->loop_closed(ready);
  }
  slots_.clear();
  free_slot_ = kNoSlot;
}

}  // namespace hob::detail
