// SPDX-License-Identifier: MIT
// Headers against a vector of pairs: the bytes are a program of add, set, remove and copy, and both
// must hold the same after each step.
#include <hob/core/error.hpp>
#include <hob/http/headers.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/expect.hpp"

using hob::http::Headers;

namespace {

using Model = std::vector<std::pair<std::string, std::string>>;

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

std::size_t remove(Model& model, std::string_view name) {
  return std::erase_if(model, [&](const auto& line) { return same_name(line.first, name); });
}

void set(Model& model, const std::string& name, const std::string& value) {
  const auto first = std::find_if(model.begin(), model.end(),
                                  [&](const auto& line) { return same_name(line.first, name); });
  const auto place = first - model.begin();
  remove(model, name);
  model.insert(model.begin() + place, {name, value});
}

void compare(const Headers& headers, const Model& model) {
  fuzz::expect(headers.size() == model.size());
  for (std::size_t i = 0; i < model.size(); ++i) {
    fuzz::expect(headers.at(i).name == model[i].first && headers.at(i).value == model[i].second);
    const auto first = std::find_if(model.begin(), model.end(), [&](const auto& line) {
      return same_name(line.first, model[i].first);
    });
    fuzz::expect(headers.get(model[i].first, "?") == first->second);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Headers headers;
  Model model;
  const auto take = [&](std::size_t count) {
    const std::string_view taken = bytes.substr(0, count);
    bytes.remove_prefix(taken.size());
    return std::string(taken);
  };
  while (bytes.size() > 2) {
    const unsigned char what = static_cast<unsigned char>(take(1)[0]);
    const std::string name = take(what / 8 % 4);
    std::string value = take(what / 32);
    if (value.size() == 7) value = std::string(300, value[0]);
    try {
      switch (what % 8) {
        case 0:
          fuzz::expect(headers.remove(name) == remove(model, name));
          break;
        case 1:
          headers = Headers(headers);
          break;
        case 2:
        case 3:
          headers.set(name, value);
          while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
          value.erase(0, value.find_first_not_of(" \t"));
          set(model, name, value);
          break;
        case 4:
          if (model.empty()) break;
          // Views of its own.
          headers.add(headers.at(0).name, headers.at(model.size() - 1).value);
          model.emplace_back(model.front().first, model.back().second);
          break;
        default:
          headers.add(name, value);
          while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
          value.erase(0, value.find_first_not_of(" \t"));
          model.emplace_back(name, value);
      }
    } catch (const hob::ValueError&) {
      // What is refused leaves no trace.
    }
    compare(headers, model);
  }
  return 0;
}
