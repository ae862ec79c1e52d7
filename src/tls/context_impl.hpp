// SPDX-License-Identifier: MIT
// ContextImpl: what a TlsContext handle holds: OpenSSL's SSL_CTX, and what that has no place for.
#pragma once

#include <hob/tls/context.hpp>

#include "tls/openssl.hpp"
#include "tls/session_cache.hpp"

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

namespace hob::detail {

class TlsTransport;

class ContextImpl final : public Security {
 public:
  using SniCallback = Function<SniChoice(TlsContext, const std::string&)>;

  explicit ContextImpl(TlsRole role);
  ~ContextImpl() override;
  /// The one behind `context`, which must be one of ours.
  static ContextImpl& of(SSL_CTX* context) noexcept;

  Coro<Ref<Transport>> connect(Ref<Transport> lower, SecurityRequest request) override;
  Coro<Ref<Transport>> accept(Ref<Transport> lower, SecurityRequest request) override;

  SSL_CTX* ssl_ctx() const noexcept { return ctx_.get(); }
  TlsRole role() const noexcept { return role_; }

  void set_alpn(std::string wire);
  void set_sni(SniCallback callback);
  void set_keylog(Text filename);
  /// Trusts the system's authorities from the next `prepare` on.
  void want_default_certs() noexcept { default_certs_wanted_.store(true); }
  /// Whether `prepare` has something to do. Any thread, as all of the following.
  bool unprepared() const noexcept { return default_certs_wanted_.load(); }
  /// Loads what was left for the first handshake; blocks for tens of milliseconds.
  void prepare();

  /// Whom a client's session is with, as a key of `sessions`.
  std::string session_key(const std::string& hostname) const;

  SessionCache sessions;
  bool check_hostname;
  VerifyMode verify_mode;
  TlsVersion minimum_version = TlsVersion::tls1_2;
  TlsVersion maximum_version = TlsVersion::maximum_supported;

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  static int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                     const unsigned char* in, unsigned in_size, void* self) noexcept;
  static int on_sni(SSL* ssl, int* alert, void* self) noexcept;
  static int on_new_session(SSL* ssl, SSL_SESSION* session) noexcept;
  static void on_keylog(const SSL* ssl, const char* line) noexcept;
  int choose_by_sni(SSL* ssl, TlsTransport& transport, int* alert);

  const TlsRole role_;
  SslCtxPtr ctx_;
  std::string alpn_;  // as it is sent: each protocol after its length
  SniCallback sni_;
  std::atomic<bool> default_certs_wanted_{false};
  std::mutex mutex_;
  std::unique_ptr<std::FILE, CloseFile> keylog_;
};

/// The system's authorities, read once per process; blocks. Never null; throws SSLError.
X509_STORE* default_cert_store();

}  // namespace hob::detail
