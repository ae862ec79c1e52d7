// SPDX-License-Identifier: MIT
// The errors of the HTTP client: aiohttp's hierarchy by its names. An error has several parents in
// Python (a ServerTimeoutError is a ClientError and a TimeoutError). Here the categories are not
// exceptions themselves, so that `catch (const std::exception&)` stays unambiguous: each error is
// one standard or Hob exception plus its category, and can be caught as either.
#pragma once

#include <hob/core/error.hpp>

#include <string>

namespace hob::http {

/// Whatever went wrong with a request, but for its time limit as a whole (TimeoutError) and a
/// cancellation. Catch it by reference; `what()` is one line for humans.
class ClientError {
 public:
  virtual const char* what() const noexcept = 0;

 protected:
  ClientError() = default;
  ClientError(const ClientError&) = default;
  ClientError& operator=(const ClientError&) = default;
  virtual ~ClientError() = default;
};

/// The connection could not be made, or broke.
class ClientConnectionError : public ClientError {};
/// The server did not keep up its side of the connection.
class ServerConnectionError : public ClientConnectionError {};

namespace detail {

/// An exception `Base` that is also caught as the category `Category`.
template <class Category, class Base>
class CategorizedError : public Category, public Base {
 public:
  using Base::Base;
  const char* what() const noexcept override { return Base::what(); }
};

}  // namespace detail

/// The response is there and was not acceptable: `raise_for_status`, and the errors below.
class ClientResponseError : public ClientError {
 public:
  /// The status code, 0 when there is none.
  int status() const noexcept { return status_; }
  /// Where the response came from.
  const std::string& url() const noexcept { return url_; }

 protected:
  ClientResponseError(int status, std::string url) : status_(status), url_(std::move(url)) {}

 private:
  int status_;
  std::string url_;
};

/// `raise_for_status`: the status is 400 or more.
class ClientStatusError : public ClientResponseError, public std::runtime_error {
 public:
  ClientStatusError(int status, const std::string& reason, const std::string& url)
      : ClientResponseError(status, url),
        std::runtime_error(std::to_string(status) + (reason.empty() ? "" : " " + reason) + ", " +
                           url) {}
  const char* what() const noexcept override { return std::runtime_error::what(); }
};

/// The server answered what is not HTTP, or breaks its rules (aiohttp: a ClientResponseError with
/// status 400).
class BadHttpMessage : public ClientResponseError, public std::runtime_error {
 public:
  BadHttpMessage(const std::string& reason, const std::string& url)
      : ClientResponseError(400, url),
        std::runtime_error("the answer is no HTTP response: " + reason + ", " + url) {}
  const char* what() const noexcept override { return std::runtime_error::what(); }
};

/// `json()` found another content type than JSON (a ValueError in aiohttp, too).
class ContentTypeError : public ClientResponseError, public ValueError {
 public:
  ContentTypeError(int status, const std::string& url, const std::string& what)
      : ClientResponseError(status, url), ValueError(what) {}
  const char* what() const noexcept override { return ValueError::what(); }
};

/// More redirects than `max_redirects`.
class TooManyRedirects : public ClientResponseError, public std::runtime_error {
 public:
  TooManyRedirects(int status, const std::string& url)
      : ClientResponseError(status, url), std::runtime_error("too many redirects, last " + url) {}
  const char* what() const noexcept override { return std::runtime_error::what(); }
};

/// The proxy refused to make the tunnel; `status()` is its answer (407: credentials are needed).
class ClientHttpProxyError : public ClientResponseError, public std::runtime_error {
 public:
  ClientHttpProxyError(int status, const std::string& url, const std::string& what)
      : ClientResponseError(status, url), std::runtime_error(what) {}
  const char* what() const noexcept override { return std::runtime_error::what(); }
};

/// A call of the system failed; `code()` is errno.
class ClientOSError : public detail::CategorizedError<ClientConnectionError, OSError> {
 public:
  ClientOSError(int code, const std::string& what) : CategorizedError(code, what), what_(what) {}
  const char* what() const noexcept override { return what_.what(); }

