// SPDX-License-Identifier: MIT
// HTTPException: answers that a handler throws, aiohttp's web.HTTPNotFound and its kin.
#pragma once

#include <hob/core/text.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/status.hpp>

#include <stdexcept>
#include <string>

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

/// One type for each status, so that it can be caught.
template <int kStatus>
class HTTPStatus : public HTTPException {
 public:
  explicit HTTPStatus(Text text = {}) : HTTPException(kStatus, text) {}
};

/// Sends the client elsewhere.
template <int kStatus>
class HTTPRedirect : public HTTPException {
 public:
  /// `location`: a URL, perhaps relative. Throws ValueError when it holds control characters.
  explicit HTTPRedirect(Text location) : HTTPException(kStatus) {
    headers().set("Location", location);
  }
};

using HTTPMovedPermanently = HTTPRedirect<Status::moved_permanently>;
using HTTPFound = HTTPRedirect<Status::found>;
using HTTPSeeOther = HTTPRedirect<Status::see_other>;
using HTTPTemporaryRedirect = HTTPRedirect<Status::temporary_redirect>;
using HTTPPermanentRedirect = HTTPRedirect<Status::permanent_redirect>;
using HTTPNotModified = HTTPStatus<Status::not_modified>;

using HTTPBadRequest = HTTPStatus<Status::bad_request>;
using HTTPUnauthorized = HTTPStatus<Status::unauthorized>;
using HTTPForbidden = HTTPStatus<Status::forbidden>;
using HTTPNotFound = HTTPStatus<Status::not_found>;
using HTTPNotAcceptable = HTTPStatus<Status::not_acceptable>;
using HTTPRequestTimeout = HTTPStatus<Status::request_timeout>;
using HTTPConflict = HTTPStatus<Status::conflict>;
using HTTPGone = HTTPStatus<Status::gone>;
using HTTPLengthRequired = HTTPStatus<Status::length_required>;
using HTTPPreconditionFailed = HTTPStatus<Status::precondition_failed>;
using HTTPRequestEntityTooLarge = HTTPStatus<Status::content_too_large>;
using HTTPUnsupportedMediaType = HTTPStatus<Status::unsupported_media_type>;
using HTTPRequestRangeNotSatisfiable = HTTPStatus<Status::range_not_satisfiable>;
using HTTPExpectationFailed = HTTPStatus<Status::expectation_failed>;
using HTTPUnprocessableEntity = HTTPStatus<Status::unprocessable_content>;
using HTTPTooManyRequests = HTTPStatus<Status::too_many_requests>;

using HTTPInternalServerError = HTTPStatus<Status::internal_server_error>;
using HTTPNotImplemented = HTTPStatus<Status::not_implemented>;
using HTTPBadGateway = HTTPStatus<Status::bad_gateway>;
using HTTPServiceUnavailable = HTTPStatus<Status::service_unavailable>;
using HTTPGatewayTimeout = HTTPStatus<Status::gateway_timeout>;

/// 405, with the methods that would do in the Allow field.
class HTTPMethodNotAllowed : public HTTPException {
 public:
  explicit HTTPMethodNotAllowed(Text allowed) : HTTPException(Status::method_not_allowed) {
    headers().set("Allow", allowed);
  }
};

}  // namespace hob::http
