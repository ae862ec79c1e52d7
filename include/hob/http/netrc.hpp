// SPDX-License-Identifier: MIT
// Netrc: the file in which people keep the passwords of hosts (`machine h login l password p`).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hob::http {

struct Credentials {
  std::string user, password;
};

/// Grammar of CPython's netrc module.
class Netrc {
 public:
  Netrc() = default;
  /// Throws ValueError, with the line, for what is not of the grammar.
  static Netrc parse(std::string_view text);
  /// Reads $NETRC, else ~/.netrc; empty when there is none. Blocks for a small file: call it once.
  static Netrc read_default();

  /// The entry of `host`, else the default one.
  std::optional<Credentials> find(std::string_view host) const;

 private:
  struct Machine {
    std::string host;
    Credentials credentials;
  };
  std::vector<Machine> machines_;
  std::optional<Credentials> default_;
};

}  // namespace hob::http