 private:
  std::runtime_error what_;  // a string that is copied without throwing
};
/// The connection was reset, or is gone although the response is not.
class ClientConnectionResetError : public ClientOSError {
  using ClientOSError::ClientOSError;
};
/// No connection to the host could be made.
class ClientConnectorError : public ClientOSError {
  using ClientOSError::ClientOSError;
};
/// The host has no address; `code()` is that of the resolver.
class ClientConnectorDNSError : public ClientConnectorError {
  using ClientConnectorError::ClientConnectorError;
};
/// No connection to the proxy could be made.
class ClientProxyConnectionError : public ClientConnectorError {
  using ClientConnectorError::ClientConnectorError;
};
/// No connection to the Unix socket could be made.
class UnixClientConnectorError : public ClientConnectorError {
  using ClientConnectorError::ClientConnectorError;
};
/// The TLS handshake failed.
class ClientSSLError : public ClientConnectorError {
  using ClientConnectorError::ClientConnectorError;
};
/// The handshake failed for another reason than the certificate.
class ClientConnectorSSLError : public ClientSSLError {
  using ClientSSLError::ClientSSLError;
};
/// The certificate of the server is not one that is trusted for this host.
class ClientConnectorCertificateError : public ClientSSLError {
  using ClientSSLError::ClientSSLError;
};

/// The server closed the connection before its response was there.
class ServerDisconnectedError
    : public detail::CategorizedError<ServerConnectionError, std::runtime_error> {
 public:
  ServerDisconnectedError() : CategorizedError("server disconnected") {}
  using CategorizedError::CategorizedError;
};
/// The certificate has another fingerprint than `RequestBuilder::fingerprint` asks for.
class ServerFingerprintMismatch : public detail::CategorizedError<ClientError, std::runtime_error> {
 public:
  ServerFingerprintMismatch(std::string expected, std::string got, const std::string& host,
                            int port)
      : CategorizedError("the certificate of " + host + ':' + std::to_string(port) +
                         " has the fingerprint " + got + ", not " + expected),
        expected_(std::move(expected)),
        got_(std::move(got)) {}
  const std::string& expected() const noexcept { return expected_; }
  /// Empty when the server has shown no certificate.
  const std::string& got() const noexcept { return got_; }

 private:
  std::string expected_, got_;
};
/// `sock_connect`, `connect` or `sock_read` has passed (a TimeoutError, too).
class ServerTimeoutError : public detail::CategorizedError<ServerConnectionError, TimeoutError> {
  using CategorizedError::CategorizedError;
};
/// No connection within `connect` or `sock_connect`.
class ConnectionTimeoutError : public ServerTimeoutError {
  using ServerTimeoutError::ServerTimeoutError;
};
/// Nothing to read for `sock_read`.
class SocketTimeoutError : public ServerTimeoutError {
  using ServerTimeoutError::ServerTimeoutError;
};

/// The body of the response is shorter than announced, badly chunked, badly compressed, or larger
/// than the limit.
class ClientPayloadError : public detail::CategorizedError<ClientError, std::runtime_error> {
  using CategorizedError::CategorizedError;
};

/// The text is not a URL that can be requested (a ValueError, too).
class InvalidURL : public detail::CategorizedError<ClientError, ValueError> {
 public:
  InvalidURL(const std::string& url, const std::string& reason)
      : CategorizedError(reason + ": " + url) {}
};
/// A URL of another scheme than http and https.
class NonHttpUrlClientError : public InvalidURL {
  using InvalidURL::InvalidURL;
};
/// A redirect leads to what is not a URL.
class InvalidUrlRedirectClientError : public InvalidURL {
  using InvalidURL::InvalidURL;
};
/// A redirect leads to another scheme than http and https.
class NonHttpUrlRedirectClientError : public InvalidUrlRedirectClientError {
  using InvalidUrlRedirectClientError::InvalidUrlRedirectClientError;
};

}  // namespace hob::http
