// SPDX-License-Identifier: MIT
#include <hob/tls/certificate.hpp>

#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>

#include "tls/certificate_data.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

namespace hob {

using detail::CertificateData;
using detail::KeyPtr;
using detail::Ref;
using detail::X509Ptr;

namespace {

void check(bool good) {
  if (!good) detail::raise_openssl_error("a certificate could not be made");
}

KeyPtr make_key(int rsa_bits) {
  KeyPtr key(rsa_bits > 0
                 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits))
                 : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  check(key != nullptr);
  return key;
}

void set_time(ASN1_TIME* field, Duration from_now) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr std::int64_t kDay = 86'400;
  const std::int64_t seconds = from_now.count_ns() / kSecond;
  check(X509_time_adj_ex(field, static_cast<int>(seconds / kDay), static_cast<long>(seconds % kDay),
                         nullptr) != nullptr);
}

void set_serial(X509* certificate) {
  unsigned char bytes[16];
  check(RAND_bytes(bytes, sizeof bytes) == 1);
  bytes[0] &= 0x7f;  // positive
  bytes[0] |= 0x40;  // and not short
  const detail::OpensslPtr<BIGNUM, &BN_free> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  check(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)));
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const detail::OpensslPtr<X509_EXTENSION, &X509_EXTENSION_free> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, kind, value.c_str()));
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Names are put in one by one and not as the text of an extension, where a comma would end them.
void add_alt_names(X509* certificate, const std::vector<std::string>& names) {
  const detail::OpensslPtr<GENERAL_NAMES, &GENERAL_NAMES_free> all(GENERAL_NAMES_new());
  check(all != nullptr);
  for (const std::string& name : names) {
    const bool ip = detail::is_ip_address(name);
    GENERAL_NAME* one =
        a2i_GENERAL_NAME(nullptr, nullptr, nullptr, ip ? GEN_IPADD : GEN_DNS, name.c_str(), 0);
    check(one && sk_GENERAL_NAME_push(all.get(), one) > 0);
  }
  check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, all.get(), 0, 0) == 1);
}

const char* usage_text(CertificateUse use) {
  switch (use) {
    case CertificateUse::server:
      return "serverAuth";
    case CertificateUse::client:
      return "clientAuth";
    case CertificateUse::server_and_client:
      break;
  }
  return "serverAuth,clientAuth";
}

Certificate make(CertificateData* issuer, const std::vector<std::string>& names, bool authority,
                 const CertificateOptions& options) {
  const Text common_name =
      options.common_name.empty() && !names.empty() ? Text(names[0]) : options.common_name;
  if (common_name.empty()) detail::raise_value_error("a certificate needs a name");
  KeyPtr key = make_key(options.rsa_bits);
  X509Ptr certificate(X509_new());
  check(certificate != nullptr);
  X509* x509 = certificate.get();
  X509* signer = issuer ? issuer->certificate() : x509;
  check(X509_set_version(x509, X509_VERSION_3) == 1);
  set_serial(x509);
  set_time(X509_getm_notBefore(x509), options.valid_from);
  set_time(X509_getm_notAfter(x509), options.valid_until);
  check(X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), NID_commonName, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.data()),
                                   static_cast<int>(common_name.size()), -1, 0) == 1);
  check(X509_set_issuer_name(x509, X509_get_subject_name(signer)) == 1);
  check(X509_set_pubkey(x509, key.get()) == 1);
  add_extension(x509, signer, NID_basic_constraints,
                authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(x509, signer, NID_key_usage,
                authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  add_extension(x509, signer, NID_subject_key_identifier, "hash");
  if (issuer) add_extension(x509, signer, NID_authority_key_identifier, "keyid:always");
  if (!authority) {
    add_extension(x509, signer, NID_ext_key_usage, usage_text(options.use));
    if (!names.empty() && !options.without_subject_alt_names) add_alt_names(x509, names);
  }
  check(X509_sign(x509, issuer ? issuer->key() : key.get(), EVP_sha256()) > 0);
  auto data =
      Ref<CertificateData>::adopt(new CertificateData(std::move(certificate), std::move(key)));
  data->issuer = Ref<CertificateData>(issuer);
  return Certificate(std::move(data));
}

}  // namespace

Certificate::Certificate(Ref<CertificateData> data) noexcept : data_(std::move(data)) {}
Certificate::Certificate(const Certificate& other) noexcept = default;
Certificate& Certificate::operator=(const Certificate& other) noexcept = default;
Certificate::~Certificate() = default;

std::string Certificate::pem() const {
  const detail::BioPtr out(BIO_new(BIO_s_mem()));
  check(out && PEM_write_bio_X509(out.get(), data_->certificate()) == 1);
  for (CertificateData* next = data_->issuer.get(); next && next->issuer;
       next = next->issuer.get()) {
    check(PEM_write_bio_X509(out.get(), next->certificate()) == 1);
  }
  return detail::bio_text(out.get());
}

std::string Certificate::private_key_pem() const {
  const detail::BioPtr out(BIO_new(BIO_s_mem()));
  check(out && PEM_write_bio_PKCS8PrivateKey(out.get(), data_->key(), nullptr, nullptr, 0, nullptr,
                                             nullptr) == 1);
  return detail::bio_text(out.get());
}

Certificate make_self_signed(const std::vector<std::string>& names, CertificateOptions options) {
  return make(nullptr, names, false, options);
}

Certificate make_certificate_authority(CertificateOptions options) {
  if (options.common_name.empty()) options.common_name = "Hob certificate authority";
  return make(nullptr, {}, true, options);
}

Certificate make_certificate_authority(const Certificate& issuer, CertificateOptions options) {
  if (options.common_name.empty()) options.common_name = "Hob intermediate authority";
  return make(&issuer.data(), {}, true, options);
}

Certificate make_certificate(const Certificate& issuer, const std::vector<std::string>& names,
                             CertificateOptions options) {
  return make(&issuer.data(), names, false, options);
}

}  // namespace hob
