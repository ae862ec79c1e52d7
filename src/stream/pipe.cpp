// SPDX-License-Identifier: MIT
#include <hob/stream/pipe.hpp>

#include "stream/descriptor_transport.hpp"

#include <hob/core/error.hpp>
#include <hob/stream/stream.hpp>

namespace hob {
namespace {

Stream adopt(sys::Fd fd, std::size_t limit) {
  const int result = sys::set_non_blocking(fd.get());
  if (result < 0) throw OSError(-result, "fcntl");
  const sys::FileKind kind = sys::kind_of(fd.get());
  return make_stream(detail::DescriptorTransport::make(get_running_loop(), std::move(fd), kind),
                     limit);
}

Stream standard(int number, std::size_t limit) {
  const int fd = sys::open_standard_stream(number, number != 0);
  if (fd < 0) throw OSError(-fd, "a standard stream");
  return make_stream(
      detail::DescriptorTransport::make(get_running_loop(), sys::Fd(fd), sys::kind_of(fd)), limit);
}

}  // namespace

Coro<StreamReader> connect_read_pipe(int fd, std::size_t limit) {
  co_return adopt(sys::Fd(fd), limit).reader;
}
Coro<StreamWriter> connect_write_pipe(int fd) {
  co_return adopt(sys::Fd(fd), StreamReader::kLimit).writer;
}

StreamReader standard_input(std::size_t limit) { return standard(0, limit).reader; }
StreamWriter standard_output() { return standard(1, StreamReader::kLimit).writer; }
StreamWriter standard_error() { return standard(2, StreamReader::kLimit).writer; }

}  // namespace hob
