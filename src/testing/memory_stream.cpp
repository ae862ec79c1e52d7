// SPDX-License-Identifier: MIT
#include <hob/testing/memory_stream.hpp>

#include <hob/loop/event_loop.hpp>
#include <hob/stream/extra_info.hpp>
#include "loop/wait_slot.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace hob::testing {
namespace {

// One direction: bytes on their way from the writer to the reader. Belongs to both.
struct Pipe {
  void retain() noexcept { ++refs; }
  void release() noexcept {
    if (--refs == 0) delete this;
  }
  unsigned refs = 1;
  std::string bytes;
  std::size_t capacity = 0;
  bool ended = false;   // nothing more will be written
  bool reset = false;   // by the writer: the reader gets an error
  bool unread = false;  // the reader has gone: the writer gets an error
  detail::WaitSlot reader;
  detail::WaitSlot writer;
};

class MemoryTransport final : public Transport {
 public:
  MemoryTransport(EventLoop& loop, detail::Ref<Pipe> in, detail::Ref<Pipe> out, std::size_t chunk)
      : core_(&loop.core()), in_(std::move(in)), out_(std::move(out)), chunk_(chunk) {}
  ~MemoryTransport() override { close(); }

  long try_read(char* data, std::size_t size) noexcept override {
    if (closed_) return -EBADF;
    if (in_->reset) return -ECONNRESET;
    if (in_->bytes.empty()) return in_->ended ? 0 : -EAGAIN;
    const std::size_t n = std::min({size, in_->bytes.size(), chunk_});
    std::memcpy(data, in_->bytes.data(), n);
    in_->bytes.erase(0, n);
    fire(in_->writer);
    return static_cast<long>(n);
  }

  long try_write(const Slice* slices, std::size_t count) noexcept override {
    if (closed_) return -EBADF;
    if (out_->unread || out_->ended) return -EPIPE;
    const std::size_t room = std::min(out_->capacity - out_->bytes.size(), chunk_);
    if (room == 0) return -EAGAIN;
    std::size_t written = 0;
    for (std::size_t i = 0; i < count && written < room; ++i) {
      const std::size_t n = std::min(slices[i].size, room - written);
      out_->bytes.append(slices[i].data, n);
      written += n;
    }
    fire(out_->reader);
    return static_cast<long>(written);
  }

  void wait(Direction direction, detail::Node& node) noexcept override {
    detail::WaitSlot& slot = slot_of(direction);
    slot.set(node);
    const bool ready =
        closed_ || (direction == kRead ? !in_->bytes.empty() || in_->ended || in_->reset
                                       : out_->bytes.size() < out_->capacity || out_->unread);
    if (ready) fire(slot);
  }
  void forget(Direction direction) noexcept override { slot_of(direction).clear(); }

  int write_eof() noexcept override {
    if (closed_) return -EBADF;
    out_->ended = true;
    fire(out_->reader);
    return 0;
  }
  bool can_write_eof() const noexcept override { return true; }
  void close() noexcept override {
    if (closed_) return;
    closed_ = true;
    // As TCP: unread bytes make the end a reset.
    if (!in_->bytes.empty() && !out_->ended) out_->reset = true;
    in_->unread = out_->ended = true;
    fire(in_->reader);
    fire(in_->writer);
    fire(out_->reader);
    fire(out_->writer);
  }
  void abort() noexcept override {
    if (!closed_) out_->reset = true;
    close();
  }
  bool closed() const noexcept override { return closed_; }
  void describe(ExtraInfo&) const override {}

 private:
  detail::WaitSlot& slot_of(Direction direction) const noexcept {
    return direction == kRead ? in_->reader : out_->writer;
  }
  void fire(detail::WaitSlot& slot) noexcept {
    if (!core_->closed) slot.fire(core_->ready);
  }

  detail::Ref<detail::LoopCore> core_;
  detail::Ref<Pipe> in_;
  detail::Ref<Pipe> out_;
  std::size_t chunk_;
  bool closed_ = false;
};

}  // namespace

TransportPair memory_transport_pair(MemoryStreamOptions options) {
  const auto there = detail::Ref<Pipe>::adopt(new Pipe);
  const auto back = detail::Ref<Pipe>::adopt(new Pipe);
  there->capacity = back->capacity = options.capacity;
  there->bytes.reserve(options.capacity);
  back->bytes.reserve(options.capacity);
  EventLoop& loop = get_running_loop();
  TransportPair pair;
  pair.first = detail::Ref<Transport>::adopt(new MemoryTransport(loop, back, there, options.chunk));
  pair.second =
      detail::Ref<Transport>::adopt(new MemoryTransport(loop, there, back, options.chunk));
  return pair;
}

StreamPair memory_stream_pair(MemoryStreamOptions options) {
  TransportPair transports = memory_transport_pair(options);
  StreamPair pair;
  pair.first = make_stream(std::move(transports.first), options.limit);
  pair.second = make_stream(std::move(transports.second), options.limit);
  return pair;
}

}  // namespace hob::testing
