// SPDX-License-Identifier: MIT
// Resolver: how a client finds the addresses of a host. The seam for names of one's own, and for
// tests of what depends on them.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/stream/extra_info.hpp>
#include <hob/task/coro.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hob::http {

/// aiohttp's AbstractResolver. Counted without atomics: belongs to its loop's thread.
class Resolver {
 public:
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  /// The addresses of `host`, a name, in the order in which they should be tried, with `port` in
  /// each. Throws OSError, or GaiError when there are none. The client asks once for all requests
  /// that wait for the same name, and remembers the answer (ClientOptions::ttl_dns_cache).
  virtual Coro<std::vector<SocketAddress>> resolve(std::string host, std::uint16_t port) = 0;

 protected:
  Resolver() noexcept = default;
  virtual ~Resolver() = default;

 private:
  unsigned refs_ = 1;
};

namespace detail {

template <class F>
class FunctionResolver final : public Resolver {
 public:
  explicit FunctionResolver(F fn) : fn_(std::move(fn)) {}
  Coro<std::vector<SocketAddress>> resolve(std::string host, std::uint16_t port) override {
    return fn_(std::move(host), port);
  }

 private:
  F fn_;
};

}  // namespace detail

/// A resolver that calls `fn(std::string host, std::uint16_t port)`, which gives a
/// Coro<std::vector<SocketAddress>>.
template <class F>
hob::detail::Ref<Resolver> make_resolver(F fn) {
  return hob::detail::Ref<Resolver>::adopt(new detail::FunctionResolver<F>(std::move(fn)));
}

}  // namespace hob::http
