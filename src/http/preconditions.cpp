// SPDX-License-Identifier: MIT
#include <hob/http/date.hpp>
#include <hob/http/preconditions.hpp>

#include "http/scan.hpp"

namespace hob::http {

namespace {

std::optional<EntityTag> tag_of(const Validators& current) noexcept {
  std::string_view text = current.etag;
  return EntityTag::take(text);
}

/// The date of a field; nothing when it is absent, there twice, or no date: then it does not count
/// (RFC 9110, 13.1.3 and 13.1.4).
std::optional<std::int64_t> date_of(const Headers& request, Text name) noexcept {
  std::optional<std::int64_t> date;
  for (const auto [other, value] : request) {
    if (!detail::equal_ignoring_case(other, {name.data(), name.size()})) continue;
    std::int64_t seconds = 0;
    if (date || !parse_http_date(value, seconds)) return std::nullopt;
    date = seconds;
  }
  return date;
}

/// Whether one of the lines of the field names the tag.
bool names(const Headers& request, Text name, const std::optional<EntityTag>& tag,
           bool weakly) noexcept {
  for (const auto [other, value] : request) {
    if (!detail::equal_ignoring_case(other, {name.data(), name.size()})) continue;
    if (detail::trimmed(value) == "*" || (tag && tag->is_in(value, weakly))) return true;
  }
  return false;
}

}  // namespace

std::optional<EntityTag> EntityTag::take(std::string_view& text) noexcept {
  EntityTag tag;
  std::string_view rest = text;
  if (rest.starts_with("W/")) {
    tag.weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"')) return std::nullopt;
  const std::size_t end = rest.find('"', 1);
  if (end == std::string_view::npos) return std::nullopt;
  tag.opaque = rest.substr(1, end - 1);
  for (const char c : tag.opaque)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return std::nullopt;
  text = rest.substr(end + 1);
  return tag;
}

bool EntityTag::is_in(std::string_view list, bool weakly) const noexcept {
  list = detail::trimmed(list);
  if (list == "*") return true;
  while (!list.empty()) {
    if (list.front() == ',' || detail::is_blank(list.front())) {
      list.remove_prefix(1);
      continue;
    }
    const std::optional<EntityTag> tag = take(list);
    if (!tag) return false;
    if (tag->opaque == opaque && (weakly || (!weak && !tag->weak))) return true;
  }
  return false;
}

void Validators::write_to(Headers& headers) const {
  if (!etag.empty()) headers.set("ETag", etag);
  if (last_modified) headers.set("Last-Modified", format_http_date(*last_modified));
}

Precondition check_preconditions(Method method, const Headers& request,
                                 const Validators& current) noexcept {
  const std::optional<EntityTag> tag = tag_of(current);
  if (request.contains("If-Match")) {
    if (!names(request, "If-Match", tag, false)) return Precondition::failed;
  } else if (current.last_modified) {
    const std::optional<std::int64_t> limit = date_of(request, "If-Unmodified-Since");
    if (limit && *current.last_modified > *limit) return Precondition::failed;
  }
  const bool reads = method == Method::get || method == Method::head;
  if (request.contains("If-None-Match")) {
    if (names(request, "If-None-Match", tag, true))
      return reads ? Precondition::not_modified : Precondition::failed;
  } else if (reads && current.last_modified) {
    const std::optional<std::int64_t> since = date_of(request, "If-Modified-Since");
    if (since && *current.last_modified <= *since) return Precondition::not_modified;
  }
  return Precondition::proceed;
}

bool range_applies(const Headers& request, const Validators& current, std::int64_t now) noexcept {
  if (!request.contains("If-Range")) return true;
  std::string_view value = detail::trimmed(request.get("If-Range"));
  if (const std::optional<EntityTag> asked = EntityTag::take(value)) {
    const std::optional<EntityTag> tag = tag_of(current);
    return value.empty() && tag && !tag->weak && !asked->weak && tag->opaque == asked->opaque;
  }
  const std::optional<std::int64_t> date = date_of(request, "If-Range");
  return date && current.last_modified == date && *date < now;
}

}  // namespace hob::http
