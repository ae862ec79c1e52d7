// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/server.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/timeout.hpp>

#include <ctime>
#include <utility>

#include "http/server_app.hpp"
#include "http/server_connection.hpp"

namespace hob::http {

namespace {

std::string_view view(Text text) noexcept { return {text.data(), text.size()}; }

/// The answer when nothing is there.
Coro<ServerResponse> no_route(ServerRequest&) { throw HTTPNotFound(); }
Coro<ServerResponse> no_method(ServerRequest&, std::string allowed) {
  throw HTTPMethodNotAllowed(allowed);
}

/// A piece of a request for a log line: nobody ends the line or the quotes.
void append_escaped(std::string& line, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      line += "\\x";
      line += kDigits[byte >> 4];
      line += kDigits[byte & 15];
    } else {
      line += c;
    }
  }
}

}  // namespace

namespace detail {

Coro<ServerResponse> ServerApp::handle(ServerRequest& request) {
  return call(request, router.match(request), 0);
}

Coro<ServerResponse> ServerApp::call(ServerRequest& request, Route* route, std::size_t index) {
  if (index < middlewares.size()) return middlewares[index](request, Next(*this, route, index + 1));
  if (!route) return no_route(request);
  Endpoint* const endpoint = route->find(request.method_name());
  if (!endpoint) return no_method(request, route->allowed());
  const std::size_t inner = index - middlewares.size();
  if (endpoint->group && inner < endpoint->group->size())
    return endpoint->group->at(inner)(request, Next(*this, route, index + 1));
  return endpoint->handler(request);
}

void ServerApp::enter(ServerConnection& connection) noexcept {
  ++connections_;
  empty_.clear();
  list_.push_back(connection);
}

void ServerApp::leave(ServerConnection& connection) noexcept {
  connection.unlink();
  if (--connections_ == 0) empty_.set();
}

void ServerApp::begin_shutdown() noexcept {
  closing_ = true;
  for (const hob::Server& listener : listeners) listener.close();
  for (hob::detail::Link* at = list_.front(); at != list_.end(); at = at->next)
    static_cast<ServerConnection*>(at)->begin_shutdown();
}

void ServerApp::abort_all() noexcept {
  for (hob::detail::Link* at = list_.front(); at != list_.end(); at = at->next)
    static_cast<ServerConnection*>(at)->abort();
}

Coro<> ServerApp::drained() {
  while (connections_ != 0) co_await empty_.wait();
}

std::string_view ServerApp::standard_fields() {
  const std::int64_t now = std::time(nullptr);
  if (now != fields_of_) {
    fields_ = "Date: ";
    fields_.append(date_.get(now)).append("\r\n");
    if (!options.server_name.empty())
      fields_.append("Server: ").append(options.server_name).append("\r\n");
    fields_of_ = now;
  }
  return fields_;
}

void ServerApp::log(const ServerRequest& request, int status, std::uint64_t bytes) {
  const std::string& host = request.peername().host;
  std::string line = host.empty() ? "-" : host;
  // `Sun, 06 Nov 1994 08:49:37 GMT` becomes `06/Nov/1994:08:49:37 +0000`.
  const std::string_view date = date_.get(std::time(nullptr));
  line.append(" - - [").append(date.substr(5, 2)).append("/").append(date.substr(8, 3)).append("/");
  line.append(date.substr(12, 4)).append(":").append(date.substr(17, 8)).append(" +0000] \"");
  append_escaped(line, request.method_name());
  line += ' ';
  append_escaped(line, request.target());
  line.append(request.version_minor() == 0 ? " HTTP/1.0\" " : " HTTP/1.1\" ");
  line.append(std::to_string(status)).append(" ");
  line.append(bytes == 0 ? "-" : std::to_string(bytes));
  if (options.access_log_format == AccessLogFormat::combined) {
    for (const char* name : {"Referer", "User-Agent"}) {
      line += " \"";
      append_escaped(line, request.headers().get(name, "-"));
      line += '"';
    }
  }
  options.access_log(line);
}

}  // namespace detail

Coro<ServerResponse> Next::operator()(ServerRequest& request) const {
  return app_->call(request, route_, index_);
}

Server::Server(HttpServerOptions options)
    : app_(hob::detail::Ref<detail::ServerApp>::adopt(new detail::ServerApp(std::move(options)))) {
  const Headers checked{{"Server", app_->options.server_name}};  // throws what cannot be sent
}

