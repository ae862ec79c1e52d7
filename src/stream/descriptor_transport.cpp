// SPDX-License-Identifier: MIT
#include "stream/descriptor_transport.hpp"

#include "stream/address.hpp"

#include <hob/stream/extra_info.hpp>

#include <cerrno>

namespace hob::detail {

static_assert(sizeof(Slice) == 2 * sizeof(void*), "a Slice is the kernel's iovec");
static_assert(static_cast<int>(Transport::kRead) == Descriptor::kRead &&
              static_cast<int>(Transport::kWrite) == Descriptor::kWrite);

long DescriptorTransport::try_read(char* data, std::size_t size) noexcept {
  if (!descriptor_.may_try(Descriptor::kRead)) return descriptor_.refusal();
  long n = descriptor_.take_received(data, size);
  if (n != Descriptor::kTryDirectly) return n;
  do {
    n = is_socket() ? sys::recv(descriptor_.fd(), data, size)
                    : sys::read(descriptor_.fd(), data, size);
  } while (n == -EINTR);
  descriptor_.tried(Descriptor::kRead, n, size);
  return n;
}

long DescriptorTransport::try_write(const Slice* slices, std::size_t count) noexcept {
  if (!descriptor_.may_try(Descriptor::kWrite)) return descriptor_.refusal();
  constexpr std::size_t kAtOnce = 64;  // as many as the kernel is given
  if (count > kAtOnce) count = kAtOnce;
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) size += slices[i].size;
  long n = 0;
  do {
    n = is_socket() ? sys::send_slices(descriptor_.fd(), slices, count)
                    : sys::write_slices(descriptor_.fd(), slices, count);
  } while (n == -EINTR);
  descriptor_.tried(Descriptor::kWrite, n, size);
  return n;
}

long DescriptorTransport::try_send_file(int file, long long* offset, std::size_t size) noexcept {
  if (!descriptor_.may_try(Descriptor::kWrite)) return descriptor_.refusal();
  std::int64_t at = *offset;
  long n = 0;
  do {
    n = sys::send_file(descriptor_.fd(), file, &at, size);
  } while (n == -EINTR);
  *offset = at;
  descriptor_.tried(Descriptor::kWrite, n, 0);  // less may be the file's end, too
  return n == -EINVAL || n == -ENOSYS ? -EOPNOTSUPP : n;
}

int DescriptorTransport::write_eof() noexcept {
  if (!is_socket()) return -EOPNOTSUPP;
  return descriptor_.is_open() ? sys::shutdown_write(descriptor_.fd()) : -EBADF;
}

void DescriptorTransport::abort() noexcept {
  if (descriptor_.is_open() && is_socket()) sys::set_reset_on_close(descriptor_.fd());
  close();
}

void DescriptorTransport::describe(ExtraInfo& info) const {
  info.fd = descriptor_.fd();
  if (!is_socket() || info.fd < 0) return;
  sys::Address address;
  if (sys::local_address(info.fd, address) >= 0) info.sockname = to_socket_address(address);
  if (sys::peer_address(info.fd, address) >= 0) info.peername = to_socket_address(address);
}

}  // namespace hob::detail
