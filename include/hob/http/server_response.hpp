// SPDX-License-Identifier: MIT
// ServerResponse: what a handler gives - a status, fields, and a body that is there or is written
// piece by piece.
#pragma once

#include <hob/core/function.hpp>
#include <hob/core/text.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/json.hpp>
#include <hob/http/set_cookie.hpp>
#include <hob/http/status.hpp>
#include <hob/stream/writer.hpp>
#include <hob/task/coro.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace hob::http {

namespace detail {
class ServerConnection;
}

/// Writes the body of a response while it is made. Made by the server.
class BodyWriter {
 public:
  BodyWriter(const BodyWriter&) = delete;
  BodyWriter& operator=(const BodyWriter&) = delete;

  /// Sends `bytes`, and waits until the client has taken most of what was sent: `co_await
  /// body.write("...")`. An empty text sends nothing. Throws OSError when the client is gone.
  [[nodiscard]] hob::detail::WriterAwaiter write(Text bytes);
  /// Sends `count` bytes of a file from `offset` on, by the kernel where the connection is plain;
  /// `file` is a descriptor, borrowed. Waits until they are sent, all but what the kernel keeps;
  /// cancelled, a part of them was. Throws OSError as `write` and when the file cannot be read,
  /// RuntimeError when it has fewer bytes by now.
  Coro<> send_file(int file, std::int64_t offset, std::uint64_t count);
  /// Fields behind the body, sent when the writing ends; only with chunks (HTTP/1.1).
  void set_trailers(Headers trailers) noexcept { trailers_ = std::move(trailers); }

 private:
  friend detail::ServerConnection;
  explicit BodyWriter(detail::ServerConnection& connection) noexcept : connection_(connection) {}
  detail::ServerConnection& connection_;
  Headers trailers_;
};

/// An answer; aiohttp's web.Response, StreamResponse and FileResponse. A value that moves.
class ServerResponse {
 public:
  using Write = Function<Coro<>(BodyWriter&)>;

  // Not an aggregate: g++ 12 destroys those twice in a full-expression with co_await.
  explicit ServerResponse(int code = Status::ok) noexcept : status(code) {}
  ServerResponse(int code, std::string content) noexcept : status(code), body(std::move(content)) {}
  ServerResponse(ServerResponse&&) noexcept = default;
  ServerResponse& operator=(ServerResponse&&) noexcept = default;

  /// Sets a field: `return text_response("hi").header("Cache-Control", "no-store");`. Throws as
  /// Headers::set.
  ServerResponse& header(Text name, Text value) & {
    headers.set(name, value);
    return *this;
  }
  ServerResponse&& header(Text name, Text value) && {
    headers.set(name, value);
    return std::move(*this);
  }

  /// Asks the browser to keep a cookie. Throws ValueError as set_cookie_value.
  ServerResponse& set_cookie(Text name, Text value, const CookieOptions& options = {}) & {
    headers.add("Set-Cookie", set_cookie_value(name, value, options));
    return *this;
  }
  ServerResponse&& set_cookie(Text name, Text value, const CookieOptions& options = {}) && {
    return std::move(set_cookie(name, value, options));
  }
  /// Asks it to drop one; domain and path as it was set with.
  ServerResponse& del_cookie(Text name, CookieOptions options = {});

  int status;
  /// Empty: the registered phrase.
  std::string reason;
  /// Content-Length, Transfer-Encoding, Connection, Date and Server are the server's; `Connection:
  /// close` is heeded.
  Headers headers;
  std::string body;
  /// Instead of `body`: writes it. In chunks; to a client of HTTP/1.0 until the connection closes.
  /// When it throws, the connection is closed, so that the client sees that the body is not whole.
  Write write;
  /// How many bytes `write` will write, when that is known; they are then sent as they are, and
  /// another number closes the connection.
  std::int64_t content_length = -1;
  /// `write` is cancelled when the client goes away: for bodies that wait for something to tell.
  bool cancel_on_disconnect = false;
  /// Whether the body may be compressed when the client takes that; it needs the server's
  /// `compress`, too.
  bool compressible = true;
};

/// `text/plain` in UTF-8.
ServerResponse text_response(std::string text, int status = Status::ok);
ServerResponse html_response(std::string html, int status = Status::ok);
/// Sends the client elsewhere; the same as an exception is HTTPFound. Throws ValueError when
/// `location` holds control characters.
ServerResponse redirect_response(Text location, int status = Status::found);
/// `application/json`, from its text.
ServerResponse json_text_response(std::string json, int status = Status::ok);
/// The same from a value, or by json_traits from a type of your own.
ServerResponse json_response(const nlohmann::json& value, int status = Status::ok);
template <class T>
  requires(!std::is_same_v<T, nlohmann::json>)
ServerResponse json_response(const T& value, int status = Status::ok) {
  return json_text_response(json_traits<T>::dump(value), status);
}
/// A body that `write(BodyWriter&)`, a coroutine, writes. The callable lives until it has ended.
ServerResponse stream_response(ServerResponse::Write write,
                               Text content_type = "application/octet-stream");

}  // namespace hob::http
