// SPDX-License-Identifier: MIT
// OpenSSL's objects as owners, and its queue of errors as exceptions.
#pragma once

#include <hob/core/text.hpp>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <exception>
#include <memory>
#include <string>

namespace hob::detail {

template <auto Free>
struct OpensslDelete {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <class T, auto Free>
using OpensslPtr = std::unique_ptr<T, OpensslDelete<Free>>;

using BioPtr = OpensslPtr<BIO, &BIO_free_all>;
using KeyPtr = OpensslPtr<EVP_PKEY, &EVP_PKEY_free>;
using SessionPtr = OpensslPtr<SSL_SESSION, &SSL_SESSION_free>;
using SslCtxPtr = OpensslPtr<SSL_CTX, &SSL_CTX_free>;
using SslPtr = OpensslPtr<SSL, &SSL_free>;
using StorePtr = OpensslPtr<X509_STORE, &X509_STORE_free>;
using X509Ptr = OpensslPtr<X509, &X509_free>;

inline std::string to_string(Text text) { return std::string(text.data(), text.size()); }

/// Empties the thread's queue of errors, and gives the first as `[SSL: REASON] reason`, an
/// SSLError. `fallback` is the text when the queue is empty.
std::exception_ptr take_openssl_error(const char* fallback);
/// Throws it.
[[noreturn]] void raise_openssl_error(const char* fallback);
/// Whom the peer's certificate should be for, and what was found about its names.
struct ExpectedPeer {
  std::string hostname;
  bool has_no_alt_names = false;
};
/// What a call on `ssl` that answered `result` has died of: SSLError or what derives from it; null
/// when it was the transport below.
std::exception_ptr take_ssl_error(SSL* ssl, int result, const ExpectedPeer& expected);

/// Everything that a BIO in memory has collected.
std::string bio_text(BIO* bio);
/// Whether `name` is an IP address, which has no SNI and another kind of SAN.
bool is_ip_address(const std::string& name);

}  // namespace hob::detail
