// SPDX-License-Identifier: MIT
// Response: what a request has given. The head is there, the body comes while it is read.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/http/cookies.hpp>
#include <hob/http/detail/parse_as.hpp>
#include <hob/http/header_values.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/json.hpp>
#include <hob/http/url.hpp>
#include <hob/task/coro.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hob::http {

class Response;

namespace detail {

class ResponseState;

}  // namespace detail

/// The body as it comes. While nobody reads, the server has to wait: at most the receive buffers
/// are filled. Every call may suspend, counts against the timeouts of the request, and throws
/// ClientPayloadError when the body is broken off, malformed or badly compressed. A cancelled read
/// has taken nothing.
class Content {
 public:
  /// At least one byte and at most `n`; "" at the end.
  Coro<std::string> read(std::size_t n) const;
  /// What is there; "" at the end. (aiohttp's readany and iter_any.)
  Coro<std::string> readany() const;
  /// A line with its '\n'; at the end what is left, perhaps "". Throws ValueError for a line longer
  /// than 1 MiB.
  Coro<std::string> readline() const;
  /// Exactly `n` bytes. Throws IncompleteReadError when the body ends before; its `partial()` is
  /// what there was.
  Coro<std::string> readexactly(std::size_t n) const;
  /// Up to and with `separator`; at the end of the body what is left, perhaps "". Throws ValueError
  /// when it does not come within 1 MiB, or is empty.
  Coro<std::string> readuntil(std::string_view separator) const;
  /// `while (auto chunk = co_await response.content().next_chunk(1 << 16))`: exactly `n` bytes but
  /// for the last chunk; none at the end. (iter_chunked)
  Coro<std::optional<std::string>> next_chunk(std::size_t n) const;
  /// The next line without its line end; none at the end. (iter_lines)
  Coro<std::optional<std::string>> next_line() const;
  bool at_eof() const noexcept;

 private:
  friend Response;
  explicit Content(detail::ResponseState* state) noexcept : state_(state) {}
  detail::ResponseState* state_;
};

/// A handle; copies are the same response. When the last one goes before the body was read to its
/// end, the connection is closed: there is no other way to stop the server. Belongs to the loop's
/// thread.
class Response {
 public:
  Response(const Response& other) noexcept;
  Response(Response&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Response& operator=(Response other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Response();

  int status() const noexcept;
  /// As sent; may be empty.
  const std::string& reason() const noexcept;
  /// Whether the status is below 400, as in aiohttp. (fetch: 200 to 299.)
  bool ok() const noexcept { return status() < 400; }
  const Headers& headers() const noexcept;
  /// The trailer fields, once the body was read.
  const Headers& trailers() const noexcept;
  /// Of the last request, after redirects.
  const Url& url() const noexcept;
  const std::string& method() const noexcept;
  /// 1 for HTTP/1.1, 0 for HTTP/1.0.
  int version_minor() const noexcept;
  /// The responses that redirected, the first one first. Their bodies are gone.
  const std::vector<Response>& history() const noexcept;
  bool redirected() const noexcept { return !history().empty(); }
  /// Those that this response has set.
  std::vector<Cookie> cookies() const;
  ContentType content_type() const;
  /// Of the Content-Disposition field: `filename()` is safe to create.
  ContentDisposition content_disposition() const;
  std::vector<Link> links() const;

  /// The whole body; again and again.
  Coro<std::string> read() const;
  /// The same; fetch's name.
  Coro<std::string> bytes() const;
  /// The body as UTF-8: from the encoding of a byte order mark, `encoding`, the Content-Type, else
  /// UTF-8. What is malformed becomes U+FFFD.
  Coro<std::string> text(std::string_view encoding = {}) const;
  /// The body as JSON; a large one is parsed in another thread. Throws ContentTypeError when it
  /// says to be something else (application/json and anything +json are JSON), and JSONDecodeError.
  /// Include <nlohmann/json.hpp> to use the value.
  Coro<nlohmann::json> json() const;
  /// Whatever the content type.
  Coro<nlohmann::json> json_unchecked() const;
  /// As a type of your own, by json_traits; a large one is parsed in another thread.
  template <class T>
  Coro<T> json() const {
    return convert<T>(*this);
  }

  Content content() const noexcept { return Content(state_); }
  /// Reads what is left, up to 64 KiB, so that the connection can be kept; closes it otherwise.
  Coro<> release() const;
  /// Closes the connection, if the body was not read to its end.
  void close() const noexcept;
  /// Throws ClientStatusError for a status of 400 or more, and closes.
  void raise_for_status() const;

  /// For the client: takes over a count.
  explicit Response(detail::ResponseState* adopted) noexcept : state_(adopted) {}
  detail::ResponseState& state() const noexcept { return *state_; }

 private:
  /// The text of a body that says to be JSON.
  Coro<std::string> json_text() const;
  template <class T>
  static Coro<T> convert(Response response) {
    std::string text = co_await response.json_text();
    co_return co_await detail::parse_as<T>(std::move(text));
  }

  detail::ResponseState* state_;
};

}  // namespace hob::http
