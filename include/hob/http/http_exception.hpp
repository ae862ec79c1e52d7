// SPDX-License-Identifier: MIT
// HTTPException: answers that a handler throws, aiohttp's web.HTTPNotFound and its kin.
#pragma once

#include <hob/core/text.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/status.hpp>

#include <stdexcept>
#include <string>
#include <type_traits>

namespace hob::http {

/// An answer in the form of an exception: `throw HTTPNotFound("no such user");`. The body is the
/// text, by default status and reason.
class HTTPException : public std::runtime_error {
 public:
  explicit HTTPException(int status, Text text = {});

  int status() const noexcept { return status_; }
  /// Fields of the answer besides those that belong to its body; to be added to.
  Headers& headers() noexcept { return headers_; }
  const Headers& headers() const noexcept { return headers_; }

 private:
  int status_;
  Headers headers_;
};

// What they have in common, to be caught together: aiohttp's tree.

/// 2xx, as an exception: ends a handler from deep inside.
class HTTPSuccessful : public HTTPException {
  using HTTPException::HTTPException;
};
/// 3xx.
class HTTPRedirection : public HTTPException {
  using HTTPException::HTTPException;
};
/// 4xx and 5xx.
class HTTPError : public HTTPException {
  using HTTPException::HTTPException;
};
class HTTPClientError : public HTTPError {
  using HTTPError::HTTPError;
};
class HTTPServerError : public HTTPError {
  using HTTPError::HTTPError;
};

namespace detail {

template <int kStatus>
auto http_exception_base() noexcept {
  static_assert(kStatus >= 200 && kStatus < 600, "no status of a final answer");
  if constexpr (kStatus < 300) {
    return static_cast<HTTPSuccessful*>(nullptr);
  } else if constexpr (kStatus < 400) {
    return static_cast<HTTPRedirection*>(nullptr);
  } else if constexpr (kStatus < 500) {
    return static_cast<HTTPClientError*>(nullptr);
  } else {
    return static_cast<HTTPServerError*>(nullptr);
  }
}
template <int kStatus>
using HTTPExceptionBase = std::remove_pointer_t<decltype(http_exception_base<kStatus>())>;

}  // namespace detail

/// One type for each status, so that it can be caught.
template <int kStatus>
class HTTPStatus : public detail::HTTPExceptionBase<kStatus> {
 public:
  explicit HTTPStatus(Text text = {}) : detail::HTTPExceptionBase<kStatus>(kStatus, text) {}
};

/// Sends the client elsewhere.
template <int kStatus>
class HTTPRedirect : public HTTPRedirection {
 public:
  /// `location`: a URL, perhaps relative. Throws ValueError when it holds control characters.
  explicit HTTPRedirect(Text location) : HTTPRedirection(kStatus) {
    headers().set("Location", location);
  }
};

using HTTPOk = HTTPStatus<Status::ok>;
using HTTPCreated = HTTPStatus<Status::created>;
using HTTPAccepted = HTTPStatus<Status::accepted>;
using HTTPNonAuthoritativeInformation = HTTPStatus<Status::non_authoritative_information>;
using HTTPNoContent = HTTPStatus<Status::no_content>;
using HTTPResetContent = HTTPStatus<Status::reset_content>;
using HTTPPartialContent = HTTPStatus<Status::partial_content>;

using HTTPMultipleChoices = HTTPRedirect<Status::multiple_choices>;
using HTTPMovedPermanently = HTTPRedirect<Status::moved_permanently>;
using HTTPFound = HTTPRedirect<Status::found>;
using HTTPSeeOther = HTTPRedirect<Status::see_other>;
using HTTPUseProxy = HTTPRedirect<Status::use_proxy>;
using HTTPTemporaryRedirect = HTTPRedirect<Status::temporary_redirect>;
using HTTPPermanentRedirect = HTTPRedirect<Status::permanent_redirect>;
using HTTPNotModified = HTTPStatus<Status::not_modified>;

using HTTPBadRequest = HTTPStatus<Status::bad_request>;
using HTTPUnauthorized = HTTPStatus<Status::unauthorized>;
using HTTPPaymentRequired = HTTPStatus<Status::payment_required>;
using HTTPForbidden = HTTPStatus<Status::forbidden>;
using HTTPNotFound = HTTPStatus<Status::not_found>;
using HTTPNotAcceptable = HTTPStatus<Status::not_acceptable>;
using HTTPProxyAuthenticationRequired = HTTPStatus<Status::proxy_authentication_required>;
using HTTPRequestTimeout = HTTPStatus<Status::request_timeout>;
using HTTPConflict = HTTPStatus<Status::conflict>;
using HTTPGone = HTTPStatus<Status::gone>;
using HTTPLengthRequired = HTTPStatus<Status::length_required>;
using HTTPPreconditionFailed = HTTPStatus<Status::precondition_failed>;
using HTTPRequestEntityTooLarge = HTTPStatus<Status::content_too_large>;
using HTTPRequestURITooLong = HTTPStatus<Status::uri_too_long>;
using HTTPUnsupportedMediaType = HTTPStatus<Status::unsupported_media_type>;
using HTTPRequestRangeNotSatisfiable = HTTPStatus<Status::range_not_satisfiable>;
using HTTPExpectationFailed = HTTPStatus<Status::expectation_failed>;
using HTTPMisdirectedRequest = HTTPStatus<Status::misdirected_request>;
using HTTPUnprocessableEntity = HTTPStatus<Status::unprocessable_content>;
using HTTPFailedDependency = HTTPStatus<Status::failed_dependency>;
using HTTPUpgradeRequired = HTTPStatus<Status::upgrade_required>;
using HTTPPreconditionRequired = HTTPStatus<Status::precondition_required>;
using HTTPTooManyRequests = HTTPStatus<Status::too_many_requests>;
using HTTPRequestHeaderFieldsTooLarge = HTTPStatus<Status::request_header_fields_too_large>;
using HTTPUnavailableForLegalReasons = HTTPStatus<Status::unavailable_for_legal_reasons>;

using HTTPInternalServerError = HTTPStatus<Status::internal_server_error>;
using HTTPNotImplemented = HTTPStatus<Status::not_implemented>;
using HTTPBadGateway = HTTPStatus<Status::bad_gateway>;
using HTTPServiceUnavailable = HTTPStatus<Status::service_unavailable>;
using HTTPGatewayTimeout = HTTPStatus<Status::gateway_timeout>;
using HTTPVersionNotSupported = HTTPStatus<Status::http_version_not_supported>;
using HTTPVariantAlsoNegotiates = HTTPStatus<Status::variant_also_negotiates>;
using HTTPInsufficientStorage = HTTPStatus<Status::insufficient_storage>;
using HTTPNotExtended = HTTPStatus<Status::not_extended>;
using HTTPNetworkAuthenticationRequired = HTTPStatus<Status::network_authentication_required>;

/// 405, with the methods that would do in the Allow field.
class HTTPMethodNotAllowed : public HTTPClientError {
 public:
  explicit HTTPMethodNotAllowed(Text allowed) : HTTPClientError(Status::method_not_allowed) {
    headers().set("Allow", allowed);
  }
};

}  // namespace hob::http
