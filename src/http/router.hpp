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

/// What the routes of one group have in common.
struct Group {
  std::string prefix;
  Group* parent = nullptr;  // also a group; null: the server itself
  std::vector<Middleware> middlewares;

  /// With those of the groups around it.
  std::size_t size() const noexcept { return (parent ? parent->size() : 0) + middlewares.size(); }
  /// The outermost is the first.
  Middleware& at(std::size_t index) noexcept {
    const std::size_t before = parent ? parent->size() : 0;
    return index < before ? parent->at(index) : middlewares[index - before];
  }
};

/// What stands for `{name:type}`.
enum class SegmentType : unsigned char { integer, uuid, word, any };

/// A handler and where it belongs.
struct Endpoint {
  std::string method;
  Handler handler;
  Group* group = nullptr;
};

/// What was added for one path.
struct Route {
  std::string pattern;
  std::vector<std::string> names;
  std::vector<Endpoint> endpoints;  // one for each method

  /// For HEAD also that of GET; null when no method fits.
  Endpoint* find(std::string_view method) noexcept;
  /// `GET, HEAD, POST`.
  std::string allowed() const;
};

class Router {
 public:
  /// `name` is for `url_for`; empty: none.
  void add(std::string_view method, std::string_view pattern, Handler handler,
           std::string_view name = {}, Group* group = nullptr);
  /// The path of the route with that name. Throws LookupError for a name that is not known or a
  /// value that is missing, ValueError for one that the route would not match.
  std::string url_for(std::string_view name, const Params& values) const;
  /// The route of the request's path, whatever its method, or null; notes it and what stands for
  /// its names in the request.
  Route* match(ServerRequest& request) const;

 private:
  struct Node {
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
    /// In the order of their types: those that match less come first.
    std::vector<std::pair<SegmentType, std::unique_ptr<Node>>> parameters;
    Route* rest = nullptr;
    Route* here = nullptr;
  };
  using Values = std::vector<std::string_view>;

  Route*& place(std::string_view pattern, std::vector<std::string>& names);
  static Route* find(const Node& node, std::string_view path, Values& values);

  Node root_;
  std::unordered_map<std::string, const Route*> named_;
  std::vector<std::unique_ptr<Route>> routes_;
  // Paths without names, which are most, need no walk.
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, Route*, Hash, std::equal_to<>> plain_;
};

}  // namespace hob::http::detail
