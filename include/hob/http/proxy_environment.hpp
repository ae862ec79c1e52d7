// SPDX-License-Identifier: MIT
// ProxyEnvironment: http_proxy, https_proxy, all_proxy and no_proxy, the variables by which a user
// tells programs how to get out.
#pragma once

#include <hob/http/url.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hob::http {

/// A snapshot of the variables. Names in lower case go before those in capitals; `HTTP_PROXY` is
/// not read in a CGI program (REQUEST_METHOD is set), where a client could set it. Rules of
/// CPython's urllib, plus networks (`10.0.0.0/8`) in no_proxy as with curl and Go.
class ProxyEnvironment {
 public:
  using Getenv = const char* (*)(const char*);
  /// Of this process, or of what `get` gives.
  static ProxyEnvironment read(Getenv get = nullptr);

  /// The proxy for requests of `url`; nothing when it is to be reached directly. Throws InvalidURL
  /// when the variable has no URL (a scheme may be missing: http).
  std::optional<Url> find(const Url& url) const;
  /// Whether no_proxy names the host.
  bool bypasses(const Url& url) const;

 private:
  std::string http_, https_, all_;
  std::vector<std::string> no_proxy_;
};

}  // namespace hob::http
