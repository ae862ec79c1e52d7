// SPDX-License-Identifier: MIT
#include <hob/http/header_values.hpp>

#include "http/field_reader.hpp"
#include "http/percent.hpp"

#include <hob/http/charset.hpp>
#include <hob/http/client_error.hpp>

namespace hob::http {
namespace {

// `; name=value` until none is left, or until a comma with `list`.
Params read_parameters(detail::FieldReader& reader, bool list) {
  Params parameters;
  const char* const ends = list ? ";," : ";";
  while (reader.take(';')) {
    const std::string name = ascii::lower(reader.token());
    if (reader.take('=')) {
      std::string value = reader.value(ends);
      if (!name.empty() && !parameters.contains(name)) parameters.add(name, value);
    } else if (!name.empty() && list) {
      parameters.add(name, "");
    }
    reader.take_until(ends);
  }
  return parameters;
}

// RFC 8187: charset'language'percent-encoded.
std::optional<std::string> decode_extended(std::string_view value) {
  const std::string_view charset = ascii::take_until(value, '\'');
  if (value.find('\'') == std::string_view::npos) return std::nullopt;
  ascii::take_until(value, '\'');
  return decode_text(percent::decode(value), charset);
}

}  // namespace

ContentType ContentType::parse(std::string_view value) {
  detail::FieldReader reader(value);
  ContentType result;
  result.type = ascii::lower(reader.take_until(";,"));
  const std::size_t slash = result.type.find('/');
  if (slash == std::string::npos ||
      !ascii::is_token(std::string_view(result.type).substr(0, slash)) ||
      !ascii::is_token(std::string_view(result.type).substr(slash + 1))) {
    result.type.clear();
  }
  result.parameters = read_parameters(reader, true);
  return result;
}

std::string ContentType::charset() const {
  return ascii::lower(parameters.get("charset").value_or(""));
}

bool ContentType::is_json() const noexcept {
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}

ContentDisposition ContentDisposition::parse(std::string_view value) {
  detail::FieldReader reader(value);
  ContentDisposition result;
  result.type = ascii::lower(reader.token());
  reader.take_until(";");
  for (const auto& [name, text] : read_parameters(reader, false)) {
    if (!name.ends_with('*')) {
      if (!result.parameters.contains(name)) result.parameters.add(name, text);
    } else if (auto decoded = decode_extended(text)) {
      result.parameters.set(std::string_view(name).substr(0, name.size() - 1), *decoded);
    }
  }
  return result;
}

std::optional<std::string> ContentDisposition::filename() const {
  const auto given = parameters.get("filename");
  if (!given) return std::nullopt;
  std::string name(given->substr(given->find_last_of("/\\") + 1));
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
  if (name.empty() || name == "." || name == "..") return std::nullopt;
  return name;
}

std::vector<Link> Link::parse(std::string_view value, const Url& base) {
  std::vector<Link> links;
  detail::FieldReader reader(value);
  while (!reader.done()) {
    if (reader.take(',')) continue;
    if (!reader.take('<')) {
      reader.take_until(",");
      continue;
    }
    const std::string_view target = reader.take_until(">");
    if (!reader.take('>')) break;
    Params parameters = read_parameters(reader, true);
    std::string relations = ascii::lower(parameters.get("rel").value_or(""));
    parameters.remove("rel");
    try {
      const Url url = base.join(Url(target));
      std::string_view rest = relations;
      do {
        const std::string_view rel = ascii::take_until(rest, ' ');
        if (rel.empty() && !(relations.empty())) continue;
        links.push_back({url, std::string(rel), parameters});
      } while (!rest.empty());
    } catch (const InvalidURL&) {
      continue;
    }
  }
  return links;
}

}  // namespace hob::http
