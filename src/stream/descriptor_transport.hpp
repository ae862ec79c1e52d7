// SPDX-License-Identifier: MIT
// DescriptorTransport: a connection that is a file descriptor: a socket, an end of a pipe, a
// terminal.
#pragma once

#include "loop/descriptor.hpp"
#include "sys/socket.hpp"

#include <hob/core/memory.hpp>
#include <hob/stream/transport.hpp>

namespace hob::detail {

class DescriptorTransport final : public Transport, public Pooled {
 public:
  /// Takes over a non-blocking descriptor.
  static Ref<Transport> make(EventLoop& loop, sys::Fd fd, sys::FileKind kind) {
    return Ref<Transport>::adopt(new DescriptorTransport(loop, std::move(fd), kind));
  }
  static Ref<DescriptorTransport> make_socket(EventLoop& loop, sys::Fd fd) {
    return Ref<DescriptorTransport>::adopt(
        new DescriptorTransport(loop, std::move(fd), sys::FileKind::stream_socket));
  }
  Descriptor& descriptor() noexcept { return descriptor_; }

  long try_read(char* data, std::size_t size) noexcept override;
  long try_write(const Slice* slices, std::size_t count) noexcept override;
  void wait(Direction direction, Node& node) noexcept override {
    descriptor_.wait(static_cast<Descriptor::Side>(direction), node);
  }
  void forget(Direction direction) noexcept override {
    descriptor_.forget(static_cast<Descriptor::Side>(direction));
  }
  int write_eof() noexcept override;
  bool can_write_eof() const noexcept override { return is_socket(); }
  void close() noexcept override { descriptor_.close(); }
  void abort() noexcept override;
  bool closed() const noexcept override { return !descriptor_.is_open(); }
  void describe(ExtraInfo& info) const override;
  long try_send_file(int file, long long* offset, std::size_t size) noexcept override;
  int fd() const noexcept override { return descriptor_.fd(); }

 private:
  DescriptorTransport(EventLoop& loop, sys::Fd fd, sys::FileKind kind) noexcept
      : descriptor_(loop, std::move(fd),
                    kind == sys::FileKind::stream_socket ? Descriptor::Kind::connection
                                                         : Descriptor::Kind::packets),
        kind_(kind) {}
  bool is_socket() const noexcept { return kind_ == sys::FileKind::stream_socket; }

  Descriptor descriptor_;
  sys::FileKind kind_;
};

}  // namespace hob::detail
