// SPDX-License-Identifier: MIT
#include "tls/context_impl.hpp"

#include <hob/core/error.hpp>

#include "tls/tls_transport.hpp"

#include <openssl/err.h>

#include <cerrno>
#include <cstring>

namespace hob::detail {
namespace {

// Forward secrecy and authenticated encryption only; keys as long as 2048 bits of RSA.
constexpr const char* kCiphers =
    "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL";

constexpr std::uint64_t kOptions = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;

int own_index() noexcept {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

ContextImpl::ContextImpl(TlsRole role)
    : check_hostname(role == TlsRole::client),
      verify_mode(role == TlsRole::client ? VerifyMode::required : VerifyMode::none),
      role_(role),
      ctx_(SSL_CTX_new(role == TlsRole::client ? TLS_client_method() : TLS_server_method())) {
  SSL_CTX* ctx = ctx_.get();
  if (!ctx || SSL_CTX_set_ex_data(ctx, own_index(), this) != 1 ||
      SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx, kCiphers) != 1) {
    raise_openssl_error("a context cannot be made");
  }
  SSL_CTX_set_options(ctx, kOptions);
  SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // Records are taken from below as they come, many at once, not header by header.
  SSL_CTX_set_read_ahead(ctx, 1);
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(ctx);
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (role == TlsRole::client) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, &ContextImpl::on_new_session);
  } else {
    // Without a name for their context, sessions with client certificates are not resumed.
    static constexpr unsigned char kName[] = {'h', 'o', 'b'};
    SSL_CTX_set_session_id_context(ctx, kName, sizeof kName);
    SSL_CTX_set_dh_auto(ctx, 1);
  }
}

ContextImpl::~ContextImpl() = default;

ContextImpl& ContextImpl::of(SSL_CTX* context) noexcept {
  return *static_cast<ContextImpl*>(SSL_CTX_get_ex_data(context, own_index()));
}

void ContextImpl::set_alpn(std::string wire) {
  alpn_ = std::move(wire);
  sessions.clear();
  if (role_ == TlsRole::server) {
    SSL_CTX_set_alpn_select_cb(ctx_.get(), alpn_.empty() ? nullptr : &ContextImpl::on_alpn, this);
  } else if (SSL_CTX_set_alpn_protos(ctx_.get(),
                                     reinterpret_cast<const unsigned char*>(alpn_.data()),
                                     static_cast<unsigned>(alpn_.size())) != 0) {
    raise_openssl_error("ALPN cannot be set");
  }
}

// Its answer to a client that offers nothing known is the alert that RFC 7301 demands.
int ContextImpl::on_alpn(SSL*, const unsigned char** out, unsigned char* out_size,
                         const unsigned char* in, unsigned in_size, void* self) noexcept {
  const std::string& own = static_cast<ContextImpl*>(self)->alpn_;
  const int found = SSL_select_next_proto(const_cast<unsigned char**>(out),
                                          out_size,  // NOLINT: OpenSSL's signature
                                          reinterpret_cast<const unsigned char*>(own.data()),
                                          static_cast<unsigned>(own.size()), in, in_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void ContextImpl::set_sni(SniCallback callback) {
  sni_ = std::move(callback);
  const auto function = sni_ ? &ContextImpl::on_sni : nullptr;
  SSL_CTX_set_tlsext_servername_callback(ctx_.get(), function);
  SSL_CTX_set_tlsext_servername_arg(ctx_.get(), this);
}

int ContextImpl::on_sni(SSL* ssl, int* alert, void* self) noexcept {
  TlsTransport& transport = TlsTransport::of(ssl);
  try {
    return static_cast<ContextImpl*>(self)->choose_by_sni(ssl, transport, alert);
  } catch (...) {
    transport.set_callback_error(std::current_exception());
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
}

int ContextImpl::choose_by_sni(SSL* ssl, TlsTransport& transport, int* alert) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const SniChoice choice = sni_(TlsContext(Ref<ContextImpl>(this)), std::string(name ? name : ""));
  if (choice.alert() != 0) {
    *alert = choice.alert();
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  if (choice.context()) transport.switch_context(choice.context());
  return SSL_TLSEXT_ERR_OK;
}

int ContextImpl::on_new_session(SSL* ssl, SSL_SESSION* session) noexcept {
  TlsTransport& transport = TlsTransport::of(ssl);
  try {
    SSL_SESSION_up_ref(session);
    SessionPtr own(session);
    transport.context().sessions.put(transport.session_key(), std::move(own));
  } catch (...) {  // no memory: then it is not kept
  }
  return 0;
}

std::string ContextImpl::session_key(const std::string& hostname) const {
  return hostname + '\n' + alpn_;
}

void ContextImpl::set_keylog(Text filename) {
  std::unique_ptr<std::FILE, CloseFile> file;
  if (!filename.empty()) {
    const std::string name = to_string(filename);
    file.reset(std::fopen(name.c_str(), "ae"));
    if (!file) throw OSError(errno, "open " + name);
  }
  const std::lock_guard lock(mutex_);
  keylog_ = std::move(file);
  SSL_CTX_set_keylog_callback(ctx_.get(), keylog_ ? &ContextImpl::on_keylog : nullptr);
}

void ContextImpl::on_keylog(const SSL* ssl, const char* line) noexcept {
  ContextImpl& self = of(SSL_get_SSL_CTX(ssl));
  const std::lock_guard lock(self.mutex_);
  if (!self.keylog_) return;
  std::fprintf(self.keylog_.get(), "%s\n", line);
  std::fflush(self.keylog_.get());
}

}  // namespace hob::detail
