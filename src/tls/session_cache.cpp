// SPDX-License-Identifier: MIT
#include "tls/session_cache.hpp"

#include <algorithm>
#include <ctime>

namespace hob::detail {
namespace {

bool usable(SSL_SESSION* session) {
  const auto age = static_cast<long>(std::time(nullptr)) - SSL_SESSION_get_time(session);
  return SSL_SESSION_is_resumable(session) == 1 && age >= 0 &&
         age < SSL_SESSION_get_timeout(session);
}

}  // namespace

std::size_t SessionCache::capacity() {
  const std::lock_guard lock(mutex_);
  return capacity_;
}

void SessionCache::resize(std::size_t hosts) {
  const std::lock_guard lock(mutex_);
  capacity_ = hosts;
  index_.clear();
  hosts_.clear();
}

SessionPtr SessionCache::take(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  hosts_.splice(hosts_.begin(), hosts_, found->second);
  std::vector<SessionPtr>& sessions = found->second->sessions;
  while (!sessions.empty()) {
    SessionPtr session = std::move(sessions.back());
    sessions.pop_back();
    if (!usable(session.get())) continue;
    if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(session.get());
      sessions.emplace_back(session.get());
    }
    return session;
  }
  return nullptr;
}

void SessionCache::put(const std::string& key, SessionPtr session) {
  const std::lock_guard lock(mutex_);
  if (capacity_ == 0) return;
  auto found = index_.find(key);
  if (found == index_.end()) {
    if (hosts_.size() >= capacity_) {
      index_.erase(hosts_.back().key);
      hosts_.pop_back();
    }
    hosts_.push_front(Host{key, {}});
    found = index_.emplace(hosts_.front().key, hosts_.begin()).first;
  } else {
    hosts_.splice(hosts_.begin(), hosts_, found->second);
  }
  std::vector<SessionPtr>& sessions = found->second->sessions;
  if (sessions.size() >= kPerHost) sessions.erase(sessions.begin());
  sessions.push_back(std::move(session));
}

}  // namespace hob::detail
