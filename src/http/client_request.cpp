// SPDX-License-Identifier: MIT
// From a RequestSpec to a Response: the fields of each hop, credentials, retries, redirects.
#include "http/client_dial.hpp"
#include "http/client_exchange.hpp"
#include "http/redirect.hpp"
#include "http/response_state.hpp"

#include <hob/core/raise.hpp>
#include <hob/http/client_error.hpp>
#include <hob/http/request_builder.hpp>
#include <hob/http/serializer.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/timeout.hpp>

#include <algorithm>

namespace hob::http::detail {
namespace {

constexpr const char* kUserAgent = "hob/0.1";
// Servers whose nonces are always stale are given up after this many answers.
constexpr unsigned kDigestTries = 3;

// The state of one request on its way through the hops.
struct Hop {
  explicit Hop(RequestSpec& spec) : method(spec.method), url(spec.url), headers(spec.headers) {}

  std::string method;
  Url url;
  Headers headers;  // the user's, then what redirects left of them
  bool with_body = true;
  bool same_site = true;  // credentials may be sent
  bool answered_digest = false;
  unsigned digests = 0;  // challenges that were answered
};

RequestTag tag_of(const RequestSpec& spec, const Hop& hop) noexcept {
  return {spec.number, hop.method, &hop.url};
}

void add_missing(Headers& headers, std::string_view name, std::string_view value) {
  if (!headers.contains(name)) headers.add(name, value);
}

void add_authorization(RequestSpec& spec, Hop& hop, Headers& fields, std::string_view target) {
  SessionState& session = *spec.session;
  if (spec.digest && hop.same_site) {
    // What the body's hash goes into needs a body that is here.
    const bool unknown = spec.digest->covers_body() && spec.body.streamed() && hop.with_body;
    if (!spec.digest->ready() || unknown) return;
    fields.set("Authorization", spec.digest->authorization(hop.method, target, spec.body.bytes));
    hop.answered_digest = true;
    return;
  }
  if (fields.contains("Authorization")) return;
  if (hop.url.has_user()) {
    fields.add("Authorization", basic_authorization(hop.url.user(), hop.url.password()));
  } else if (session.options.trust_env) {
    if (const auto found = session.netrc.find(hop.url.host())) {
      fields.add("Authorization", basic_authorization(found->user, found->password));
    }
  }
}

void add_body_fields(RequestSpec& spec, const Hop& hop, Headers& fields, OutgoingRequest& out) {
  const bool has_body = spec.body.present && hop.with_body;
  if (!has_body) {
    // Methods that mean a body say so when it is empty (RFC 9110, 8.6).
    if (hop.method == "POST" || hop.method == "PUT" || hop.method == "PATCH") {
      fields.set("Content-Length", "0");
    }
    return;
  }
  out.body = &spec.body;
  add_missing(fields, "Content-Type", spec.body.content_type);
  fields.remove("Content-Length");
  fields.remove("Transfer-Encoding");
  out.chunked = spec.chunked || (spec.body.streamed() && spec.body.stream_length < 0);
  if (out.chunked) {
    fields.add("Transfer-Encoding", "chunked");
  } else {
    const std::int64_t length = spec.body.streamed()
                                    ? spec.body.stream_length
                                    : static_cast<std::int64_t>(spec.body.bytes.size());
    fields.add("Content-Length", std::to_string(length));
  }
  out.expect_continue = spec.expect_continue;
  if (out.expect_continue) fields.set("Expect", "100-continue");
}

// Those of the header field, of the request, of the jar; the request's in place of the jar's.
void add_cookies(const RequestSpec& spec, const Hop& hop, Headers& fields) {
  const SessionState& session = *spec.session;
  std::string all(fields.get("Cookie"));
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!all.empty()) all += "; ";
    ((all += name) += '=') += value;
  };
  if (hop.same_site) {
    for (const auto& [name, value] : spec.cookies) add(name, value);
  }
  if (session.options.cookies && !session.jar.empty()) {
    for (const Cookie& cookie : session.jar.matching(hop.url)) {
      const bool replaced = std::any_of(spec.cookies.begin(), spec.cookies.end(),
                                        [&](const auto& own) { return own.first == cookie.name; });
      if (!replaced || !hop.same_site) add(cookie.name, cookie.value);
    }
  }
  if (!all.empty()) fields.set("Cookie", all);
}

