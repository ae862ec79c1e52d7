// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/url.hpp>

#include <algorithm>
#include <charconv>

#include "http/router.hpp"
#include "http/scan.hpp"

namespace hob::http::detail {

namespace {

[[noreturn]] void refuse(std::string_view pattern, const char* why) {
  throw ValueError("the route \"" + std::string(pattern) + "\" " + why);
}

/// The next segment of a path behind a slash; `path` becomes what is behind it.
std::string_view take_segment(std::string_view& path, bool& last) noexcept {
  const std::size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  last = slash == std::string_view::npos;
  path.remove_prefix(last ? path.size() : slash + 1);
  return segment;
}

/// A segment `{name}`, `{name:type}` or `{name...}`.
struct Parameter {
  std::string_view name;
  SegmentType type = SegmentType::any;
  bool rest = false;
};

bool is_parameter(std::string_view segment) noexcept {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

Parameter parse_parameter(std::string_view segment, std::string_view pattern) {
  Parameter parameter;
  parameter.name = segment.substr(1, segment.size() - 2);
  parameter.rest = parameter.name.ends_with("...");
  if (parameter.rest) parameter.name.remove_suffix(3);
  const std::size_t colon = parameter.name.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view type = parameter.name.substr(colon + 1);
    parameter.name = parameter.name.substr(0, colon);
    if (type == "int") {
      parameter.type = SegmentType::integer;
    } else if (type == "uuid") {
      parameter.type = SegmentType::uuid;
    } else if (type == "word") {
      parameter.type = SegmentType::word;
    } else {
      refuse(pattern, "has a type that is not known");
    }
    if (parameter.rest) refuse(pattern, "has a rest with a type");
  }
  if (!is_token(parameter.name)) refuse(pattern, "has a bad name");
  return parameter;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Of a decoded segment.
bool fits(SegmentType type, std::string_view text) noexcept {
  switch (type) {
    case SegmentType::any:
      return !text.empty();
    case SegmentType::integer: {
      long long number = 0;
      const char* const end = text.data() + text.size();
      const auto read = std::from_chars(text.data(), end, number);
      return read.ec == std::errc() && read.ptr == end;
    }
    case SegmentType::uuid:
      if (text.size() != 36) return false;
      for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
      }
      return true;
    case SegmentType::word:
      for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !is_digit(c) && c != '_' && c != '-') return false;
      }
      return !text.empty();
  }
  return false;
}

}  // namespace

Endpoint* Route::find(std::string_view method) noexcept {
  Endpoint* get = nullptr;
  for (Endpoint& endpoint : endpoints) {
    if (endpoint.method == method || endpoint.method == "*") return &endpoint;
    if (endpoint.method == "GET" && method == "HEAD") get = &endpoint;
  }
  return get;
}

