// SPDX-License-Identifier: MIT
// ServerState: a server behind its handles: the listening sockets, the open connections, and those
// who wait for its end.
#pragma once

#include "loop/descriptor.hpp"
#include "stream/stream_state.hpp"
#include "sys/socket.hpp"

#include <hob/core/context.hpp>
#include <hob/net/server.hpp>
#include <hob/stream/security.hpp>
#include <hob/task/future.hpp>

#include <memory>
#include <string>
#include <vector>

namespace hob::detail {

/// Accepts on one socket. Its node takes a batch of connections per turn; when the system is out of
/// descriptors or memory it pauses.
class Listener {
 public:
  Listener(ServerState& server, EventLoop& loop, sys::Fd fd) noexcept;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  void start() noexcept;
  int fd() const noexcept { return descriptor_.fd(); }

 private:
  struct AcceptNode : TimerNode {
    Listener* listener;
  };
  static void on_ready(Node* node);
  void accept_batch();
  void pause(int error) noexcept;

  ServerState& server_;
  Descriptor descriptor_;
  AcceptNode node_;
};

class ServerState final : public ConnectionSet {
 public:
  ServerState(EventLoop& loop, ServeClient serve, const ServerOptions& options);
  ServerState(const ServerState&) = delete;
  ServerState& operator=(const ServerState&) = delete;

  void retain() noexcept override { ++refs_; }
  void release() noexcept override {
    if (--refs_ == 0) delete this;
  }
  void left() noexcept override;

  void listen_on(sys::Fd fd);
  void serve();
  void accepted(sys::Fd fd, const sys::Address& peer);
  void close() noexcept;
  Ref<LoopCore> core;
  ServeClient serve_client;
  ServerOptions options;
  Ref<Security> ssl;
  std::vector<std::unique_ptr<Listener>> listeners;
  ContextSlot client_context;  // of whoever starts serving: what the handlers begin with
  std::string unix_path;       // to be removed
  std::uint64_t unix_inode = 0;
  std::vector<Future<>> waiting;  // for the end of the connections
  Future<> forever;               // the end of serve_forever
  bool serving = false;
  bool closed = false;
  std::size_t connections = 0;

 private:
  ~ServerState() { close(); }
  unsigned refs_ = 1;
};

}  // namespace hob::detail