void write_head(RequestSpec& spec, Hop& hop, const ClientRoute& route, OutgoingRequest& out) {
  SessionState& session = *spec.session;
  out.tag = tag_of(spec, hop);
  out.body = nullptr;
  Headers fields = hop.headers;
  for (const auto& [name, value] : session.options.headers) {
    // Defaults with credentials are for the first site, as those of the request are.
    const bool secret =
        equal_ignoring_case(name, "Authorization") || equal_ignoring_case(name, "Cookie");
    if (!secret || hop.same_site) add_missing(fields, name, value);
  }
  const std::string_view target = hop.url.target();
  std::string request_target(target);
  if (route.forwarded()) {
    request_target = hop.url.without_user().without_fragment().text();
    for (const auto& [name, value] : session.options.proxy_headers) fields.set(name, value);
    if (route.proxy->has_user()) {
      add_missing(fields, "Proxy-Authorization",
                  basic_authorization(route.proxy->user(), route.proxy->password()));
    }
  }
  add_missing(fields, "Accept", "*/*");
  if (spec.auto_decompress) add_missing(fields, "Accept-Encoding", Decoder::accept_encoding());
  add_missing(fields, "User-Agent", kUserAgent);
  add_cookies(spec, hop, fields);
  add_authorization(spec, hop, fields, request_target);
  add_body_fields(spec, hop, fields, out);

  out.head.clear();
  write_request_line(out.head, hop.method, request_target);
  if (!fields.contains("Host")) write_field(out.head, "Host", hop.url.authority());
  write_fields(out.head, fields);
  end_fields(out.head);
}

ClientRoute route_of(const RequestSpec& spec, const Url& url) {
  const SessionState& session = *spec.session;
  ClientRoute route;
  route.url = &url;
  if (url.secure()) {
    route.security = spec.security;
    route.fingerprint = spec.fingerprint;
  }
  if (spec.proxy) {
    if (!spec.proxy->empty()) route.proxy = *spec.proxy;
  } else if (!session.options.proxy.empty()) {
    route.proxy = session.options.proxy;
  } else if (session.options.trust_env && session.options.unix_socket.empty()) {
    route.proxy = session.environment.find(url);
  }
  return route;
}

// A Lease with a connection: one that was kept, or (with `fresh` always) a new one.
Coro<> connect(Ref<SessionState> session, const ClientRoute& route, Lease& lease, bool fresh,
               Duration sock_connect, RequestTag tag) {
  std::string key = route.key(*session);
  if (session->pool.must_wait(key)) {
    session->tell(TraceEvent::What::connection_queued, tag);
    co_await session->pool.acquire(key);
    session->tell(TraceEvent::What::connection_unqueued, tag);
  } else {
    session->pool.take(key);
  }
  lease = Lease(session, std::move(key));
  if (!fresh) {
    if (auto kept = session->pool.take_idle(lease.key())) {
      lease.attach(std::move(kept));
      ++session->reused;
      session->tell(TraceEvent::What::connection_reused, tag);
      co_return;
    }
  }
  session->tell(TraceEvent::What::connection_create, tag);
  Result<Stream> made{Stream()};
  if (sock_connect.is_forever()) {
    made = co_await as_result(dial(session, route, tag));
  } else {
    made = co_await as_result(timeout(sock_connect, dial, session, route, tag));
  }
  if (!made && type_name(made.exception()) == "TimeoutError") {
    throw ConnectionTimeoutError("no connection to " + std::string(route.url->authority()) +
                                 " within sock_connect");
  }
  lease.attach(std::make_unique<ClientConnection>(std::move(made).value(), session->options.limits,
                                                  route.security));
  ++session->created;
  session->tell(TraceEvent::What::connection_created, tag);
}

// The same within `connect`, which counts the waiting, too.
Coro<> connect_in_time(RequestSpec& spec, const ClientRoute& route, const Hop& hop, Lease& lease,
                       bool fresh) {
  const ClientTimeout& limits = spec.timeout;
  const RequestTag tag = tag_of(spec, hop);
  if (limits.connect.is_forever()) {
    co_await connect(spec.session, route, lease, fresh, limits.sock_connect, tag);
    co_return;
  }
  const auto body = [&]() -> Coro<> {
    return connect(spec.session, route, lease, fresh, limits.sock_connect, tag);
  };
  const auto done = co_await as_result(timeout(limits.connect, body));
  if (!done && type_name(done.exception()) == "TimeoutError") {
    throw ConnectionTimeoutError("no connection to " + std::string(route.url->authority()) +
                                 " within connect");
  }
  done.value();
}

bool is_lost(const std::exception_ptr& error) {
  const std::string name = type_name(error);
  return name == "ServerDisconnectedError" || name == "ClientOSError";
}

// One hop: a response to a request of `hop`. A kept connection that turns out to be dead is
// replaced once, when the request may be sent twice.
Coro<std::unique_ptr<Exchange>> exchange_once(RequestSpec& spec, Hop& hop) {
  const ClientRoute route = route_of(spec, hop.url);
  for (bool fresh = false;; fresh = true) {
    Lease lease;
    co_await connect_in_time(spec, route, hop, lease, fresh);
    const bool reused = lease.connection()->requests != 0;
    OutgoingRequest out;
    write_head(spec, hop, route, out);
    if (out.body && !out.body->can_repeat() && spec.sent) {
      throw ClientPayloadError("the body of the request is a stream and cannot be sent again");
    }
    if (out.body && !out.body->can_repeat()) spec.sent = true;
    auto exchange =
        std::make_unique<Exchange>(std::move(lease), spec.session, spec.timeout.sock_read);
    const auto started = co_await as_result(exchange->start(out));
    if (started) co_return exchange;
    const bool again = reused && !fresh && !exchange->got_bytes() && !spec.sent &&
                       is_idempotent(parse_method(hop.method)) && is_lost(started.exception());
    if (!again) started.value();
    ++spec.session->retries;
    spec.session->tell(TraceEvent::What::retry, tag_of(spec, hop));
  }
}

