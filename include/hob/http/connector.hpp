// SPDX-License-Identifier: MIT
// Connector: how a client gets to a host. The seam for tests without sockets, and for transports
// of your own.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/stream/stream.hpp>
#include <hob/task/coro.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace hob::http {

/// Makes plain streams; what goes over them (TLS, a tunnel) is the client's part. Counted without
/// atomics: belongs to its loop's thread.
class Connector {
 public:
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  /// A stream to `host`, a name or an address. Throws OSError and its like. A cancellation must
  /// leave no connection behind.
  virtual Coro<Stream> connect(std::string host, std::uint16_t port) = 0;

 protected:
  Connector() noexcept = default;
  virtual ~Connector() = default;

 private:
  unsigned refs_ = 1;
};

namespace detail {

template <class F>
class FunctionConnector final : public Connector {
 public:
  explicit FunctionConnector(F fn) : fn_(std::move(fn)) {}
  Coro<Stream> connect(std::string host, std::uint16_t port) override {
    return fn_(std::move(host), port);
  }

 private:
  F fn_;
};

}  // namespace detail

/// A connector that calls `fn(std::string host, std::uint16_t port)`, which gives a Coro<Stream>.
template <class F>
hob::detail::Ref<Connector> make_connector(F fn) {
  return hob::detail::Ref<Connector>::adopt(new detail::FunctionConnector<F>(std::move(fn)));
}

}  // namespace hob::http
