// SPDX-License-Identifier: MIT
// Method: the request methods of RFC 9110 and PATCH. Others travel as text.
#pragma once

#include <hob/core/text.hpp>

namespace hob::http {

enum class Method : unsigned char {
  other,  // a token that is none of these
  get,
  head,
  post,
  put,
  delete_,
  connect,
  options,
  trace,
  patch
};

/// The method that is spelled so; methods are case-sensitive (RFC 9110, 9.1).
Method parse_method(Text name) noexcept;
/// `GET`; "" for `other`.
const char* method_name(Method method) noexcept;
/// Asks for nothing to change: GET, HEAD, OPTIONS, TRACE (RFC 9110, 9.2.1).
bool is_safe(Method method) noexcept;
/// Sent twice has the effect of once: the safe ones, PUT and DELETE (RFC 9110, 9.2.2).
bool is_idempotent(Method method) noexcept;

}  // namespace hob::http
