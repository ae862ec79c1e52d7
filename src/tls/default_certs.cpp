// SPDX-License-Identifier: MIT
// The system's authorities. Parsing them takes OpenSSL 3.0 tens of milliseconds, so it happens once
// per process and never in a loop's thread; contexts share the parsed certificates.
#include "tls/context_impl.hpp"

namespace hob::detail {
namespace {

// A certificate that was put in twice is not an error any more (OpenSSL 1.1.1 and newer).
void add_all(X509_STORE* from, X509_STORE* to) {
  STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(from);
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (certificate && X509_STORE_add_cert(to, certificate) != 1)
      raise_openssl_error("the system's certificates cannot be used");
  }
}

}  // namespace

X509_STORE* default_cert_store() {
  // Only ever read after this, so it needs no lock.
  static X509_STORE* const store = [] {
    StorePtr loading(X509_STORE_new());
    if (!loading || X509_STORE_set_default_paths(loading.get()) != 1)
      raise_openssl_error("the system's certificates cannot be loaded");
    return loading.release();
  }();
  return store;
}

void ContextImpl::prepare() {
  const std::lock_guard lock(mutex_);
  if (!default_certs_wanted_.load()) return;
  X509_STORE* own = SSL_CTX_get_cert_store(ctx_.get());
  add_all(default_cert_store(), own);
  // Those of the directory are found by their hash when they are needed.
  X509_LOOKUP* directory = X509_STORE_add_lookup(own, X509_LOOKUP_hash_dir());
  if (!directory || X509_LOOKUP_add_dir(directory, nullptr, X509_FILETYPE_DEFAULT) != 1)
    raise_openssl_error("the system's certificates cannot be found");
  default_certs_wanted_.store(false);
}

}  // namespace hob::detail
