// SPDX-License-Identifier: MIT
// CertificateData: what a Certificate handle holds. Immutable, counted atomically.
#pragma once

#include <hob/core/ref.hpp>

#include "tls/openssl.hpp"

#include <vector>

namespace hob::detail {

class CertificateData {
 public:
  CertificateData(X509Ptr certificate, KeyPtr key) noexcept
      : certificate_(std::move(certificate)), key_(std::move(key)) {}
  void retain() noexcept { __atomic_fetch_add(&refs_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_fetch_sub(&refs_, 1, __ATOMIC_ACQ_REL) == 1) delete this;
  }

  X509* certificate() const noexcept { return certificate_.get(); }
  EVP_PKEY* key() const noexcept { return key_.get(); }
  /// Who signed it; null for a root.
  Ref<CertificateData> issuer;

 private:
  X509Ptr certificate_;
  KeyPtr key_;
  unsigned refs_ = 1;
};

}  // namespace hob::detail
