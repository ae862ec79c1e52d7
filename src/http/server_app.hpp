// SPDX-License-Identifier: MIT
// ServerApp: what the connections of a Server share - routes, options, and the list of themselves.
#pragma once

#include <hob/core/node.hpp>
#include <hob/core/ref.hpp>
#include <hob/http/date.hpp>
#include <hob/http/server.hpp>
#include <hob/sync/event.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/router.hpp"

namespace hob::http::detail {

class ServerConnection;

/// Counted without atomics: belongs to its loop's thread.
class ServerApp {
 public:
  explicit ServerApp(HttpServerOptions o) : options(std::move(o)) {}
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  /// The way of a request through middleware to its handler.
  Coro<ServerResponse> handle(ServerRequest& request);
  /// From the middleware with that index on.
  Coro<ServerResponse> call(ServerRequest& request, Route* route, std::size_t index);

  void enter(ServerConnection& connection) noexcept;
  void leave(ServerConnection& connection) noexcept;
  std::size_t connections() const noexcept { return connections_; }
  /// Connections that are idle close; others after the answer they are at.
  void begin_shutdown() noexcept;
  bool closing() const noexcept { return closing_; }
  /// Connections end at once, handlers are cancelled.
  void abort_all() noexcept;
  /// Waits until no connection is left.
  Coro<> drained();

  /// The Date and Server fields of now.
  std::string_view standard_fields();
  void log(const ServerRequest& request, int status, std::uint64_t bytes);

  HttpServerOptions options;
  Router router;
  std::vector<Middleware> middlewares;
  std::vector<std::unique_ptr<Group>> groups;
  std::vector<hob::Server> listeners;
  Event closed;

 private:
  unsigned refs_ = 1;
  bool closing_ = false;
  std::size_t connections_ = 0;
  hob::detail::LinkList list_;
  Event empty_;
  DateCache date_;
  std::int64_t fields_of_ = -1;
  std::string fields_;
};

}  // namespace hob::http::detail
