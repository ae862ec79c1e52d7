// SPDX-License-Identifier: MIT
// SecurityInfo: what a secure connection knows about itself and its peer. Part of ExtraInfo, so
// that get_extra_info answers for TLS without the stream layer knowing TLS.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hob {

/// A certificate that a peer has shown; Python's `getpeercert()`.
struct PeerCertificate {
  /// Distinguished names as RFC 2253 writes them, most specific part first: `CN=example.org,O=x`.
  std::string subject;
  std::string issuer;
  /// `DNS:example.org`, `IP Address:127.0.0.1`, in the certificate's order.
  std::vector<std::string> subject_alt_names;
  /// Hexadecimal, upper case.
  std::string serial_number;
  /// Seconds since 1970; the certificate is valid from the first to the last, both included.
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
  /// The certificate itself: DER.
  std::string der;
};

/// A secure connection after its handshake.
struct SecurityInfo {
  /// `TLSv1.3`.
  std::string version;
  /// OpenSSL's name of the cipher suite, and the bits of its secret.
  std::string cipher;
  int cipher_bits = 0;
  /// The protocol that ALPN has chosen; empty when none.
  std::string alpn_protocol;
  /// The name that the client asked for (SNI); empty when none.
  std::string server_name;
  /// Whether an earlier session was resumed.
  bool session_reused = false;
  /// Whether the peer has shown a certificate, and which.
  bool has_peer_certificate = false;
  PeerCertificate peer_certificate;
};

}  // namespace hob
