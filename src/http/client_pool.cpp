// SPDX-License-Identifier: MIT
#include "http/client_pool.hpp"

#include "http/session_state.hpp"

#include <hob/core/raise.hpp>
#include <hob/loop/event_loop.hpp>

#include <algorithm>
#include <iterator>

namespace hob::http::detail {

// A place in the line. Its end, however it comes, leaves the line or passes the right on.
class ClientPool::Waiter {
 public:
  Waiter(ClientPool& pool, std::string host)
      : key(std::move(host)),
        pool_(pool),
        place_(pool.waiters_.insert(pool.waiters_.end(), this)) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    if (!granted_) {
      pool_.waiters_.erase(place_);
    } else if (!taken_) {
      pool_.release(key, nullptr);
    }
  }

  // The pool has counted the request in and taken the place out of the line.
  void grant() noexcept {
    granted_ = true;
    if (!turn.done()) turn.set_result();
  }
  void take() noexcept { taken_ = true; }

  std::string key;
  Future<void> turn = create_future<void>();

 private:
  ClientPool& pool_;
  std::list<Waiter*>::iterator place_;
  bool granted_ = false, taken_ = false;
};

bool ClientPool::has_room(const std::string& key) const noexcept {
  if (limit_ != 0 && active_ >= limit_) return false;
  if (limit_per_host_ == 0) return true;
  const auto host = hosts_.find(key);
  return host == hosts_.end() || host->second.active < limit_per_host_;
}

// Whoever has room was let in when it came, so a newcomer with room overtakes nobody.
bool ClientPool::must_wait(const std::string& key) const noexcept { return !has_room(key); }

void ClientPool::take(const std::string& key) {
  if (closed_) hob::detail::raise_runtime_error("Session is closed");
  ++active_;
  ++hosts_[key].active;
}

Coro<> ClientPool::acquire(std::string key) {
  if (has_room(key)) {
    take(key);
    co_return;
  }
  if (closed_) hob::detail::raise_runtime_error("Session is closed");
  Waiter waiter(*this, std::move(key));
  co_await waiter.turn;
  if (closed_) hob::detail::raise_runtime_error("Session is closed");
  waiter.take();
}

void ClientPool::grant() noexcept {
  for (auto place = waiters_.begin(); place != waiters_.end();) {
    Waiter& waiter = **place;
    if (!has_room(waiter.key)) {
      if (limit_ != 0 && active_ >= limit_) return;
      ++place;
      continue;
    }
    place = waiters_.erase(place);
    ++active_;
    ++hosts_[waiter.key].active;
    waiter.grant();
  }
}

std::unique_ptr<ClientConnection> ClientPool::take_idle(const std::string& key) noexcept {
  const auto host = hosts_.find(key);
  if (host == hosts_.end()) return nullptr;
  auto& idle = host->second.idle;
  const Duration oldest = get_running_loop().time() - keepalive_;
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    --idle_;
    // Nothing is due: bytes or an end mean that the server is done with it.
    auto readable = connection->stream.reader.peek(1);
    if (connection->idle_since > oldest && !connection->stream.writer.is_closing() &&
        !readable.await_ready()) {
      return connection;
    }
    connection->stream.writer.close();
  }
  return nullptr;
}

void ClientPool::release(const std::string& key,
                         std::unique_ptr<ClientConnection> connection) noexcept {
  const auto host = hosts_.find(key);
  --active_;
  --host->second.active;
  if (connection && !closed_ && keepalive_ > Duration()) {
    connection->idle_since = get_running_loop().time();
    host->second.idle.push_back(std::move(connection));
    ++idle_;
    if (limit_ != 0 && idle_ > limit_) close_oldest();
    arm();
  } else if (connection) {
    connection->stream.writer.close();
  }
  forget_if_empty(key);
  grant();
}

void ClientPool::forget_if_empty(const std::string& key) noexcept {
  const auto host = hosts_.find(key);
  if (host != hosts_.end() && host->second.active == 0 && host->second.idle.empty()) {
    hosts_.erase(host);
  }
}

// One timer, for the one that is idle for the longest time. When that is used before, the timer
// rings in vain.
void ClientPool::arm() noexcept {
  if (armed_ || keepalive_.is_forever() || idle_ == 0) return;
  Duration oldest = Duration::forever();
  for (const auto& [key, host] : hosts_) {
    for (const auto& connection : host.idle) oldest = std::min(oldest, connection->idle_since);
  }
  armed_ = true;
  timer_ = get_running_loop().call_at(oldest + keepalive_, [this] {
    armed_ = false;
    close_expired();
    arm();
  });
}

// Not more are kept than may be in use: hosts come and go.
void ClientPool::close_oldest() noexcept {
  auto oldest = hosts_.end();
  for (auto host = hosts_.begin(); host != hosts_.end(); ++host) {
    if (host->second.idle.empty()) continue;
    if (oldest == hosts_.end() ||
        host->second.idle.front()->idle_since < oldest->second.idle.front()->idle_since) {
      oldest = host;
    }
  }
  if (oldest == hosts_.end()) return;
  oldest->second.idle.front()->stream.writer.close();
  oldest->second.idle.erase(oldest->second.idle.begin());
  --idle_;
  if (oldest->second.active == 0 && oldest->second.idle.empty()) hosts_.erase(oldest);
}

void ClientPool::close_expired() noexcept {
  const Duration oldest = get_running_loop().time() - keepalive_;
  for (auto host = hosts_.begin(); host != hosts_.end();) {
    std::erase_if(host->second.idle, [&](const auto& connection) {
      if (connection->idle_since > oldest) return false;
      connection->stream.writer.close();
      --idle_;
      return true;
    });
    const bool empty = host->second.active == 0 && host->second.idle.empty();
    host = empty ? hosts_.erase(host) : std::next(host);
  }
}

void ClientPool::close() noexcept {
  closed_ = true;
  if (std::exchange(armed_, false)) timer_.cancel();
  for (auto& [key, host] : hosts_) {
    for (auto& connection : host.idle) connection->stream.writer.close();
    host.idle.clear();
  }
  idle_ = 0;
  std::erase_if(hosts_, [](const auto& entry) { return entry.second.active == 0; });
  // Those in line find it closed; each takes a right, so that it can give it back.
  while (!waiters_.empty()) {
    Waiter& waiter = *waiters_.front();
    waiters_.pop_front();
    ++active_;
    ++hosts_[waiter.key].active;
    waiter.grant();
  }
}

void Lease::keep() noexcept {
  if (!session_) return;
  const auto session = std::move(session_);
  session->pool.release(key_, std::move(connection_));
}

void Lease::discard() noexcept {
  if (!connection_) return;
  connection_->stream.writer.abort();
  connection_.reset();
}

void Lease::drop() noexcept {
  discard();
  keep();
}

}  // namespace hob::http::detail
