// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/url.hpp>

#include <algorithm>

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

}  // namespace

Handler* Route::find(std::string_view method) noexcept {
  Handler* get = nullptr;
  for (auto& [name, handler] : handlers) {
    if (name == method || name == "*") return &handler;
    if (name == "GET" && method == "HEAD") get = &handler;
  }
  return get;
}

std::string Route::allowed() const {
  std::vector<std::string> methods;
  for (const auto& [name, answer] : handlers) {
    methods.push_back(name);
    if (name == "GET") methods.emplace_back("HEAD");
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  std::string text;
  for (const std::string& name : methods) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
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
  for (const auto& [name, other] : slot->handlers)
    if (name == method) refuse(pattern, "is there already");
  slot->handlers.emplace_back(std::string(method), std::move(handler));
  if (slot->names.empty()) plain_[slot->pattern] = slot;
}

/// Where the route of `pattern` belongs in the tree.
Route*& Router::place(std::string_view pattern, std::vector<std::string>& names) {
  if (pattern.empty() || pattern.front() != '/') refuse(pattern, "does not begin with a slash");
  Node* node = &root_;
  std::string_view path = pattern.substr(1);
  for (bool last = false; !last;) {
    std::string_view segment = take_segment(path, last);
    if (segment.size() > 2 && segment.front() == '{' && segment.back() == '}') {
      segment = segment.substr(1, segment.size() - 2);
      const bool rest = segment.ends_with("...");
      if (rest) segment.remove_suffix(3);
      if (!is_token(segment)) refuse(pattern, "has a bad name");
      if (std::find(names.begin(), names.end(), segment) != names.end())
        refuse(pattern, "has a name twice");
      names.emplace_back(segment);
      if (rest) {
        if (!last) refuse(pattern, "goes on behind its rest");
        return node->rest;
      }
      if (!node->parameter) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
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
  if (node.parameter && !segment.empty()) {
    values.push_back(segment);
    Route* const route = last ? node.parameter->here : find(*node.parameter, behind, values);
    if (route) return route;
    values.pop_back();
  }
  if (node.rest) values.push_back(path);
  return node.rest;
}

}  // namespace hob::http::detail
