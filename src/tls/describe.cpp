// SPDX-License-Identifier: MIT
// What a TLS connection knows about itself: SecurityInfo.
#include <hob/stream/extra_info.hpp>

#include "tls/tls_transport.hpp"

#include <openssl/err.h>

#include <ctime>

namespace hob::detail {
namespace {

std::string name_text(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  constexpr unsigned long kFlags =
      XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (!out || X509_NAME_print_ex(out.get(), name, 0, kFlags) < 0) return "";
  return bio_text(out.get());
}

std::int64_t time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<std::int64_t>(timegm(&parts));
}

std::string serial_text(X509* certificate) {
  const OpensslPtr<BIGNUM, &BN_free> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* text = number ? BN_bn2hex(number.get()) : nullptr;
  const std::string result = text ? text : "";
  OPENSSL_free(text);
  return result;
}

std::string asn1_text(const ASN1_STRING* string) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                     static_cast<std::size_t>(ASN1_STRING_length(string)));
}

// 127.0.0.1 and 0:0:0:0:0:0:0:1, as OpenSSL and Python print them.
std::string address_text(const ASN1_OCTET_STRING* address) {
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  const int size = ASN1_STRING_length(address);
  const bool ipv4 = size == 4;
  if (!ipv4 && size != 16) return "<invalid>";
  std::string text;
  for (int i = 0; i < size; i += ipv4 ? 1 : 2) {
    char part[8];
    std::snprintf(part, sizeof part, ipv4 ? "%u" : "%X",
                  ipv4 ? bytes[i] : static_cast<unsigned>(bytes[i] << 8 | bytes[i + 1]));
    if (i > 0) text += ipv4 ? '.' : ':';
    text += part;
  }
  return text;
}

void add_alt_name(std::vector<std::string>& names, const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
      return names.push_back("DNS:" + asn1_text(name->d.dNSName));
    case GEN_IPADD:
      return names.push_back("IP Address:" + address_text(name->d.iPAddress));
    case GEN_URI:
      return names.push_back("URI:" + asn1_text(name->d.uniformResourceIdentifier));
    case GEN_EMAIL:
      return names.push_back("email:" + asn1_text(name->d.rfc822Name));
    default:
      return;
  }
}

std::vector<std::string> alt_names(X509* certificate) {
  std::vector<std::string> names;
  const OpensslPtr<GENERAL_NAMES, &GENERAL_NAMES_free> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i)
    add_alt_name(names, sk_GENERAL_NAME_value(all.get(), i));
  return names;
}

std::string der_of(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  const std::string der(reinterpret_cast<const char*>(bytes),
                        static_cast<std::size_t>(size > 0 ? size : 0));
  OPENSSL_free(bytes);
  return der;
}

PeerCertificate describe_certificate(X509* certificate) {
  PeerCertificate peer;
  peer.subject = name_text(X509_get_subject_name(certificate));
  peer.issuer = name_text(X509_get_issuer_name(certificate));
  peer.subject_alt_names = alt_names(certificate);
  peer.serial_number = serial_text(certificate);
  peer.not_before = time_of(X509_get0_notBefore(certificate));
  peer.not_after = time_of(X509_get0_notAfter(certificate));
  peer.der = der_of(certificate);
  return peer;
}

}  // namespace

SecurityInfo TlsTransport::info() const {
  SSL* ssl = ssl_.get();
  SecurityInfo info;
  info.version = SSL_get_version(ssl);
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl)) {
    info.cipher = SSL_CIPHER_get_name(cipher);
    info.cipher_bits = SSL_CIPHER_get_bits(cipher, nullptr);
  }
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  info.alpn_protocol.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  info.server_name = name ? name : "";
  info.session_reused = SSL_session_reused(ssl) == 1;
  if (X509* certificate = SSL_get0_peer_certificate(ssl)) {
    info.has_peer_certificate = true;
    info.peer_certificate = describe_certificate(certificate);
  }
  ERR_clear_error();
  return info;
}

void TlsTransport::describe(ExtraInfo& extra) const {
  channel_.lower().describe(extra);
  extra.security = info();
}

}  // namespace hob::detail
