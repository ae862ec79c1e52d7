// SPDX-License-Identifier: MIT
// The handshake, from a transport to a TlsTransport.
#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/timeout.hpp>
#include <hob/tls/error.hpp>

#include "tls/load_elsewhere.hpp"
#include "tls/tls_transport.hpp"
#include "tls/transport_ready.hpp"

#include <openssl/err.h>

#include <cerrno>
#include <cstdio>

namespace hob::detail {
namespace {

// Ends the transport unless the handshake did well.
class EndUnlessDone {
 public:
  explicit EndUnlessDone(Ref<Transport> transport) noexcept : transport_(std::move(transport)) {}
  EndUnlessDone(const EndUnlessDone&) = delete;
  EndUnlessDone& operator=(const EndUnlessDone&) = delete;
  ~EndUnlessDone() {
    // Not abort: an alert that says what was wrong is still to go out.
    if (transport_) transport_->close();
  }
  void done() noexcept { transport_ = Ref<Transport>(); }

 private:
  Ref<Transport> transport_;
};

std::string seconds_text(Duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", time.seconds());
  return text;
}

void check(const ContextImpl& context, TlsRole role, const SecurityRequest& request) {
  if (context.role() != role) {
    raise_value_error(role == TlsRole::client ? "cannot connect with a context for servers"
                                              : "cannot accept with a context for clients");
  }
  if (request.handshake_timeout <= Duration())
    raise_value_error("ssl_handshake_timeout should be positive");
  if (role == TlsRole::server) return;
  const std::string& name = request.server_hostname;
  if (context.check_hostname && name.empty())
    raise_value_error("check_hostname requires server_hostname");
  if (name.find('\0') != std::string::npos || (!name.empty() && name[0] == '.'))
    raise_value_error("server_hostname cannot contain a NUL or start with a dot");
}

Coro<Ref<Transport>> shake_hands(Ref<ContextImpl> context, TlsRole role, Ref<Transport> lower,
                                 SecurityRequest request) {
  EndUnlessDone lower_guard(lower);
  check(*context, role, request);
  if (context->unprepared()) co_await load_elsewhere(context);
  const Duration limit = request.handshake_timeout;
  const auto tls =
      Ref<TlsTransport>::adopt(new TlsTransport(context, std::move(lower), std::move(request)));
  EndUnlessDone tls_guard{Ref<Transport>(tls.get())};
  lower_guard.done();
  auto limited = timeout(limit, &TlsTransport::handshake, tls);
  const Result<> outcome = co_await as_result(std::move(limited));
  if (!outcome) {
    if (type_name(outcome.exception()) == "TimeoutError") {
      throw OSError(ECONNABORTED, "SSL handshake is taking longer than " + seconds_text(limit) +
                                      " seconds: aborting the connection");
    }
    std::rethrow_exception(outcome.exception());
  }
  tls_guard.done();
  co_return Ref<Transport>(tls.get());
}

}  // namespace

Coro<Ref<Transport>> ContextImpl::connect(Ref<Transport> lower, SecurityRequest request) {
  return shake_hands(Ref<ContextImpl>(this), TlsRole::client, std::move(lower), std::move(request));
}

Coro<Ref<Transport>> ContextImpl::accept(Ref<Transport> lower, SecurityRequest request) {
  return shake_hands(Ref<ContextImpl>(this), TlsRole::server, std::move(lower), std::move(request));
}

void TlsTransport::set_up_client() {
  SSL* ssl = ssl_.get();
  session_key_ = context_->session_key(expected_.hostname);
  const std::string& hostname = expected_.hostname;
  if (hostname.empty()) return;
  const bool ip = is_ip_address(hostname);
  bool good = ip || SSL_set_tlsext_host_name(ssl, hostname.c_str()) == 1;
  if (context_->check_hostname) {
    X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
    good = good && (ip ? X509_VERIFY_PARAM_set1_ip_asc(param, hostname.c_str())
                       : X509_VERIFY_PARAM_set1_host(param, hostname.c_str(), 0)) == 1;
  }
  if (!good) {
    ERR_clear_error();
    raise_value_error("server_hostname is not a host name");
  }
  if (const SessionPtr session = context_->sessions.take(session_key_))
    SSL_set_session(ssl, session.get());
}

void TlsTransport::set_verify(VerifyMode mode) noexcept {
  int flags = SSL_VERIFY_NONE;
  if (mode != VerifyMode::none) flags |= SSL_VERIFY_PEER;
  if (mode == VerifyMode::required) flags |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_set_verify(ssl_.get(), flags, &TlsTransport::on_verify);
}

// Changes no verdict: once the handshake has failed, the certificate cannot be asked any more.
int TlsTransport::on_verify(int good, X509_STORE_CTX* store) noexcept {
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  if (good == 0 && leaf) {
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    of(ssl).expected_.has_no_alt_names = X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) < 0;
  }
  return good;
}

Coro<> TlsTransport::handshake(Ref<TlsTransport> self) {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(self->ssl_.get());
    if (result == 1) break;
    if (SSL_get_error(self->ssl_.get(), result) != SSL_ERROR_WANT_READ)
      self->raise_handshake_error(result);
    self->flush();
    if (self->write_answer_ < 0) break;
    co_await TransportReady(*self.get(), kRead);
  }
  // What is not sent yet (a server's tickets) goes out in the background: the peer may want to be
  // written to before it reads.
  self->flush();
  if (self->write_answer_ < 0)
    std::rethrow_exception(self->error(self->write_answer_, "TLS handshake"));
}

void TlsTransport::raise_handshake_error(int result) {
  std::exception_ptr error = take_ssl_error(ssl_.get(), result, expected_);
  flush();  // the alert for the peer
  if (callback_error_) error = std::move(callback_error_);
  if (!error) {
    const int code = channel_.read_error() != 0 ? channel_.read_error() : channel_.write_error();
    error = code != 0 ? channel_.lower().error(code, "TLS handshake")
                      : std::make_exception_ptr(SSLEOFError());
  }
  std::rethrow_exception(error);
}

}  // namespace hob::detail
