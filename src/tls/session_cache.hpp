// SPDX-License-Identifier: MIT
// SessionCache: a client's sessions, by whom they are with, so that the next handshake is shorter.
// A ticket of TLS 1.3 is used once (RFC 8446, C.4), a session of TLS 1.2 as often as it is good
// for.
#pragma once

#include "tls/openssl.hpp"

#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hob::detail {

/// Any thread.
class SessionCache {
 public:
  /// Keeps at most `hosts`; those that were not used for longest go first.
  void resize(std::size_t hosts);
  void clear() { resize(capacity()); }
  /// The newest usable session with `key`; null when there is none.
  SessionPtr take(const std::string& key);
  void put(const std::string& key, SessionPtr session);

 private:
  static constexpr std::size_t kPerHost = 4;
  struct Host {
    std::string key;
    std::vector<SessionPtr> sessions;  // oldest first
  };
  using Hosts = std::list<Host>;
  std::size_t capacity();

  std::mutex mutex_;
  std::size_t capacity_ = 256;
  Hosts hosts_;  // most recently used first
  std::unordered_map<std::string_view, Hosts::iterator> index_;
};

}  // namespace hob::detail
