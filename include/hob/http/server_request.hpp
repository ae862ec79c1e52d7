// SPDX-License-Identifier: MIT
// ServerRequest: what a handler is given. The head is there; the body comes while it is read.
#pragma once

#include <hob/core/text.hpp>
#include <hob/http/detail/parse_as.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/http_exception.hpp>
#include <hob/http/json.hpp>
#include <hob/http/method.hpp>
#include <hob/http/multipart_reader.hpp>
#include <hob/http/params.hpp>
#include <hob/stream/extra_info.hpp>
#include <hob/task/coro.hpp>

#include <nlohmann/json_fwd.hpp>

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob::http {

namespace detail {
class ServerConnection;
class Router;
}  // namespace detail

/// A request that the server answers; aiohttp's web.Request. Lives until the answer is sent, and
/// belongs to the loop's thread; handlers take it by reference.
class ServerRequest {
 public:
  ServerRequest(const ServerRequest&) = delete;
  ServerRequest& operator=(const ServerRequest&) = delete;

  http::Method method() const noexcept { return method_; }
  /// As sent: also methods that have no name here.
  std::string_view method_name() const noexcept { return method_name_; }
  /// As sent: `/a%20b?c`, `http://host/a`, `*`.
  const std::string& target() const noexcept { return target_; }
  /// The path, encoded as sent.
  std::string_view raw_path() const noexcept;
  /// The path, decoded. Not for deciding which file to open: `%2F` has become a slash.
  std::string path() const;
  /// Encoded, without the `?`.
  std::string_view query_string() const noexcept;
  Params query() const { return Params::parse(query_string()); }
  /// The Host field, or the authority of a target in absolute form.
  std::string_view host() const noexcept;
  const Headers& headers() const noexcept { return headers_; }
  /// 1 for HTTP/1.1, 0 for HTTP/1.0.
  int version_minor() const noexcept { return minor_; }
  /// Of the Cookie fields.
  Params cookies() const;
  /// Whether the connection may carry another request afterwards.
  bool keep_alive() const noexcept { return keep_alive_; }

  /// What stands for `{name}` in the route, decoded; "" when there is none of that name.
  std::string_view match_info(Text name) const noexcept;
  /// The same as a number. Throws HTTPNotFound when it is none, or too large: the path leads
  /// nowhere.
  template <class T>
    requires std::is_arithmetic_v<T>
  T match_info(Text name) const {
    const std::string_view text = match_info(name);
    T number{};
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) throw HTTPNotFound();
    return number;
  }
  /// The route that matched, as it was given: `/users/{id}`; "" when none did.
  const std::string& route() const noexcept;

  /// The client's address: no Forwarded field is believed.
  const SocketAddress& peername() const;
  /// Whether the connection is TLS.
  bool secure() const;

  /// Whether the client is known to be gone; it is while something watches, as `disconnected` and
  /// `handler_cancellation` do, or after a write has failed.
  bool is_disconnected() const noexcept;
  /// Waits until the client goes away, or closes its sending side. Not to be awaited by a task that
  /// outlives the request, nor while the body is read. Cancelling it changes nothing.
  Coro<> disconnected();

  // The body. A call throws HTTPBadRequest and the like when it is malformed or broken off, and
  // then the connection closes. A cancelled read has taken nothing.

  /// Whether there is one.
  bool has_body() const noexcept { return has_body_; }
  /// The next piece as it comes; none at the end. While nobody reads, the client has to wait.
  Coro<std::optional<std::string>> next_chunk();
  /// The whole body; again and again. Throws HTTPRequestEntityTooLarge when it is larger than
  /// the server's `body_max`.
  Coro<std::string> read();
  /// The body as UTF-8, from the charset of its Content-Type.
  Coro<std::string> text();
  /// The body as JSON, parsed in a thread when it is large. Throws JSONDecodeError, and
  /// HTTPUnsupportedMediaType when the client says that it is something else: a page of another
  /// site can send text and forms here without asking, but not JSON. Include <nlohmann/json.hpp> to
  /// use the value.
  Coro<nlohmann::json> json();
  /// As a type of your own, by json_traits.
  template <class T>
  Coro<T> json() {
    co_await load_json();
    co_return co_await detail::parse_as<T>(body_);
  }
  /// The fields of an HTML form (application/x-www-form-urlencoded). Throws
  /// HTTPUnsupportedMediaType for another type.
  Coro<Params> form();
  /// A form of either kind, urlencoded or multipart with files. Throws HTTPUnsupportedMediaType
  /// for another type, HTTPRequestEntityTooLarge when its contents are larger than `body_max`: read
  /// large files with MultipartReader.
  Coro<Form> post();
  /// The trailer fields, once the body was read.
  const Headers& trailers() const noexcept { return trailers_; }

  /// A place for what middleware finds out: `request["user"] = "ann"`.
  std::string& operator[](Text name);

 private:
  friend detail::ServerConnection;
  friend detail::Router;
  explicit ServerRequest(detail::ServerConnection& connection) noexcept
      : connection_(&connection) {}
  std::string_view path_and_query() const noexcept;
  std::size_t body_max() const noexcept;
  /// Reads the body into `body_`, once.
  Coro<> load();
  /// The same, for what is said to be JSON or not said to be anything.
  Coro<> load_json();

  detail::ServerConnection* connection_;
  std::string target_;
  std::string method_name_;
  Headers headers_, trailers_;
  std::vector<std::pair<std::string, std::string>> match_info_;
  std::vector<std::pair<std::string, std::string>> values_;
  std::string body_;
  const std::string* route_ = nullptr;
  http::Method method_ = http::Method::other;
  std::uint8_t minor_ = 1;
  bool keep_alive_ = true;
  bool has_body_ = false;
  bool body_read_ = false;
};

}  // namespace hob::http
