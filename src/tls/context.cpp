// SPDX-License-Identifier: MIT
#include <hob/tls/context.hpp>

#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>

#include "tls/context_impl.hpp"

#include <openssl/err.h>

#include <cstdlib>

namespace hob {

using detail::ContextImpl;
using detail::Ref;

namespace {

// What create_default_context adds in CPython 3.13.
constexpr unsigned long kStrict =
    X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST;

int openssl_version(TlsVersion version) {
  switch (version) {
    case TlsVersion::tls1:
      return TLS1_VERSION;
    case TlsVersion::tls1_1:
      return TLS1_1_VERSION;
    case TlsVersion::tls1_2:
      return TLS1_2_VERSION;
    case TlsVersion::tls1_3:
      return TLS1_3_VERSION;
    case TlsVersion::minimum_supported:
    case TlsVersion::maximum_supported:
      break;
  }
  return 0;
}

// As a bound from the other side, "the oldest" is a version like any other.
int bound(TlsVersion version, TlsVersion unlimited) {
  if (version == unlimited) return 0;
  if (version == TlsVersion::minimum_supported) return TLS1_VERSION;
  if (version == TlsVersion::maximum_supported) return TLS1_3_VERSION;
  return openssl_version(version);
}

}  // namespace

TlsContext::TlsContext(TlsRole role) : impl_(Ref<ContextImpl>::adopt(new ContextImpl(role))) {}
TlsContext::TlsContext(Ref<ContextImpl> impl) noexcept : impl_(std::move(impl)) {}
TlsContext::TlsContext(const TlsContext& other) noexcept = default;
TlsContext& TlsContext::operator=(const TlsContext& other) noexcept = default;
TlsContext::~TlsContext() = default;
TlsContext::operator Security*() const noexcept { return impl_.get(); }
TlsContext::operator Security&() const noexcept { return *impl_; }
TlsRole TlsContext::role() const noexcept { return impl_->role(); }

SniChoice::SniChoice(TlsContext context) : context_(context.impl()) {}
SniChoice::SniChoice(const SniChoice& other) noexcept = default;
SniChoice::SniChoice() noexcept = default;
SniChoice::~SniChoice() = default;
SniChoice SniChoice::keep() noexcept { return {}; }
SniChoice SniChoice::refuse(int alert) noexcept {
  SniChoice choice;
  choice.alert_ = alert;
  return choice;
}

void TlsContext::load_default_certs() { impl_->want_default_certs(); }

VerifyMode TlsContext::verify_mode() const noexcept { return impl_->verify_mode; }
void TlsContext::set_verify_mode(VerifyMode mode) {
  if (mode == VerifyMode::none && impl_->check_hostname) {
    detail::raise_value_error("cannot set verify_mode to none when check_hostname is enabled");
  }
  impl_->verify_mode = mode;
  impl_->sessions.clear();  // made when less, or somebody else, was checked
}
bool TlsContext::check_hostname() const noexcept { return impl_->check_hostname; }
void TlsContext::set_check_hostname(bool check) {
  if (check && impl_->verify_mode == VerifyMode::none) impl_->verify_mode = VerifyMode::required;
  impl_->check_hostname = check;
  impl_->sessions.clear();
}

TlsVersion TlsContext::minimum_version() const noexcept { return impl_->minimum_version; }
void TlsContext::set_minimum_version(TlsVersion version) {
  const int value = bound(version, TlsVersion::minimum_supported);
  if (SSL_CTX_set_min_proto_version(impl_->ssl_ctx(), value) != 1)
    detail::raise_value_error("unsupported TLS version");
  impl_->minimum_version = version;
}
TlsVersion TlsContext::maximum_version() const noexcept { return impl_->maximum_version; }
void TlsContext::set_maximum_version(TlsVersion version) {
  const int value = bound(version, TlsVersion::maximum_supported);
  if (SSL_CTX_set_max_proto_version(impl_->ssl_ctx(), value) != 1)
    detail::raise_value_error("unsupported TLS version");
  impl_->maximum_version = version;
}

void TlsContext::set_ciphers(Text ciphers) {
  if (SSL_CTX_set_cipher_list(impl_->ssl_ctx(), detail::to_string(ciphers).c_str()) != 1)
    detail::raise_openssl_error("no cipher can be selected");
}

void TlsContext::set_alpn_protocols(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255)
      detail::raise_value_error("ALPN protocols must be 1 to 255 bytes long");
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  if (wire.size() > 65535) detail::raise_value_error("too many ALPN protocols");
  impl_->set_alpn(std::move(wire));
}

void TlsContext::set_sni_callback(
    Function<SniChoice(TlsContext, const std::string& server_name)> callback) {
  impl_->set_sni(std::move(callback));
}

void TlsContext::set_suppress_ragged_eofs(bool suppress) noexcept {
  if (suppress) {
    SSL_CTX_set_options(impl_->ssl_ctx(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  } else {
    SSL_CTX_clear_options(impl_->ssl_ctx(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  }
}

void TlsContext::set_session_cache_size(std::size_t hosts) { impl_->sessions.resize(hosts); }

void TlsContext::set_num_tickets(std::size_t tickets) {
  if (impl_->role() != TlsRole::server)
    detail::raise_value_error("only a server's context has tickets");
  SSL_CTX_set_num_tickets(impl_->ssl_ctx(), tickets);
}

void TlsContext::set_keylog_filename(Text filename) { impl_->set_keylog(filename); }

TlsContext create_default_context(Purpose purpose, const VerifyLocations& locations) {
  TlsContext context(purpose == Purpose::server_auth ? TlsRole::client : TlsRole::server);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.impl()->ssl_ctx()), kStrict);
  if (!locations.cafile.empty() || !locations.capath.empty() || !locations.cadata.empty()) {
    context.load_verify_locations(locations);
  } else if (purpose == Purpose::server_auth) {
    context.load_default_certs();
  }
  const char* keylog = std::getenv("SSLKEYLOGFILE");
  if (keylog && *keylog) context.set_keylog_filename(keylog);
  return context;
}

}  // namespace hob