Server::~Server() {
  for (const hob::Server& listener : app_->listeners) listener.close();
  app_->listeners.clear();  // their handler holds the app: a circle
}

void Server::add_route(Text method, Text path, Handler handler, Text name) {
  app_->router.add(view(method), view(path), std::move(handler), view(name));
}

HttpServerOptions& Server::options() noexcept { return app_->options; }

RouteGroup Server::group(Text prefix) { return {app_, nullptr, view(prefix)}; }

std::string Server::url_for(Text name, const Params& values, const Params& query) const {
  std::string url = app_->router.url_for(view(name), values);
  if (!query.empty()) url += "?" + query.encode();
  return url;
}

RouteGroup::RouteGroup(hob::detail::Ref<detail::ServerApp> app, detail::Group* parent,
                       std::string_view prefix)
    : app_(std::move(app)) {
  if (!prefix.starts_with('/') || prefix.ends_with('/') || prefix.find("...") != prefix.npos)
    throw ValueError("\"" + std::string(prefix) + "\" is no prefix of routes");
  auto group = std::make_unique<detail::Group>();
  group->prefix = (parent ? parent->prefix : std::string()).append(prefix);
  group->parent = parent;
  group_ = group.get();
  app_->groups.push_back(std::move(group));
}

RouteGroup::RouteGroup(const RouteGroup& other) noexcept = default;
RouteGroup& RouteGroup::operator=(const RouteGroup& other) noexcept = default;
RouteGroup::~RouteGroup() = default;

void RouteGroup::add_route(Text method, Text path, Handler handler, Text name) {
  const std::string_view below = view(path);
  std::string whole = group_->prefix;
  // The group itself is "", or "/" with a slash behind the prefix.
  if (!below.empty() && below.front() != '/')
    throw ValueError("the route \"" + std::string(below) + "\" does not begin with a slash");
  whole += below;
  app_->router.add(view(method), whole, std::move(handler), view(name), group_);
}

RouteGroup& RouteGroup::middleware(Middleware middleware) {
  group_->middlewares.push_back(std::move(middleware));
  return *this;
}

RouteGroup RouteGroup::group(Text prefix) { return {app_, group_, view(prefix)}; }

Server& Server::middleware(Middleware middleware) {
  app_->middlewares.push_back(std::move(middleware));
  return *this;
}

namespace {

/// What listeners call: holds the routes, not the Server.
struct Accept {
  hob::detail::Ref<detail::ServerApp> app;
  Coro<> operator()(StreamReader reader, StreamWriter writer) const {
    return detail::ServerConnection::run(app, Stream(std::move(reader), std::move(writer)));
  }
};

}  // namespace

Coro<> Server::start(Text host, std::uint16_t port, ServerOptions options) {
  Accept accept{app_};
  hob::Server listener = co_await start_server(std::move(accept), host, port, options);
  app_->listeners.push_back(std::move(listener));
}

Coro<> Server::start_unix(Text path, ServerOptions options) {
  Accept accept{app_};
  hob::Server listener = co_await start_unix_server(std::move(accept), path, options);
  app_->listeners.push_back(std::move(listener));
}

std::uint16_t Server::port() const {
  if (app_->listeners.empty()) throw RuntimeError("the server was not started");
  return app_->listeners.front().port();
}

Coro<> Server::serve(Stream stream) {
  return detail::ServerConnection::run(app_, std::move(stream));
}

Coro<> Server::serve_forever() {
  const Result<> ended = co_await as_result(app_->closed.wait());
  if (ended) co_return;
  co_await shutdown(Duration());
  std::rethrow_exception(ended.exception());
}

Coro<> Server::shutdown(Duration grace) {
  const hob::detail::Ref<detail::ServerApp> app = app_;
  app->begin_shutdown();
  bool aborted = grace <= Duration();
  if (!aborted) {
    try {
      co_await wait_for(app->drained(), grace);
    } catch (const TimeoutError&) {
      aborted = true;
    }
  }
  if (aborted) {
    app->abort_all();
    co_await app->drained();
  }
  app->closed.set();
}

std::size_t Server::connections() const noexcept { return app_->connections(); }

}  // namespace hob::http
