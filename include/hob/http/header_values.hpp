// SPDX-License-Identifier: MIT
// The fields whose values have a structure of their own: Content-Type, Content-Disposition, Link.
#pragma once

#include <hob/http/url.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hob::http {

/// A media type with its parameters (RFC 9110, 8.3).
struct ContentType {
  std::string type;   // `text/html`, in lower case; empty when there is none
  Params parameters;  // names in lower case

  /// Never fails: what cannot be read is left out.
  static ContentType parse(std::string_view value);

  /// In lower case; empty when there is none.
  std::string charset() const;
  /// application/json, or a type that ends in +json.
  bool is_json() const noexcept;
};

/// How a body is to be shown, or which field of a form it is (RFC 6266, RFC 7578).
struct ContentDisposition {
  std::string type;   // `attachment`, `inline`, `form-data`, in lower case
  Params parameters;  // names in lower case, `filename*` and its like decoded to UTF-8

  static ContentDisposition parse(std::string_view value);

  /// `filename*`, else `filename`, without any directory: safe to create in one.
  std::optional<std::string> filename() const;
  /// The name of the form's field.
  std::optional<std::string_view> name() const noexcept { return parameters.get("name"); }
};

/// One link of a Link field (RFC 8288).
struct Link {
  Url url;
  std::string rel;    // one of the relations; a link with several becomes several
  Params parameters;  // the others, names in lower case

  /// All links of a field's value (several lines joined by commas), resolved on `base`. Those whose
  /// URL is none are left out.
  static std::vector<Link> parse(std::string_view value, const Url& base = {});
};

}  // namespace hob::http
