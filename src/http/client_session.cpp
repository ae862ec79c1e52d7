// SPDX-License-Identifier: MIT
#include <hob/http/client_session.hpp>

#include "http/session_state.hpp"

#include <hob/tls/context.hpp>

namespace hob::http {
namespace detail {

SessionState::SessionState(const ClientOptions& given)
    : options(given),
      pool(given.limit, given.limit_per_host, given.keepalive_timeout),
      connector(given.connector),
      security_(given.ssl) {
  if (given.trust_env) {
    environment = ProxyEnvironment::read();
    netrc = Netrc::read_default();
  }
}

Security& SessionState::security() {
  if (!security_) {
    const TlsContext context = create_default_context();
    security_ = Ref<Security>(static_cast<Security*>(context));
  }
  return *security_;
}

void SessionState::tell(TraceEvent::What what, std::string_view method, const Url& url, int status,
                        std::size_t bytes) {
  if (!trace) return;
  TraceEvent event{what, method, &url};
  event.status = status;
  event.bytes = bytes;
  trace(event);
}

}  // namespace detail

ClientSession::ClientSession() : ClientSession(ClientOptions()) {}

ClientSession::ClientSession(const ClientOptions& options)
    : state_(hob::detail::Ref<detail::SessionState>::adopt(new detail::SessionState(options))) {}

ClientSession::~ClientSession() { close(); }

RequestBuilder ClientSession::request(std::string_view method, const Url& url) {
  return RequestBuilder(state_, method, url);
}

void ClientSession::close() noexcept { state_->pool.close(); }
bool ClientSession::closed() const noexcept { return state_->pool.closed(); }
CookieJar& ClientSession::cookies() noexcept { return state_->jar; }
void ClientSession::set_trace(Trace trace) { state_->trace = std::move(trace); }

ClientStatistics ClientSession::statistics() const noexcept {
  ClientStatistics numbers;
  numbers.requests = state_->requests;
  numbers.connections_created = state_->created;
  numbers.connections_reused = state_->reused;
  numbers.retries = state_->retries;
  numbers.active = state_->pool.active();
  numbers.idle = state_->pool.idle();
  numbers.waiting = state_->pool.waiting();
  return numbers;
}

RequestBuilder fetch(const Url& url) {
  ClientOptions options;
  options.max_redirects = 20;
  options.keepalive_timeout = Duration();
  auto session = hob::detail::Ref<detail::SessionState>::adopt(new detail::SessionState(options));
  session->fetch_rules = true;
  return RequestBuilder(std::move(session), "GET", url);
}

}  // namespace hob::http
