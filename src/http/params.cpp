// SPDX-License-Identifier: MIT
#include <hob/http/params.hpp>

#include "http/percent.hpp"

#include <charconv>

namespace hob::http {

std::string detail::param_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;  // the shortest form
  return {buffer, end};
}

Params Params::parse(std::string_view encoded) {
  Params params;
  if (encoded.starts_with('?')) encoded.remove_prefix(1);
  while (!encoded.empty()) {
    std::string_view value = ascii::take_until(encoded, '&');
    if (value.empty()) continue;
    const std::string_view name = ascii::take_until(value, '=');
    params.items_.emplace_back(percent::decode(name, true), percent::decode(value, true));
  }
  return params;
}

Params& Params::set(std::string_view name, std::string_view value) {
  bool first = true;
  std::erase_if(items_, [&](Item& item) {
    if (item.first != name) return false;
    if (!first) return true;
    first = false;
    item.second = value;
    return false;
  });
  return first ? add(name, value) : *this;
}

Params& Params::remove(std::string_view name) {
  std::erase_if(items_, [&](const Item& item) { return item.first == name; });
  return *this;
}

Params& Params::extend(const Params& other) {
  if (&other == this) return extend(Params(other));
  items_.insert(items_.end(), other.items_.begin(), other.items_.end());
  return *this;
}

std::optional<std::string_view> Params::get(std::string_view name) const noexcept {
  for (const auto& [key, value] : items_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Params::get_all(std::string_view name) const {
  std::vector<std::string_view> all;
  for (const auto& [key, value] : items_) {
    if (key == name) all.emplace_back(value);
  }
  return all;
}

std::string Params::encode() const {
  std::string out;
  const auto append = [&out](std::string_view text) {
    for (const char c : text) {
      if (c == ' ') {
        out += '+';
      } else if (percent::kForm.has(c)) {
        out += c;
      } else {
        percent::append_escape(out, c);
      }
    }
  };
  for (const auto& [name, value] : items_) {
    if (!out.empty()) out += '&';
    append(name);
    out += '=';
    append(value);
  }
  return out;
}

}  // namespace hob::http