void check(const Url& url) {
  if (!url.absolute()) throw InvalidURL(url.text(), "not an absolute URL");
  if (url.scheme() != "http" && url.scheme() != "https") {
    throw NonHttpUrlClientError(url.text(), "not an HTTP URL");
  }
}

Ref<ResponseState> make_response(RequestSpec& spec, const Hop& hop,
                                 std::unique_ptr<Exchange> exchange) {
  auto state = Ref<ResponseState>::adopt(new ResponseState);
  state->session = spec.session;
  state->number = spec.number;
  state->body_limit = spec.body_limit;
  state->method = hop.method;
  state->url = hop.url;
  state->exchange = std::move(exchange);
  state->ended = state->exchange->ended();
  return state;
}

void take_cookies(SessionState& session, const Response& response) {
  if (!session.options.cookies) return;
  for (const std::string_view field : response.headers().get_all("Set-Cookie")) {
    session.jar.store(field, response.url());
  }
}

// Null also for a coding that nobody knows: then the bytes come as they are, as in aiohttp and
// fetch.
std::unique_ptr<Decoder> decoder_for(const Response& response) {
  const std::string coding = response.headers().combined("Content-Encoding");
  return coding.empty() || !Decoder::knows(coding) ? nullptr : Decoder::make(coding);
}

// All hops.
Coro<Response> follow(Ref<RequestSpec> owned) {
  RequestSpec& spec = *owned;
  SessionState& session = *spec.session;
  if (!session.options.base_url.empty()) spec.url = session.options.base_url.join(spec.url);
  check(spec.url);
  if (spec.body.measure) spec.body.stream_length = co_await spec.body.measure();
  Hop hop(spec);
  std::vector<Response> history;
  for (;;) {
    auto exchange = co_await exchange_once(spec, hop);
    Response response(make_response(spec, hop, std::move(exchange)).detach());
    take_cookies(session, response);
    if (spec.digest && hop.same_site) {
      spec.digest->info(response.headers().combined("Authentication-Info"));
      if (response.status() == 401 && spec.body.can_repeat() && ++hop.digests <= kDigestTries &&
          spec.digest->challenge(response.headers().combined("WWW-Authenticate"),
                                 hop.answered_digest)) {
        co_await response.release();
        continue;
      }
    }
    std::optional<Redirect> next;
    if (spec.allow_redirects) {
      const std::string_view location = response.headers().get("Location");
      next = follow_redirect(response.status(), location, hop.method, hop.url);
    }
    if (!next) {
      response.state().history = std::move(history);
      if (spec.auto_decompress && !response.state().ended) {
        response.state().decoder = decoder_for(response);
      }
      co_return response;
    }
    // aiohttp gives up at the redirect that reaches the number, fetch at the one behind it.
    if (history.size() + (session.fetch_rules ? 0 : 1) >= spec.max_redirects) {
      throw TooManyRedirects(response.status(), hop.url.text());
    }
    session.tell(TraceEvent::What::redirect, {spec.number, hop.method, &next->url},
                 response.status());
    co_await response.release();
    history.push_back(response);
    if (next->drop_body) hop.with_body = false;
    strip_for_redirect(hop.headers, *next);
    if (next->drop_credentials) hop.same_site = false;
    hop.method = next->method;
    hop.url = next->url;
    hop.answered_digest = false;
    hop.digests = 0;
  }
}

Coro<Response> perform_spec(Ref<RequestSpec> spec) {
  SessionState& session = *spec->session;
  if (session.pool.closed()) hob::detail::raise_runtime_error("Session is closed");
  if (std::exchange(spec->started, true)) {
    hob::detail::raise_runtime_error("the request was sent already");
  }
  spec->number = ++session.requests;
  const RequestTag tag{spec->number, spec->method, &spec->url};
  session.tell(TraceEvent::What::request_start, tag);
  const Duration deadline = spec->timeout.total.is_forever()
                                ? Duration::forever()
                                : get_running_loop().time() + spec->timeout.total;
  auto outcome = co_await as_result(timeout_at(deadline, follow, spec));
  if (!outcome) {
    session.tell_error(tag, outcome.exception());
    outcome.value();
  }
  Response response = std::move(outcome).value();
  response.state().deadline = deadline;
  session.tell(TraceEvent::What::request_end, {spec->number, spec->method, &response.url()},
               response.status());
  if (spec->status_check) {
    co_await spec->status_check(response);
  } else if (spec->raise_for_status) {
    response.raise_for_status();
  } else if (session.status_check && !spec->status_decided) {
    co_await session.status_check(response);
  }
  co_return response;
}

}  // namespace

Coro<Response> perform(RequestSpec* spec) { return perform_spec(Ref<RequestSpec>(spec)); }

}  // namespace hob::http::detail
