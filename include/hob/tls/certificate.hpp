// SPDX-License-Identifier: MIT
// Certificates made on the spot: for tests, examples, local tools, and private authorities. Real
// ones come in files, by TlsContext::load_cert_chain.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/ref.hpp>
#include <hob/core/text.hpp>

#include <string>
#include <vector>

namespace hob {

namespace detail {
class CertificateData;
}

/// What a certificate may be shown as (its extended key usage).
enum class CertificateUse : unsigned char { server, client, server_and_client };

/// Options of `make_self_signed` and the others.
struct CertificateOptions {
  /// The subject's common name; empty: the first of the names.
  Text common_name;
  /// From when and until when it is valid, counted from now.
  Duration valid_from = Duration::nanoseconds(-3'600'000'000'000);
  Duration valid_until = Duration::nanoseconds(30 * 86'400'000'000'000);
  CertificateUse use = CertificateUse::server_and_client;
  /// The size of an RSA key; 0: a key on the curve P-256, which is made in a fraction of the time.
  int rsa_bits = 0;
  /// Leave the names out of the certificate, so that only the common name is left. Nobody accepts
  /// that today.
  bool without_subject_alt_names = false;
};

/// A certificate with its private key and those that vouch for it. A cheap handle; any thread.
class Certificate {
 public:
  /// PEM text: the certificate, then those between it and the root.
  std::string pem() const;
  std::string private_key_pem() const;

  explicit Certificate(detail::Ref<detail::CertificateData> data) noexcept;
  Certificate(const Certificate& other) noexcept;
  Certificate& operator=(const Certificate& other) noexcept;
  ~Certificate();
  detail::CertificateData& data() const noexcept { return *data_.get(); }

 private:
  detail::Ref<detail::CertificateData> data_;
};

/// A certificate for `names` (host names, `*.example.org`, IP addresses) that vouches for itself: a
/// client accepts it when it has loaded just this one. Throws ValueError when there is neither a
/// name nor a common name, SSLError when OpenSSL refuses.
Certificate make_self_signed(const std::vector<std::string>& names,
                             CertificateOptions options = {});
/// The root of a chain of trust. It has no names: `common_name` tells whose it is.
Certificate make_certificate_authority(CertificateOptions options = {});
/// An authority between a root and others.
Certificate make_certificate_authority(const Certificate& issuer, CertificateOptions options = {});
/// A certificate for `names`, signed by an authority.
Certificate make_certificate(const Certificate& issuer, const std::vector<std::string>& names,
                             CertificateOptions options = {});

}  // namespace hob
