// SPDX-License-Identifier: MIT
// Router: from paths to handlers, a tree of segments.
#pragma once

#include <hob/http/server.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hob::http::detail {

/// What was added for one path.
struct Route {
  std::string pattern;
  std::vector<std::string> names;
  std::vector<std::pair<std::string, Handler>> handlers;  // by method

  /// For HEAD also that of GET; null when no method fits.
  Handler* find(std::string_view method) noexcept;
  /// `GET, HEAD, POST`.
  std::string allowed() const;
};

class Router {
 public:
  void add(std::string_view method, std::string_view pattern, Handler handler);
  /// The route of the request's path, whatever its method, or null; notes it and what stands for
  /// its names in the request.
  Route* match(ServerRequest& request) const;

 private:
  struct Node {
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
    std::unique_ptr<Node> parameter;
    Route* rest = nullptr;
    Route* here = nullptr;
  };
  using Values = std::vector<std::string_view>;

  Route*& place(std::string_view pattern, std::vector<std::string>& names);
  static Route* find(const Node& node, std::string_view path, Values& values);

  Node root_;
  std::vector<std::unique_ptr<Route>> routes_;
  // Paths without names, which are most, need no walk.
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, Route*, Hash, std::equal_to<>> plain_;
};

}  // namespace hob::http::detail
