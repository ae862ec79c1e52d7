// SPDX-License-Identifier: MIT
#include "http/redirect.hpp"

#include <hob/http/client_error.hpp>

namespace hob::http {

std::optional<Redirect> follow_redirect(int status, std::string_view location,
                                        std::string_view method, const Url& url) {
  if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
    return std::nullopt;
  }
  if (location.empty()) return std::nullopt;
  Redirect next{{}, std::string(method), false, false};
  try {
    next.url = url.join(Url(location));
  } catch (const InvalidURL& error) {
    throw InvalidUrlRedirectClientError(std::string(location), error.what());
  }
  if (next.url.scheme() != "http" && next.url.scheme() != "https") {
    throw NonHttpUrlRedirectClientError(next.url.text(), "a redirect to another scheme than HTTP");
  }
  if (next.url.fragment().empty() && !url.fragment().empty()) {
    next.url = next.url.with_fragment(url.fragment());
  }
  const bool to_get = status == 303 ? method != "GET" && method != "HEAD"
                                    : (status == 301 || status == 302) && method == "POST";
  if (to_get) {
    next.method = "GET";
    next.drop_body = true;
  }
  next.drop_credentials = !next.url.same_origin(url);
  return next;
}

void strip_for_redirect(Headers& headers, const Redirect& redirect) {
  if (redirect.drop_body) {
    for (const char* name :
         {"Content-Encoding", "Content-Language", "Content-Location", "Content-Type",
          "Content-Length", "Content-Disposition", "Transfer-Encoding", "Expect"}) {
      headers.remove(name);
    }
  }
  if (redirect.drop_credentials) {
    for (const char* name : {"Authorization", "Proxy-Authorization", "Cookie", "Host"}) {
      headers.remove(name);
    }
  }
}

}  // namespace hob::http
