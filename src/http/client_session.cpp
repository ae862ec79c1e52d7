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
      dns(Ref<Resolver>(given.resolver), given.ttl_dns_cache, given.family),
      own_security(given.ssl != nullptr),
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

Security& SessionState::unverified() {
  if (!unverified_) {
    TlsContext context(TlsRole::client);
    context.set_check_hostname(false);
    context.set_verify_mode(VerifyMode::none);
    unverified_ = Ref<Security>(static_cast<Security*>(context));
  }
  return *unverified_;
}

TraceEvent SessionState::event(TraceEvent::What what, const RequestTag& tag, int status,
                               std::size_t bytes) {
  TraceEvent event{what, tag.number, tag.method, tag.url, status, bytes, {}, nullptr};
  return event;
}

void SessionState::tell_host(TraceEvent::What what, const RequestTag& tag, std::string_view host) {
  if (!trace) return;
  TraceEvent told = event(what, tag, 0, 0);
  told.host = host;
  tell_event(told);
}

void SessionState::tell_error(const RequestTag& tag, const std::exception_ptr& error) {
  if (!trace) return;
  TraceEvent told = event(TraceEvent::What::request_failed, tag, 0, 0);
  told.error = error;
  tell_event(told);
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
void ClientSession::set_status_check(StatusCheck check) { state_->status_check = std::move(check); }
void ClientSession::clear_dns_cache() noexcept { state_->dns.clear(); }
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
