// SPDX-License-Identifier: MIT
// What a TlsContext shows and whom it trusts, from files and from memory. One way for both: a BIO.
#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>
#include <hob/tls/error.hpp>

#include "tls/certificate_data.hpp"
#include "tls/context_impl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hob {

using detail::BioPtr;
using detail::KeyPtr;
using detail::X509Ptr;

namespace {

BioPtr open_file(const std::string& name) {
  errno = 0;
  BioPtr file(BIO_new_file(name.c_str(), "re"));
  if (!file) {
    const int code = errno != 0 ? errno : EIO;
    ERR_clear_error();
    throw OSError(code, "open " + name);
  }
  return file;
}

BioPtr open_memory(Text text) {
  BioPtr memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!memory) detail::raise_openssl_error("out of memory");
  return memory;
}

struct Password {
  Text text;
  bool asked = false;  // so the file is encrypted
};

int give_password(char* buffer, int size, int, void* data) {
  auto* password = static_cast<Password*>(data);
  if (!password) return -1;
  password->asked = true;
  if (!password->text.data()) return -1;
  const int count = std::min(size, static_cast<int>(password->text.size()));
  std::memcpy(buffer, password->text.data(), static_cast<std::size_t>(count));
  return count;
}

// Whether the queue ends with "no more PEM in here", which is how a list of certificates ends.
bool at_end_of_pem() {
  const unsigned long last = ERR_peek_last_error();
  if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE) return false;
  ERR_clear_error();
  return true;
}

X509Ptr read_certificate(BIO* from) {
  return X509Ptr(PEM_read_bio_X509_AUX(from, nullptr, &give_password, nullptr));
}

void use_chain(SSL_CTX* ctx, BIO* from) {
  const X509Ptr first = read_certificate(from);
  if (!first) {
    if (at_end_of_pem()) throw SSLError("no certificate in the file (PEM)", "NO_START_LINE");
    detail::raise_openssl_error("the certificate cannot be read");
  }
  if (SSL_CTX_use_certificate(ctx, first.get()) != 1)
    detail::raise_openssl_error("the certificate cannot be used");
  SSL_CTX_clear_chain_certs(ctx);
  while (const X509Ptr next = read_certificate(from)) {
    if (SSL_CTX_add1_chain_cert(ctx, next.get()) != 1)
      detail::raise_openssl_error("a certificate of the chain cannot be used");
  }
  if (!at_end_of_pem()) detail::raise_openssl_error("a certificate of the chain cannot be read");
}

void use_key(SSL_CTX* ctx, BIO* from, Text text) {
  Password password{text};
  const KeyPtr key(PEM_read_bio_PrivateKey(from, nullptr, &give_password, &password));
  if (!key) {
    ERR_clear_error();
    if (!password.asked) throw SSLError("no private key in the file (PEM)", "NO_START_LINE");
    throw SSLError(text.data() ? "the private key cannot be decrypted: wrong password"
                               : "the private key is encrypted, and there is no password",
                   text.data() ? "BAD_DECRYPT" : "BAD_PASSWORD_READ");
  }
  if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1)
    detail::raise_openssl_error("the private key cannot be used");
}

void trust(X509_STORE* store, X509* certificate) {
  if (X509_STORE_add_cert(store, certificate) != 1)
    detail::raise_openssl_error("the certificate cannot be trusted");
}

void trust_pem(X509_STORE* store, BIO* from, const char* what) {
  int count = 0;
  while (const X509Ptr next = read_certificate(from)) {
    trust(store, next.get());
    ++count;
  }
  if (!at_end_of_pem()) detail::raise_openssl_error("a certificate cannot be read");
  if (count == 0) throw SSLError(std::string("no certificate in ") + what, "NO_START_LINE");
}

void trust_data(X509_STORE* store, Text data) {
  if (data.size() > 0 && data.data()[0] != '\x30') {  // DER begins with a SEQUENCE
    return trust_pem(store, open_memory(data).get(), "cadata");
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  const X509Ptr certificate(d2i_X509(nullptr, &bytes, static_cast<long>(data.size())));
  if (!certificate) detail::raise_openssl_error("cadata is not a certificate");
  trust(store, certificate.get());
}

}  // namespace

void TlsContext::load_cert_chain(Text certfile, Text keyfile, Text password) {
  const std::string cert_name = detail::to_string(certfile);
  const std::string key_name = keyfile.empty() ? cert_name : detail::to_string(keyfile);
  const BioPtr certificate = open_file(cert_name);
  const BioPtr key = open_file(key_name);
  use_chain(impl_->ssl_ctx(), certificate.get());
  use_key(impl_->ssl_ctx(), key.get(), password);
}

void TlsContext::load_cert_chain(const Certificate& certificate) {
  const std::string chain = certificate.pem();
  use_chain(impl_->ssl_ctx(), open_memory(chain).get());
  if (SSL_CTX_use_PrivateKey(impl_->ssl_ctx(), certificate.data().key()) != 1)
    detail::raise_openssl_error("the private key cannot be used");
}

void TlsContext::load_verify_locations(const VerifyLocations& locations) {
  X509_STORE* store = SSL_CTX_get_cert_store(impl_->ssl_ctx());
  if (locations.cafile.empty() && locations.capath.empty() && locations.cadata.empty())
    detail::raise_value_error("cafile, capath and cadata cannot all be empty");
  if (!locations.cafile.empty()) {
    const std::string name = detail::to_string(locations.cafile);
    trust_pem(store, open_file(name).get(), "cafile");
  }
  if (!locations.capath.empty() &&
      X509_STORE_load_path(store, detail::to_string(locations.capath).c_str()) != 1) {
    detail::raise_openssl_error("capath cannot be used");
  }
  if (!locations.cadata.empty()) trust_data(store, locations.cadata);
  impl_->sessions.clear();
}

void TlsContext::load_verify_locations(const Certificate& trusted) {
  trust(SSL_CTX_get_cert_store(impl_->ssl_ctx()), trusted.data().certificate());
  impl_->sessions.clear();
}

}  // namespace hob
