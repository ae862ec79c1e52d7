// SPDX-License-Identifier: MIT
// What a redirect means: where to, by which method, with or without body and credentials. A
// function of the response alone (RFC 9110, 15.4; fetch, 4.4; aiohttp).
#pragma once

#include <hob/http/headers.hpp>
#include <hob/http/url.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace hob::http {

struct Redirect {
  Url url;
  std::string method;
  bool drop_body;         // the method has become GET
  bool drop_credentials;  // another origin: neither Authorization nor Cookie nor Host go there
};

/// The next request after a response with `status` and Location `location` (empty for none) to
/// `method` `url`; nothing when it is no redirect. Throws InvalidUrlRedirectClientError and
/// NonHttpUrlRedirectClientError.
std::optional<Redirect> follow_redirect(int status, std::string_view location,
                                        std::string_view method, const Url& url);

/// Takes out of `headers` what the next request must not have.
void strip_for_redirect(Headers& headers, const Redirect& redirect);

}  // namespace hob::http
