// SPDX-License-Identifier: MIT
#include <hob/net/serve.hpp>

#include "stream/descriptor_transport.hpp"
#include "stream/stream_state.hpp"
#include "sys/fd.hpp"
#include "sys/process.hpp"

namespace hob::detail {

MovingSocket::~MovingSocket() { const sys::Fd closed(fd_); }

MovingSocket MovingSocket::take(const Stream& stream) noexcept {
  MovingSocket taken;
  if (const Transport* transport = stream.writer.stream()->transport())
    taken.fd_ = sys::duplicate(transport->fd());
  stream.writer.close();  // the descriptor, not the connection
  return taken;
}

Stream MovingSocket::arrive(std::size_t limit) && {
  sys::Fd fd(std::exchange(fd_, -1));
  return make_stream(
      DescriptorTransport::make(get_running_loop(), std::move(fd), sys::FileKind::stream_socket),
      limit);
}

Coro<bool> secure_arrived(Stream stream, ServerOptions options) {
  StartTlsOptions how;
  how.server_side = true;
  how.ssl_handshake_timeout = options.ssl_handshake_timeout;
  how.ssl_shutdown_timeout = options.ssl_shutdown_timeout;
  const auto ended = co_await as_result(stream.writer.start_tls(*options.ssl, std::move(how)));
  if (ended.cancelled()) ended.value();
  co_return static_cast<bool>(ended);
}

}  // namespace hob::detail
