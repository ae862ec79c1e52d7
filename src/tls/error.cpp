// SPDX-License-Identifier: MIT
#include <hob/tls/error.hpp>

#include "tls/openssl.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <cctype>
#include <cerrno>

namespace hob {

SSLError::SSLError(const std::string& what, Text reason)
    : OSError(EPROTO, "TLS", what), reason_(detail::Message::make(reason)) {}

SSLCertVerificationError::SSLCertVerificationError(int verify_code, Text verify_message)
    : SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: " +
                   detail::to_string(verify_message),
               "CERTIFICATE_VERIFY_FAILED"),
      verify_code_(verify_code),
      verify_message_(detail::Message::make(verify_message)) {}

SSLEOFError::SSLEOFError()
    : SSLError("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol",
               "UNEXPECTED_EOF_WHILE_READING") {}

SSLZeroReturnError::SSLZeroReturnError()
    : SSLError("TLS/SSL connection has been closed (EOF)", "") {}

namespace detail {
namespace {

// OpenSSL's macro for a reason is its text in capitals.
std::string mnemonic(const char* reason) {
  std::string name;
  for (const char* c = reason; *c; ++c) {
    const auto byte = static_cast<unsigned char>(*c);
    name += std::isalnum(byte) ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return name;
}

std::exception_ptr error_of(unsigned long code, const char* fallback) {
  const char* text = code != 0 ? ERR_reason_error_string(code) : nullptr;
  if (!text) return std::make_exception_ptr(SSLError(fallback, ""));
  const char* library = ERR_lib_error_string(code);
  const bool ssl = ERR_GET_LIB(code) == ERR_LIB_SSL;
  const std::string reason = mnemonic(text);
  return std::make_exception_ptr(
      SSLError(std::string("[") + (ssl || !library ? "SSL" : library) + ": " + reason + "] " + text,
               reason));
}

std::exception_ptr verification_error(SSL* ssl, const ExpectedPeer& expected) {
  const long code = SSL_get_verify_result(ssl);
  std::string message = X509_verify_cert_error_string(code);
  if (code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    message = code == X509_V_ERR_HOSTNAME_MISMATCH ? "Hostname" : "IP address";
    message += " mismatch, certificate ";
    message += expected.has_no_alt_names ? "has no subjectAltName for '" : "is not valid for '";
    message += expected.hostname + "'.";
  }
  return std::make_exception_ptr(SSLCertVerificationError(static_cast<int>(code), message));
}

}  // namespace

std::exception_ptr take_openssl_error(const char* fallback) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  return error_of(code, fallback);
}

void raise_openssl_error(const char* fallback) {
  std::rethrow_exception(take_openssl_error(fallback));
}

std::exception_ptr take_ssl_error(SSL* ssl, int result, const ExpectedPeer& expected) {
  const int kind = SSL_get_error(ssl, result);
  const unsigned long code = ERR_peek_error();
  const bool from_ssl = ERR_GET_LIB(code) == ERR_LIB_SSL;
  std::exception_ptr error;
  if (kind == SSL_ERROR_ZERO_RETURN) {
    error = std::make_exception_ptr(SSLZeroReturnError());
  } else if (kind == SSL_ERROR_SYSCALL && code == 0) {
    return nullptr;
  } else if (from_ssl && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    error = std::make_exception_ptr(SSLEOFError());
  } else if (from_ssl && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    error = verification_error(ssl, expected);
  } else {
    error = error_of(code, "TLS failed");
  }
  ERR_clear_error();
  return error;
}

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

bool is_ip_address(const std::string& name) {
  const OpensslPtr<ASN1_OCTET_STRING, &ASN1_OCTET_STRING_free> address(a2i_IPADDRESS(name.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

}  // namespace detail
}  // namespace hob
