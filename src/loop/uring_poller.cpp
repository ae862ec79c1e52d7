// SPDX-License-Identifier: MIT
#include "loop/uring_poller.hpp"

#include "loop/descriptor.hpp"
#include "loop/ring_input.hpp"
#include "sys/syscall.hpp"

#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>

#include <cassert>
#include <cerrno>

namespace hob::detail {
namespace {

constexpr std::uint32_t kEnds = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

std::uint64_t tag_of(const RingOperation& operation) noexcept {
  return reinterpret_cast<std::uintptr_t>(&operation);
}

}  // namespace

bool UringPoller::open(std::string& why) {
  const int wake = sys::event_fd();
  if (wake < 0) throw OSError(-wake, "eventfd");
  wake_ = sys::Fd(wake);
  // Edge-triggered and never read, as with epoll.
  return ring_.open(why) && submit_poll(wake_poll_, wake_.get(), EPOLLIN, true);
}

void UringPoller::begin_run() {
  if (!ring_.is_ours())
    raise_runtime_error("this event loop belongs to the process that forked this one");
  if (!ring_.is_this_threads())
    raise_runtime_error("an event loop on io_uring stays in the thread that ran it first");
  if (ring_.enabled()) return;
  if (const int result = ring_.enable(); result < 0) throw OSError(-result, "io_uring_register");
}

void UringPoller::check_may_close() const {
  if (files_ != 0 && ring_.is_ours() && !ring_.is_this_threads() && ring_.owner_lives()) {
    raise_runtime_error(
        "the thread that ran this event loop has files under way: it closes the loop, or ends "
        "first");
  }
}

// Requests.

template <class Push>
bool UringPoller::queue(Push push) noexcept {
  if (!reachable()) return false;
  if (push()) return true;
  // The kernel takes no more until completions are taken.
  try {
    for (sys::Ring::Event event; ring_.next(event);) held_.push_back(event);
  } catch (...) {  // no memory
  }
  return push();
}

bool UringPoller::started(RingOperation& operation, bool queued) noexcept {
  if (!queued) return false;
  operation.in_flight_ = true;
  operation.cancel_owed_ = false;
  in_flight_.push_back(operation);
  return true;
}

bool UringPoller::submit_poll(RingOperation& operation, int fd, std::uint32_t events,
                              bool again) noexcept {
  if (closing_) return false;
  const std::uint64_t tag = tag_of(operation);
  return started(operation, queue([&] { return ring_.poll(tag, fd, events, again); }));
}

bool UringPoller::submit_accept(RingOperation& operation, int listener) noexcept {
  if (closing_) return false;
  const std::uint64_t tag = tag_of(operation);
  return started(operation, queue([&] { return ring_.accept(tag, listener); }));
}

bool UringPoller::submit_receive(RingOperation& operation, int socket) noexcept {
  if (closing_) return false;
  const std::uint64_t tag = tag_of(operation);
  return started(operation, queue([&] { return ring_.receive(tag, socket); }));
}

bool UringPoller::submit_file(RingOperation& operation, const sys::FileCall& call) noexcept {
  if (closing_) return false;
  const std::uint64_t tag = tag_of(operation);
  if (!started(operation, queue([&] { return ring_.file(tag, call); }))) return false;
  ++files_;
  return true;
}

void UringPoller::cancel(RingOperation& operation) noexcept {
  if (!operation.in_flight_) return;
  const std::uint64_t tag = tag_of(operation);
  if (queue([&] { return ring_.cancel(tag); })) return;
  if (!operation.cancel_owed_) ++cancels_owed_;
  operation.cancel_owed_ = true;
}

void UringPoller::flush() noexcept {
  if (ring_.enabled() && reachable()) ring_.enter(false, 0);
}

void UringPoller::finish(RingOperation& operation, NodeList& ready) noexcept {
  cancel(operation);
  while (operation.in_flight_) {
    if (reachable()) {
      ring_.enter(true, -1);
    } else if (!ring_.is_ours()) {
      return;  // the parent's
    }
    take_all(ready);
  }
}

// Polling.

void UringPoller::poll(std::int64_t timeout_ns, NodeList& ready) {
  if (!ring_.is_ours()) [[unlikely]]
    begin_run();  // throws
  if (!unarmed_.empty() || cancels_owed_ != 0) catch_up();
  if (!held_.empty()) timeout_ns = 0;
  if (timeout_ns != 0) {
    ring_.enter(true, timeout_ns);
  } else if (ring_.wants_enter()) {
    ring_.enter(false, 0);
  }
  take_all(ready);
}

void UringPoller::take_all(NodeList& ready) noexcept {
  if (!held_.empty()) [[unlikely]] {
    for (const sys::Ring::Event& event : std::exchange(held_, {})) complete(event, ready);
  }
  for (sys::Ring::Event event; ring_.next(event);) complete(event, ready);
}

void UringPoller::complete(const sys::Ring::Event& event, NodeList& ready) noexcept {
  if (event.tag == sys::Ring::kNoTag) return;  // a cancellation that came too late
  auto& operation = *reinterpret_cast<RingOperation*>(event.tag);
  if (!event.more()) {
    operation.in_flight_ = false;
    operation.unlink();
  }
  operation.complete_(operation, event, ready);
}

void UringPoller::catch_up() noexcept {
  for (const int fd : unarmed_) {
    WatchPoll* poll = watches_[static_cast<std::size_t>(fd)].poll;
    if (poll && !poll->in_flight()) arm(*poll);
  }
  unarmed_.clear();
  if (cancels_owed_ == 0) return;
  cancels_owed_ = 0;
  for (Link* link = in_flight_.front(); link != in_flight_.end(); link = link->next) {
    auto& operation = static_cast<RingOperation&>(*link);
    if (std::exchange(operation.cancel_owed_, false)) cancel(operation);
  }
}

void UringPoller::wake() noexcept { sys::event_fd_signal(wake_.get()); }

void UringPoller::WakePoll::on_event(RingOperation& self, const sys::Ring::Event& event,
                                     NodeList&) noexcept {
  auto& poll = static_cast<WakePoll&>(self);
  if (!event.more()) poll.poller->submit_poll(poll, poll.poller->wake_.get(), EPOLLIN, true);
}

// Watches.

void UringPoller::watch(int fd, bool write, Ref<HandleState> handle) {
  watches_.set(fd, write, std::move(handle), [this](int f, Watches::Watch& watch) {
    if (const int error = sys::descriptor_error(f)) throw OSError(-error, "io_uring poll");
    unarmed_.reserve(watches_.count() + 1);
    update(f, watch);
  });
}

bool UringPoller::unwatch(int fd, bool write) noexcept {
  Watches::Watch* watch = watches_.take(fd, write);
  if (!watch) return false;
  try {
    update(fd, *watch);
  } catch (...) {  // no memory for another poll: the other side gets no more events
  }
  return true;
}

void UringPoller::update(int fd, Watches::Watch& watch) {
  const std::uint32_t wanted =
      (watch.wants(false) ? EPOLLIN : 0u) | (watch.wants(true) ? EPOLLOUT : 0u);
  if (watch.poll && watch.poll->events == wanted) return;
  let_go(watch);
  if (wanted == 0) return flush();  // the descriptor may be closed now
  watch.poll = new WatchPoll(*this, fd);
  watch.poll->events = wanted;
  arm(*watch.poll);
}

void UringPoller::arm(WatchPoll& poll) noexcept {
  if (submit_poll(poll, poll.fd, poll.events, false) || closing_) return;
  try {
    unarmed_.push_back(poll.fd);
  } catch (...) {  // there is room for one of each: see watch()
  }
}

void UringPoller::let_go(Watches::Watch& watch) noexcept {
  WatchPoll* poll = std::exchange(watch.poll, nullptr);
  if (!poll) return;
  if (!poll->in_flight()) {
    delete poll;
    return;
  }
  poll->let_go = true;
  cancel(*poll);
}

void UringPoller::WatchPoll::on_event(RingOperation& self, const sys::Ring::Event& event,
                                      NodeList& ready) noexcept {
  auto& poll = static_cast<WatchPoll&>(self);
  if (poll.let_go) {
    delete &poll;
    return;
  }
  UringPoller& poller = *poll.poller;
  if (poller.closing_ || event.result == -EBADF) return;  // closed without remove_reader
  if (event.result > 0) {
    Watches::Watch& watch = poller.watches_[static_cast<std::size_t>(poll.fd)];
    const auto what = static_cast<std::uint32_t>(event.result);
    if (what & ~static_cast<std::uint32_t>(EPOLLOUT)) watch.enqueue(false, ready);
    if (what & ~static_cast<std::uint32_t>(EPOLLIN)) watch.enqueue(true, ready);
  }
  try {
    poller.unarmed_.push_back(poll.fd);
  } catch (...) {  // there is room for one of each: see watch()
  }
}

// Descriptors.

long UringPoller::add(Descriptor& descriptor) noexcept {
  DescriptorPoll* poll = nullptr;
  try {
    poll = new DescriptorPoll(*this, descriptor);
  } catch (...) {
    return -ENOMEM;
  }
  if (!submit_poll(*poll, descriptor.fd(), descriptor.poll_events(), true)) {
    delete poll;
    return -EAGAIN;
  }
  return static_cast<long>(reinterpret_cast<std::uintptr_t>(poll));
}

void UringPoller::remove(std::uintptr_t slot) noexcept {
  auto& poll = *reinterpret_cast<DescriptorPoll*>(slot);
  poll.descriptor = nullptr;
  cancel(poll);
}

void UringPoller::DescriptorPoll::on_event(RingOperation& self, const sys::Ring::Event& event,
                                           NodeList& ready) noexcept {
  auto& poll = static_cast<DescriptorPoll&>(self);
  Descriptor* descriptor = poll.descriptor;
  const bool closing = poll.poller->closing_;
  if (!event.more()) delete &poll;
  if (!descriptor || (closing && event.more())) return;
  if (closing) return descriptor->loop_closed(ready);
  if (!event.more()) descriptor->left_poller();
  if (event.result > 0) {
    const auto events = static_cast<std::uint32_t>(event.result);
    const bool ended = events & kEnds;
    descriptor->ready(ended || (events & EPOLLIN), events & (EPOLLOUT | EPOLLHUP | EPOLLERR), ended,
                      ready);
  } else if (event.result < 0 && event.result != -ECANCELED) {
    descriptor->poll_failed(event.result, ready);
  }
  if (!event.more()) descriptor->rejoin(ready);
}

// The end.

void UringPoller::clear(NodeList& ready) noexcept {
  for (Watches::Watch& watch : watches_) let_go(watch);
  watches_.clear();
  unarmed_.clear();
  waits_ = 0;
  closing_ = true;
  drain(ready);
  while (!inputs_.empty()) static_cast<RingInput&>(*inputs_.front()).loop_closed(ready);
}

// Waits for the last completion of everything. From outside its thread nothing can be asked of a
// ring; but when that thread has ended, the kernel has ended all requests.
void UringPoller::drain(NodeList& ready) noexcept {
  while (!in_flight_.empty()) {
    if (reachable()) {
      if (!ring_.enabled() && ring_.enable() < 0) break;
      ring_.cancel_all();
      const int result = ring_.enter(true, 1'000'000'000);
      assert(result == 0 || result == -EINTR || result == -ETIME || result == -EBUSY ||
             result == -EAGAIN);
      static_cast<void>(result);
    } else if (!ring_.is_ours() || ring_.owner_lives()) {
      break;
    }
    const Link* before = in_flight_.front();
    take_all(ready);
    if (!reachable() && !in_flight_.empty() && in_flight_.front() == before) break;
  }
  // What is left belongs to the parent of this process, or ends with the ring in its own time: the
  // kernel has pointers to none of it but to files' data, see check_may_close.
  while (!in_flight_.empty())
    complete({tag_of(static_cast<RingOperation&>(*in_flight_.front())), -ECANCELED, 0}, ready);
}

}  // namespace hob::detail