std::string Route::allowed() const {
  std::vector<std::string> methods;
  for (const Endpoint& endpoint : endpoints) {
    methods.push_back(endpoint.method);
    if (endpoint.method == "GET") methods.emplace_back("HEAD");
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  std::string text;
  for (const std::string& name : methods) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

void Router::add(std::string_view method, std::string_view pattern, Handler handler,
                 std::string_view name, Group* group) {
  if (method != "*" && !is_token(method)) refuse(pattern, "has no method");
  std::vector<std::string> names;
  Route*& slot = place(pattern, names);
  if (!slot) {
    routes_.push_back(std::make_unique<Route>());
    slot = routes_.back().get();
    slot->pattern = pattern;
    slot->names = std::move(names);
  } else if (slot->pattern != pattern) {
    refuse(pattern, "is another name for one that is there");
  }
  for (const Endpoint& endpoint : slot->endpoints)
    if (endpoint.method == method) refuse(pattern, "is there already");
  if (!name.empty()) {
    const auto [at, added] = named_.emplace(name, slot);
    if (!added && at->second != slot) refuse(pattern, "has a name that another one has");
  }
  slot->endpoints.push_back({std::string(method), std::move(handler), group});
  if (slot->names.empty()) plain_[slot->pattern] = slot;
}

/// Where the route of `pattern` belongs in the tree.
Route*& Router::place(std::string_view pattern, std::vector<std::string>& names) {
  if (pattern.empty() || pattern.front() != '/') refuse(pattern, "does not begin with a slash");
  Node* node = &root_;
  std::string_view path = pattern.substr(1);
  for (bool last = false; !last;) {
    const std::string_view segment = take_segment(path, last);
    if (is_parameter(segment)) {
      const Parameter parameter = parse_parameter(segment, pattern);
      if (std::find(names.begin(), names.end(), parameter.name) != names.end())
        refuse(pattern, "has a name twice");
      names.emplace_back(parameter.name);
      if (parameter.rest) {
        if (!last) refuse(pattern, "goes on behind its rest");
        return node->rest;
      }
      auto at = node->parameters.begin();
      while (at != node->parameters.end() && at->first < parameter.type) ++at;
      if (at == node->parameters.end() || at->first != parameter.type)
        at = node->parameters.emplace(at, parameter.type, std::make_unique<Node>());
      node = at->second.get();
      continue;
    }
    if (segment.find_first_of("{}?#") != std::string_view::npos)
      refuse(pattern, "has a segment that is neither literal nor a name");
    const std::string literal = percent_decode(segment);
    auto found = std::find_if(node->literals.begin(), node->literals.end(),
                              [&](const auto& child) { return child.first == literal; });
    if (found == node->literals.end()) {
      node->literals.emplace_back(literal, std::make_unique<Node>());
      found = node->literals.end() - 1;
    }
    node = found->second.get();
  }
  return node->here;
}

Route* Router::match(ServerRequest& request) const {
  const std::string_view path = request.raw_path();
  if (const auto plain = plain_.find(path); plain != plain_.end()) {
    request.route_ = &plain->second->pattern;
    return plain->second;
  }
  if (path.empty() || path.front() != '/') return nullptr;
  Values values;
  Route* const route = find(root_, path.substr(1), values);
  if (!route) return nullptr;
  request.route_ = &route->pattern;
  for (std::size_t i = 0; i < values.size(); ++i)
    request.match_info_.emplace_back(route->names[i], percent_decode(values[i]));
  return route;
}

std::string Router::url_for(std::string_view name, const Params& values) const {
  const auto named = named_.find(std::string(name));
  if (named == named_.end()) throw LookupError("no route is called \"" + std::string(name) + "\"");
  const std::string_view pattern = named->second->pattern;
  std::string url;
  std::string_view path = pattern.substr(1);
  for (bool last = false; !last;) {
    url += '/';
    const std::string_view segment = take_segment(path, last);
    if (!is_parameter(segment)) {
      url += percent_encode(percent_decode(segment));
      continue;
    }
    const Parameter parameter = parse_parameter(segment, pattern);
    const auto value = values.get(parameter.name);
    if (!value)
      throw LookupError("the route \"" + std::string(name) + "\" needs a value for " +
                        std::string(parameter.name));
    if (!parameter.rest && !fits(parameter.type, *value))
      throw ValueError("\"" + std::string(*value) + "\" cannot stand for " + std::string(segment) +
                       " in the route \"" + std::string(name) + "\"");
    std::string_view left = *value;
    for (bool end = !parameter.rest; !end;) {
      const std::size_t slash = left.find('/');
      url += percent_encode(left.substr(0, slash));
      end = slash == std::string_view::npos;
      if (!end) url += '/';
      left.remove_prefix(end ? left.size() : slash + 1);
    }
    url += percent_encode(left);
  }
  return url;
}

/// Literal segments first, then a name, then a rest; what leads nowhere is tried no further.
Route* Router::find(const Node& node, std::string_view path, Values& values) {
  std::string_view behind = path;
  bool last = false;
  const std::string_view segment = take_segment(behind, last);
  const bool escaped = segment.find('%') != std::string_view::npos;
  const std::string decoded = escaped ? percent_decode(segment) : std::string();
  for (const auto& [literal, child] : node.literals) {
    if (literal != (escaped ? std::string_view(decoded) : segment)) continue;
    if (Route* const route = last ? child->here : find(*child, behind, values)) return route;
  }
  for (const auto& [type, child] : node.parameters) {
    if (!fits(type, escaped ? std::string_view(decoded) : segment)) continue;
    values.push_back(segment);
    if (Route* const route = last ? child->here : find(*child, behind, values)) return route;
    values.pop_back();
  }
  if (node.rest) values.push_back(path);
  return node.rest;
}

}  // namespace hob::http::detail
