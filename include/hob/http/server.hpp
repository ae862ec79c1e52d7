// SPDX-License-Identifier: MIT
// Server: HTTP/1.1 with routes whose handlers are coroutines.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/function.hpp>
#include <hob/core/ref.hpp>
#include <hob/core/text.hpp>
#include <hob/http/http_exception.hpp>
#include <hob/http/method.hpp>
#include <hob/http/parsing.hpp>
#include <hob/http/server_request.hpp>
#include <hob/http/server_response.hpp>
#include <hob/http/static_files.hpp>
#include <hob/net/server.hpp>
#include <hob/stream/stream.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hob::http {

/// What errors look like: those that handlers throw, and those of the server itself.
enum class ErrorPages : unsigned char {
  plain,      // `404: Not Found`, text/plain
  json,       // {"status":404,"title":"Not Found"}, application/problem+json (RFC 9457)
  negotiated  // JSON for clients whose Accept names it and not HTML
};
/// The lines of the access log.
enum class AccessLogFormat : unsigned char {
  common,
  combined  // with Referer and User-Agent
};

/// Limits and habits of a Server. A Duration of `forever()` is no limit.
struct HttpServerOptions {
  /// Of the head of a request: 414, 431. `limits.body` bounds bodies that are streamed: 413.
  ParserLimits limits = {};
  /// What `ServerRequest::read` and its kin take: 413. (aiohttp's client_max_size.)
  std::size_t body_max = 1 << 20;
  /// Connections at a time; further ones are closed at once. 0: no limit.
  std::size_t connections_max = 0;
  /// Requests on one connection, then it closes. 0: no limit.
  std::size_t requests_max = 0;
  /// How long the head of a request may take from its first byte, and the first one from the
  /// connection: 408.
  Duration header_timeout = Duration::nanoseconds(30'000'000'000);
  /// How long a connection may be idle between requests.
  Duration idle_timeout = Duration::nanoseconds(75'000'000'000);
  /// How long reading a body, or sending to a client that takes nothing, may stand still.
  Duration stall_timeout = Duration::nanoseconds(60'000'000'000);
  /// Handlers are cancelled when the client goes away (aiohttp's handler_cancellation); otherwise
  /// they go on, and what they write is lost. A client that only closes its sending side counts as
  /// gone.
  bool handler_cancellation = false;
  /// Compress bodies for clients that take it, when the type of the content is worth it.
  bool compress = false;
  /// The Server field; "" for none.
  std::string server_name = "hob";
  ErrorPages error_pages = ErrorPages::plain;
  /// Is given a line for each answer, without a line end. What clients have put in does not break
  /// out of its place.
  Function<void(std::string_view line)> access_log = {};
  AccessLogFormat access_log_format = AccessLogFormat::common;
};

/// What a request meets on its way to a handler, and a handler: both are coroutines.
using Handler = Function<Coro<ServerResponse>(ServerRequest&)>;

namespace detail {
class ServerApp;
struct Group;
struct Route;
}  // namespace detail

/// The rest of the way: what comes behind a middleware. `co_await next(request)`.
class Next {
 public:
  Coro<ServerResponse> operator()(ServerRequest& request) const;

 private:
  friend detail::ServerApp;
  Next(detail::ServerApp& app, detail::Route* route, std::size_t index) noexcept
      : app_(&app), route_(route), index_(index) {}
  detail::ServerApp* app_;
  detail::Route* route_;
  std::size_t index_;
};

using Middleware = Function<Coro<ServerResponse>(ServerRequest&, Next)>;

namespace detail {

/// A handler that gives its answer at once, as one that is a coroutine.
template <class H>
struct PlainHandler {
  explicit PlainHandler(H h) : handler(std::move(h)) {}
  Coro<ServerResponse> operator()(ServerRequest& request) { return call(handler, request); }
  static Coro<ServerResponse> call(H& handler, ServerRequest& request) {
    co_return handler(request);
  }
  H handler;
};

/// How routes are added, to a Server and to a RouteGroup.
template <class Self>
class RouteVerbs {
 public:
  /// Adds a route for one method (`*` for all). Segments of the path are literal, `{name}` for one
  /// that is not empty, `{name:int}` (of 64 bits), `{name:uuid}` or `{name:word}` (letters, digits,
  /// `-` and `_`) for one that looks so, or at the end `{name...}` for the rest, which may be
  /// empty. Literal ones win over types, types over names, names over rests. GET routes answer
  /// HEAD, too. `name` is what `url_for` calls it. Throws ValueError for a path that makes no
  /// sense, a route that is there already, or a name that another path has.
  template <class H>
  Self& route(Text method, Text path, H handler, Text name = {}) {
    Self& self = static_cast<Self&>(*this);
    using Answer = std::invoke_result_t<H&, ServerRequest&>;
    if constexpr (std::is_same_v<Answer, Coro<ServerResponse>>) {
      self.add_route(method, path, Handler(std::move(handler)), name);
    } else {
      static_assert(std::is_convertible_v<Answer, ServerResponse>,
                    "a handler gives a ServerResponse or a Coro of one");
      self.add_route(method, path, Handler(PlainHandler<H>(std::move(handler))), name);
    }
    return self;
  }
  template <class H>
  Self& get(Text path, H handler, Text name = {}) {
    return route("GET", path, std::move(handler), name);
  }
  template <class H>
  Self& post(Text path, H handler, Text name = {}) {
    return route("POST", path, std::move(handler), name);
  }
  template <class H>
  Self& put(Text path, H handler, Text name = {}) {
    return route("PUT", path, std::move(handler), name);
  }
  template <class H>
  Self& patch(Text path, H handler, Text name = {}) {
    return route("PATCH", path, std::move(handler), name);
  }
  template <class H>
  Self& delete_(Text path, H handler, Text name = {}) {
    return route("DELETE", path, std::move(handler), name);
  }

  /// Serves the files below `directory` at paths below `prefix` (aiohttp's add_static). Throws
  /// ValueError as `route` and StaticFiles.
  Self& add_static(Text prefix, Text directory, StaticOptions options = {}) {
    std::string path(prefix.data(), prefix.size());
    if (!path.ends_with('/')) path += '/';
    return get(path + "{path...}", StaticFiles(directory, std::move(options)));
  }

 private:
  friend Self;
  RouteVerbs() noexcept = default;
};

}  // namespace detail

/// Routes below one prefix, with middleware of their own: aiohttp's sub-applications. A handle,
/// made by `Server::group`; copies name the same group, which lives as long as the server's routes.
class RouteGroup : public detail::RouteVerbs<RouteGroup> {
 public:
  RouteGroup(const RouteGroup& other) noexcept;
  RouteGroup& operator=(const RouteGroup& other) noexcept;
  ~RouteGroup();

  /// For the requests that have a route of this group or of one below it, whenever it was added;
  /// inside of the server's middleware and that of groups around this one. What has no route (404,
  /// 405) meets only the server's.
  RouteGroup& middleware(Middleware middleware);
  /// A group below this one. Throws as `Server::group`.
  RouteGroup group(Text prefix);

 private:
  friend class Server;
  friend detail::RouteVerbs<RouteGroup>;
  RouteGroup(hob::detail::Ref<detail::ServerApp> app, detail::Group* parent,
             std::string_view prefix);
  void add_route(Text method, Text path, Handler handler, Text name);

  hob::detail::Ref<detail::ServerApp> app_;
  detail::Group* group_;
};

/// An HTTP server: routes first, then `start`. The routes live until the last connection ends, even
/// without the Server. Belongs to the loop's thread.
///
///   http::Server server;
///   server.get("/users/{id:int}", show_user);
///   co_await server.start("127.0.0.1", 8080);
///   co_await server.serve_forever();
///
/// A handler is called as `handler(request)` and gives a ServerResponse, or a coroutine of one. An
/// HTTPException that leaves it is an answer; any other exception is reported to the loop's
/// exception handler and answered with 500.
class Server : public detail::RouteVerbs<Server> {
 public:
  explicit Server(HttpServerOptions options = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops listening; connections go on.
  ~Server();

  /// To be changed before it starts.
  HttpServerOptions& options() noexcept;

  /// Routes whose paths begin with `prefix`, such as `/api` or `/users/{id}`. Throws ValueError for
  /// one that does not begin with a slash, or ends with one.
  RouteGroup group(Text prefix);
  /// The path of the route that was added with that name, with `values` in the places of its
  /// parameters, and a query. Throws LookupError for a name that is not known or a value that is
  /// missing, ValueError for a value that the route would not match. (aiohttp's url_for.)
  std::string url_for(Text name, const Params& values = {}, const Params& query = {}) const;
  /// `middleware(request, next)` is called for every request, also those without a route; the first
  /// one added is the outermost.
  Server& middleware(Middleware middleware);

  /// Listens, and answers in tasks of their own. Port 0: the system chooses, `port()` tells. May be
  /// called several times. Throws OSError.
  Coro<> start(Text host, std::uint16_t port, ServerOptions options = {});
  Coro<> start_unix(Text path, ServerOptions options = {});
  /// Of the first that was started.
  std::uint16_t port() const;
  /// Answers the requests of one connection that somebody else has made, until it ends.
  Coro<> serve(Stream stream);
  /// Waits until it is shut down, or the task is cancelled: then shuts down without waiting.
  Coro<> serve_forever();
  /// Stops listening, closes idle connections, lets requests in flight end and says so to their
  /// clients; after `grace` the rest is aborted and its handlers are cancelled. Idempotent.
  Coro<> shutdown(Duration grace = Duration::nanoseconds(60'000'000'000));

  /// Open connections.
  std::size_t connections() const noexcept;

 private:
  friend detail::RouteVerbs<Server>;
  void add_route(Text method, Text path, Handler handler, Text name);

  hob::detail::Ref<detail::ServerApp> app_;
};

}  // namespace hob::http
