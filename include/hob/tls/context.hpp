// SPDX-License-Identifier: MIT
// TlsContext: who is trusted, what is shown, and which versions and ciphers are spoken. Python's
// ssl.SSLContext. `{.ssl = context}` makes a stream a TLS stream.
//
// Thread rule: set a context up in one thread, then use it in any number of threads and loops at
// the same time. Setters while handshakes run elsewhere are a race. A context is a handle: copies
// are the same context, as Python's references are.
#pragma once

#include <hob/core/function.hpp>
#include <hob/core/ref.hpp>
#include <hob/core/text.hpp>
#include <hob/stream/security.hpp>
#include <hob/tls/certificate.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hob {

namespace detail {
class ContextImpl;
}

/// ssl.PROTOCOL_TLS_CLIENT and PROTOCOL_TLS_SERVER.
enum class TlsRole : std::uint8_t { client, server };
/// ssl.Purpose: whom the other side will be, so `client_auth` is for servers.
enum class Purpose : std::uint8_t { server_auth, client_auth };
/// ssl.CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED: whether the peer has to show a certificate.
enum class VerifyMode : std::uint8_t { none, optional, required };
/// ssl.TLSVersion.
enum class TlsVersion : std::uint8_t {
  minimum_supported,
  tls1,
  tls1_1,
  tls1_2,
  tls1_3,
  maximum_supported
};

/// Where trusted certificates come from; empty: not from there.
struct VerifyLocations {
  /// A file of certificates, PEM.
  Text cafile;
  /// A directory of files named by hashes (`openssl rehash`), read when needed.
  Text capath;
  /// Certificates as PEM text, or one as DER.
  Text cadata;
};

class TlsContext;

/// What a server does with the name that a client asks for.
class SniChoice {
 public:
  /// Goes on with the certificate and the settings of `context`.
  SniChoice(TlsContext context);  // NOLINT(google-explicit-constructor)
  /// Goes on with the context that the server has.
  static SniChoice keep() noexcept;
  /// Ends the handshake with an alert; 112 is unrecognized_name.
  static SniChoice refuse(int alert = 112) noexcept;

  int alert() const noexcept { return alert_; }
  const detail::Ref<detail::ContextImpl>& context() const noexcept { return context_; }
  SniChoice(const SniChoice& other) noexcept;
  ~SniChoice();

 private:
  SniChoice() noexcept;
  detail::Ref<detail::ContextImpl> context_;
  int alert_ = 0;
};

class TlsContext {
 public:
  /// A client checks host name and certificate (and trusts nobody yet), a server asks for none;
  /// TLS 1.2 or newer, safe ciphers. `create_default_context` is what most programs want.
  explicit TlsContext(TlsRole role);
  TlsContext(const TlsContext& other) noexcept;
  TlsContext& operator=(const TlsContext& other) noexcept;
  ~TlsContext();

  /// For `{.ssl = context}` and for `start_tls(context)`; borrowed.
  operator Security*() const noexcept;  // NOLINT(google-explicit-constructor)
  operator Security&() const noexcept;  // NOLINT(google-explicit-constructor)
  TlsRole role() const noexcept;

  // Certificates. Files are read at once, in this thread. OSError when they cannot be read,
  // SSLError for what is in them.

  /// What this side shows: a certificate and the chain behind it, PEM, with its private key
  /// (`keyfile` empty: in the same file). An encrypted key without a password is an SSLError;
  /// Python asks at the terminal.
  void load_cert_chain(Text certfile, Text keyfile = {}, Text password = {});
  void load_cert_chain(const Certificate& certificate);
  /// Whom this side trusts, besides those already loaded. ValueError when nothing is named.
  void load_verify_locations(const VerifyLocations& locations);
  void load_verify_locations(const Certificate& trusted);
  /// Trusts whom the system trusts (and SSL_CERT_FILE, SSL_CERT_DIR name). They are read once per
  /// process, in another thread, at the first handshake that needs them.
  void load_default_certs();

  // Verification.

  VerifyMode verify_mode() const noexcept;
  /// ValueError for `none` while the host name is to be checked.
  void set_verify_mode(VerifyMode mode);
  bool check_hostname() const noexcept;
  /// True also makes a certificate required.
  void set_check_hostname(bool check);

  // Protocol.

  TlsVersion minimum_version() const noexcept;
  void set_minimum_version(TlsVersion version);
  TlsVersion maximum_version() const noexcept;
  void set_maximum_version(TlsVersion version);
  /// OpenSSL's cipher list for TLS 1.2 and older. SSLError when it selects none.
  void set_ciphers(Text ciphers);
  /// What to speak inside, best first. A server refuses a client that offers only others (RFC
  /// 7301). ValueError for a name that is empty or longer than 255 bytes.
  void set_alpn_protocols(const std::vector<std::string>& protocols);
  /// For servers: called in each handshake, in its loop's thread, with the name that the client
  /// asked for, empty when none. What it throws ends the handshake with an internal_error alert and
  /// is what the handshake throws. An empty function removes it.
  void set_sni_callback(Function<SniChoice(TlsContext, const std::string& server_name)> callback);
  /// Takes the end of a connection without close_notify for an end of stream instead of an
  /// SSLEOFError, for old peers. What they sent may then be cut short by anybody. (A setting of
  /// Python's wrap_socket.)
  void set_suppress_ragged_eofs(bool suppress) noexcept;

  // Sessions.

  /// For clients: how many servers' sessions are kept for resumption, 256 at first; 0: none. They
  /// are kept by host name.
  void set_session_cache_size(std::size_t hosts);
  /// For servers: how many tickets a TLS 1.3 client gets, 2 at first; 0: no resumption.
  void set_num_tickets(std::size_t tickets);

  /// Appends the secrets of each connection to a file, for Wireshark; empty: stops. Whoever reads
  /// it reads everything. OSError when it cannot be opened.
  void set_keylog_filename(Text filename);

  explicit TlsContext(detail::Ref<detail::ContextImpl> impl) noexcept;
  const detail::Ref<detail::ContextImpl>& impl() const noexcept { return impl_; }

 private:
  detail::Ref<detail::ContextImpl> impl_;
};

/// A context that is right for most: for `server_auth` (a client) certificate and host name are
/// checked against the system's authorities, or against `locations` when something is named there;
/// for `client_auth` (a server) load_cert_chain is still to be called. The environment's
/// SSLKEYLOGFILE is heeded. Behaviour of ssl.create_default_context, CPython 3.13.
TlsContext create_default_context(Purpose purpose = Purpose::server_auth,
                                  const VerifyLocations& locations = {});

}  // namespace hob
