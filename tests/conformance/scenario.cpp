// SPDX-License-Identifier: MIT
#include "conformance/scenario.hpp"

#include "conformance/operations.hpp"

#include <charconv>
#include <utility>

namespace conformance {
namespace {

const std::set<std::string> kBlocks{"try",  "timeout", "timeout_at", "group",
                                    "with", "repeat",  "for_gen",    "as_completed"};
// Declarations of objects: name -> number of arguments after the object's name.
const std::map<std::string, std::size_t> kObjects{
    {"future", 0},    {"lock", 0},           {"event", 0},      {"condition", 0},
    {"semaphore", 1}, {"barrier", 1},        {"queue", 1},      {"bounded_semaphore", 1},
    {"counter", 1},   {"priority_queue", 1}, {"lifo_queue", 1}, {"var", 1}};

std::string joined(const Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += (text.empty() ? "" : " ") + token;
  return text;
}

class Parser {
 public:
  explicit Parser(const std::string& text) {
    std::size_t number = 0;
    for (std::size_t at = 0; at <= text.size(); ++number) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      Tokens tokens = split(std::string_view(text).substr(at, end - at));
      if (!tokens.empty() && tokens[0][0] != '#') lines_.push_back({number + 1, std::move(tokens)});
      at = end + 1;
    }
  }

  Scenario scenario() {
    while (at_ < lines_.size()) {
      const Line& line = next();
      const std::string& word = line.tokens[0];
      const auto object = kObjects.find(word);
      if (word == "main") {
        scenario_.main = block();
      } else if (object != kObjects.end() && line.tokens.size() == 2 + object->second) {
        declare(line.tokens);
      } else if (auto* bodies = bodies_of(word); bodies && line.tokens.size() == 2) {
        const std::string name = line.tokens[1];
        (*bodies)[name] = block();
      } else {
        throw ScenarioError("line " + std::to_string(line.number) +
                            ": not a declaration: " + joined(line.tokens));
      }
    }
    if (!scenario_.main) throw ScenarioError("there is no main");
    return std::move(scenario_);
  }

 private:
  struct Line {
    std::size_t number;
    Tokens tokens;
  };

  const Line& next() {
    if (at_ == lines_.size()) throw ScenarioError("the last block has no 'end'");
    return lines_[at_++];
  }

  std::map<std::string, Block>* bodies_of(const std::string& word) {
    if (word == "coro") return &scenario_.coros;
    if (word == "agen") return &scenario_.agens;
    return word == "callback" ? &scenario_.callbacks : nullptr;
  }

  void declare(const Tokens& tokens) {
    Declaration declaration{tokens[0], tokens[1], {}};
    for (std::size_t i = 2; i < tokens.size(); ++i) declaration.args.push_back(integer(tokens[i]));
    if (tokens[0] == "future") scenario_.plain_futures.insert(tokens[1]);
    scenario_.objects.push_back(std::move(declaration));
  }

  Block block() {
    Block body;
    const Tokens& closer = statements(body);
    if (closer != Tokens{"end"}) throw ScenarioError("'" + joined(closer) + "' outside of try");
    return body;
  }

  /// Statements up to the line that closes or continues the block; gives that line's tokens.
  const Tokens& statements(Block& body) {
    for (;;) {
      const Line& line = next();
      const std::string& word = line.tokens[0];
      if (word == "end" || word == "except" || word == "finally") return line.tokens;
      body.push_back(statement(line));
    }
  }

  Stmt statement(const Line& line) {
    Stmt stmt;
    Tokens tokens = line.tokens;
    stmt.quiet = tokens[0] == "?";
    if (stmt.quiet) tokens.erase(tokens.begin());
    stmt.text = joined(tokens);
    stmt.op = tokens.at(0);
    stmt.args.assign(tokens.begin() + 1, tokens.end());
    stmt.operation = find_operation(stmt.op);
    if (!stmt.operation) {
      throw ScenarioError("line " + std::to_string(line.number) + ": no statement: " + stmt.text);
    }
    if (stmt.op == "future") scenario_.plain_futures.insert(stmt.args.at(0));
    if (stmt.op == "try") {
      try_block(stmt);
    } else if (kBlocks.contains(stmt.op)) {
      stmt.body = block();
    }
    return stmt;
  }

  void try_block(Stmt& stmt) {
    const Tokens* closer = &statements(stmt.body);
    while ((*closer)[0] == "except") {
      stmt.clauses.push_back({closer->at(1), {}});
      closer = &statements(stmt.clauses.back().body);
    }
    if ((*closer)[0] == "finally") closer = &statements(stmt.final.emplace());
    if (*closer != Tokens{"end"}) {
      throw ScenarioError("'" + joined(*closer) + "' cannot follow here");
    }
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
  Scenario scenario_;
};

}  // namespace

Tokens split(std::string_view line) {
  constexpr std::string_view kSpace = " \t\r\n";
  Tokens tokens;
  for (;;) {
    const std::size_t begin = line.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return tokens;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(kSpace), line.size());
    tokens.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::int64_t integer(const std::string& token) {
  std::int64_t number = 0;
  const char* end = token.data() + token.size();
  if (std::from_chars(token.data(), end, number).ptr != end || token.empty()) {
    throw ScenarioError("not an integer: " + token);
  }
  return number;
}

Scenario parse(const std::string& text) { return Parser(text).scenario(); }

}  // namespace conformance
