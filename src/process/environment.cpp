// SPDX-License-Identifier: MIT
#include <hob/process/environment.hpp>

#include "sys/ipc.hpp"

#include <hob/core/raise.hpp>

#include <cstring>

namespace hob {

Environment Environment::current() {
  Environment all;
  for (const char* const* line = sys::environment(); line && *line; ++line)
    all.lines_.emplace_back(*line);
  return all;
}

std::size_t Environment::find(Text name) const noexcept {
  std::size_t at = 0;
  for (; at < lines_.size(); ++at) {
    const std::string& line = lines_[at];
    if (line.size() > name.size() && line[name.size()] == '=' &&
        Text(line.data(), name.size()) == name)
      break;
  }
  return at;
}

void Environment::set(Text name, Text value) {
  const std::string key(name.data(), name.size());
  const std::string content(value.data(), value.size());
  if (key.empty() || key.find('=') != std::string::npos) {
    detail::raise_value_error("illegal environment variable name");
  }
  if ((key + content).find('\0') != std::string::npos)
    detail::raise_value_error("embedded null byte");
  const std::size_t at = find(name);
  if (at == lines_.size()) lines_.emplace_back();
  lines_[at] = key + "=" + content;
}

bool Environment::unset(Text name) noexcept {
  const std::size_t at = find(name);
  if (at == lines_.size()) return false;
  lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

std::optional<std::string> Environment::get(Text name) const {
  const std::size_t at = find(name);
  if (at == lines_.size()) return std::nullopt;
  return lines_[at].substr(name.size() + 1);
}

}  // namespace hob
