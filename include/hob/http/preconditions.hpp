// SPDX-License-Identifier: MIT
// Conditional requests (RFC 9110, section 13): what a client says it has, against what is there.
#pragma once

#include <hob/http/headers.hpp>
#include <hob/http/method.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hob::http {

/// An entity tag (RFC 9110, 8.8.3): `"opaque"`, or `W/"opaque"`.
struct EntityTag {
  /// Between the quotes.
  std::string_view opaque;
  bool weak = false;

  /// Takes the tag at the beginning of `text`, which becomes what is behind it; nothing, and `text`
  /// unchanged, when there is none.
  static std::optional<EntityTag> take(std::string_view& text) noexcept;
  /// Whether a tag of the list (the value of If-None-Match or If-Match) is this one; `*` is all of
  /// them. `weakly`: bytes may differ, as long as both mean the same. What comes behind the first
  /// thing that is no tag is not looked at.
  bool is_in(std::string_view list, bool weakly) const noexcept;
};

/// What a server knows of the representation that it would send.
struct Validators {
  // Not an aggregate: g++ 12 destroys those twice in a full-expression with co_await.
  Validators() = default;
  Validators(std::string t, std::optional<std::int64_t> modified)
      : etag(std::move(t)), last_modified(modified) {}

  /// With its quotes, `"33a64df5"` or `W/"33a64df5"`; empty: it has none.
  std::string etag;
  /// Seconds since 1970.
  std::optional<std::int64_t> last_modified;

  /// Sets ETag and Last-Modified.
  void write_to(Headers& headers) const;
};

/// What becomes of a request.
enum class Precondition : unsigned char {
  proceed,
  not_modified,  // 304: the client has it already
  failed         // 412: it is not what the client believes
};

/// Decides on If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of
/// RFC 9110, 13.2.2. To be asked when the answer would otherwise be a 2xx.
Precondition check_preconditions(Method method, const Headers& request,
                                 const Validators& current) noexcept;

/// Whether the Range field of the request counts: there is no If-Range, or it names the current
/// representation by a strong validator (RFC 9110, 13.1.5). A date is one when it lies at least a
/// second before `now`.
bool range_applies(const Headers& request, const Validators& current, std::int64_t now) noexcept;

}  // namespace hob::http
