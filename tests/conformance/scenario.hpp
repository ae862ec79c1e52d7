// SPDX-License-Identifier: MIT
// The scenario format: text in, statements out. Knows the grammar, not what statements do;
// README.md documents both. The same as scenario.py.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

/// The text is not a scenario; the message says where.
class ScenarioError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Tokens = std::vector<std::string>;
struct Operation;
struct Stmt;
using Block = std::vector<Stmt>;

/// An `except KIND` and its statements.
struct Clause;

/// One statement; a block keeps its lines in `body`, a try also its clauses and final lines.
struct Stmt {
  std::string op;
  Tokens args;
  std::string text;
  bool quiet = false;  // `?` in front
  const Operation* operation = nullptr;
  Block body;
  std::vector<Clause> clauses;
  std::optional<Block> final;
};

struct Clause {
  std::string kind;
  Block body;
};

/// A top-level declaration: `semaphore s 2`.
struct Declaration {
  std::string kind;
  std::string name;
  std::vector<std::int64_t> args;
};

struct Scenario {
  std::vector<Declaration> objects;
  std::map<std::string, Block> coros;
  std::map<std::string, Block> agens;
  std::map<std::string, Block> callbacks;
  std::optional<Block> main;
  /// Names that stand for futures made by `future`: set_result is for those.
  std::set<std::string> plain_futures;
};

Scenario parse(const std::string& text);
std::int64_t integer(const std::string& token);
/// The words of a line.
Tokens split(std::string_view line);

}  // namespace conformance
