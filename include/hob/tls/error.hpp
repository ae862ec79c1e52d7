// SPDX-License-Identifier: MIT
// The errors of TLS, with the names and the hierarchy of Python's ssl module.
#pragma once

#include <hob/core/error.hpp>
#include <hob/core/message.hpp>
#include <hob/core/text.hpp>

#include <string>

namespace hob {

/// ssl.SSLError: the protocol was violated, or the two sides cannot agree. `code()` is EPROTO,
/// `what()` reads `[SSL: WRONG_VERSION_NUMBER] wrong version number`.
class SSLError : public OSError {
 public:
  /// `reason`: OpenSSL's name for it; empty when it has none.
  SSLError(const std::string& what, Text reason);
  const char* reason() const noexcept { return reason_->c_str(); }

 private:
  detail::Ref<detail::Message> reason_;
};

/// ssl.SSLCertVerificationError: the peer's certificate is not acceptable. (In Python it is a
/// ValueError as well; a C++ exception that is a std::exception twice cannot be caught as one.)
class SSLCertVerificationError : public SSLError {
 public:
  SSLCertVerificationError(int verify_code, Text verify_message);
  /// OpenSSL's X509_V_ERR_ number, and its text: `certificate has expired`.
  int verify_code() const noexcept { return verify_code_; }
  const char* verify_message() const noexcept { return verify_message_->c_str(); }

 private:
  int verify_code_;
  detail::Ref<detail::Message> verify_message_;
};

/// ssl.SSLEOFError: the connection ended without a good-bye (close_notify). What was read may be
/// cut short, by an accident or by an attacker.
class SSLEOFError : public SSLError {
 public:
  SSLEOFError();
};

/// ssl.SSLZeroReturnError: the peer has said good-bye where more was needed: in the middle of a
/// handshake. A reader sees an end of stream instead.
class SSLZeroReturnError : public SSLError {
 public:
  SSLZeroReturnError();
};

}  // namespace hob
