// SPDX-License-Identifier: MIT
// Security: how a stream becomes a secure one. The stream layer knows only this; TlsContext of
// hob::tls is one. `{.ssl = context}` in the options of open_connection and start_server is a
// borrowed pointer: whoever keeps it for later retains it.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/ref.hpp>
#include <hob/stream/transport.hpp>
#include <hob/task/coro.hpp>

#include <string>
#include <utility>

namespace hob {

/// What a handshake needs to know besides the transport.
struct SecurityRequest {
  // Not an aggregate: g++ 12 destroys those twice in a full-expression with co_await.
  SecurityRequest() noexcept = default;
  explicit SecurityRequest(std::string name) noexcept : server_hostname(std::move(name)) {}

  /// The name that the server's certificate must be for; the client's side only.
  std::string server_hostname;
  /// How long the handshake may take.
  Duration handshake_timeout = Duration::nanoseconds(60'000'000'000);
  /// How long closing may take: to send what is left and to see the peer's good-bye. No time means
  /// not to wait for the peer's.
  Duration shutdown_timeout = Duration::nanoseconds(30'000'000'000);
  /// Bytes that were already read from the transport and belong to the secure stream (start_tls).
  std::string received;
};

/// Makes secure transports. Counted atomically: any thread may use it once it is set up.
class Security {
 public:
  Security(const Security&) = delete;
  Security& operator=(const Security&) = delete;
  void retain() noexcept { __atomic_fetch_add(&refs_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_fetch_sub(&refs_, 1, __ATOMIC_ACQ_REL) == 1) delete this;
  }

  /// The client's or the server's side of a handshake over `lower`, which the new transport then
  /// owns. When it fails or is cancelled `lower` is closed. Throws what the protocol calls its
  /// errors (SSLError), OSError of ECONNABORTED when it takes too long, ValueError for a request
  /// that does not fit.
  virtual Coro<detail::Ref<Transport>> connect(detail::Ref<Transport> lower,
                                               SecurityRequest request) = 0;
  virtual Coro<detail::Ref<Transport>> accept(detail::Ref<Transport> lower,
                                              SecurityRequest request) = 0;

 protected:
  Security() noexcept = default;
  virtual ~Security() = default;

 private:
  unsigned refs_ = 1;
};

}  // namespace hob
