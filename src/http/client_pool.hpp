// SPDX-License-Identifier: MIT
// ClientPool: how many requests may be under way, who is next, and which connections are kept for
// whom. A Lease is the right to one; whatever ends the request, the right goes to the next.
#pragma once

#include <hob/http/client_options.hpp>
#include <hob/http/response_parser.hpp>
#include <hob/loop/handle.hpp>
#include <hob/stream/stream.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/future.hpp>

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hob::http::detail {

/// A connection to a host, with the state of its parser.
struct ClientConnection {
  ClientConnection(Stream made, const ParserLimits& limits, hob::detail::Ref<Security> trusted)
      : stream(std::move(made)), parser(limits), security(std::move(trusted)) {}

  Stream stream;
  ResponseParser parser;
  hob::detail::Ref<Security> security;  // whose address is part of the pool's key
  Duration idle_since;
  std::uint64_t requests = 0;
};

class ClientPool;
class SessionState;

/// The right to a connection of a host; move-only. Dropped with a connection that was not handed
/// back it closes that at once.
class Lease {
 public:
  Lease() noexcept = default;
  Lease(hob::detail::Ref<SessionState> session, std::string key) noexcept
      : session_(std::move(session)), key_(std::move(key)) {}
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      drop();
      session_ = std::move(other.session_);
      key_ = std::move(other.key_);
      connection_ = std::move(other.connection_);
    }
    return *this;
  }
  ~Lease() { drop(); }

  const std::string& key() const noexcept { return key_; }
  ClientConnection* connection() const noexcept { return connection_.get(); }
  void attach(std::unique_ptr<ClientConnection> connection) noexcept {
    connection_ = std::move(connection);
  }
  /// The request is over and the connection is in a state to carry another one.
  void keep() noexcept;
  /// Closes the connection, keeps the right.
  void discard() noexcept;

 private:
  void drop() noexcept;

  hob::detail::Ref<SessionState> session_;  // null: no right
  std::string key_;
  std::unique_ptr<ClientConnection> connection_;
};

class ClientPool {
 public:
  ClientPool(std::size_t limit, std::size_t limit_per_host, Duration keepalive) noexcept
      : limit_(limit), limit_per_host_(limit_per_host), keepalive_(keepalive) {}
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;
  ~ClientPool() { close(); }

  /// Whether `acquire` would wait.
  bool must_wait(const std::string& key) const noexcept;
  /// The right to a connection of a host that has room.
  void take(const std::string& key);
  /// Waits for the right to a connection of the host `key`, in order of arrival among those whose
  /// host has room. Cancelling it passes the turn on.
  Coro<> acquire(std::string key);
  /// A live connection that was kept for the host, the last one first; or null.
  std::unique_ptr<ClientConnection> take_idle(const std::string& key) noexcept;
  /// Gives the right back, and with it a connection to keep (or null).
  void release(const std::string& key, std::unique_ptr<ClientConnection> connection) noexcept;
  void close() noexcept;
  bool closed() const noexcept { return closed_; }

  std::size_t active() const noexcept { return active_; }
  std::size_t idle() const noexcept { return idle_; }
  std::size_t waiting() const noexcept { return waiters_.size(); }

 private:
  struct Host {
    std::size_t active = 0;
    std::vector<std::unique_ptr<ClientConnection>> idle;
  };
  class Waiter;

  bool has_room(const std::string& key) const noexcept;
  void grant() noexcept;
  void forget_if_empty(const std::string& key) noexcept;
  void close_expired() noexcept;
  void close_oldest() noexcept;
  void arm() noexcept;

  std::unordered_map<std::string, Host> hosts_;
  std::list<Waiter*> waiters_;
  TimerHandle timer_;
  std::size_t limit_, limit_per_host_;
  std::size_t active_ = 0, idle_ = 0;
  Duration keepalive_;
  bool armed_ = false, closed_ = false;
};

}  // namespace hob::http::detail
