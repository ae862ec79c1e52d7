// SPDX-License-Identifier: MIT
#include <hob/http/netrc.hpp>

#include "http/ascii.hpp"

#include <hob/core/raise.hpp>

#include <cstdio>
#include <cstdlib>

namespace hob::http {
namespace {

class Lexer {
 public:
  explicit Lexer(std::string_view text) noexcept : rest_(text) {}

  // The next word, empty at the end; quotes group, a backslash escapes.
  std::string next() {
    while (!rest_.empty() && is_blank(rest_[0])) take();
    std::string word;
    const bool quoted = !rest_.empty() && rest_[0] == '"';
    if (quoted) take();
    while (!rest_.empty() && (quoted ? rest_[0] != '"' : !is_blank(rest_[0]))) {
      char c = take();
      if (c == '\\' && !rest_.empty()) c = take();
      word += c;
    }
    if (quoted && !rest_.empty()) take();
    return word;
  }
  void skip_line() {
    while (!rest_.empty() && take() != '\n') {
    }
  }
  // The definition of a macro ends with an empty line.
  void skip_macro() {
    skip_line();
    while (!rest_.empty() && rest_[0] != '\n') skip_line();
  }
  bool done() const noexcept { return rest_.empty(); }
  int line() const noexcept { return line_; }
  bool at_line_end() const noexcept { return rest_.empty() || rest_[0] == '\n'; }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  char take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == '\n') ++line_;
    return c;
  }
  std::string_view rest_;
  int line_ = 1;
};

[[noreturn]] void fail(const Lexer& lexer, const std::string& word) {
  const std::string what =
      "netrc, line " + std::to_string(lexer.line()) + ": bad word '" + word + "'";
  hob::detail::raise_value_error(what.c_str());
}

void skip_comment(Lexer& lexer, const std::string& word) {
  // `# text` and `#text`; the word may have been the whole line.
  if (!lexer.at_line_end() || word.empty()) lexer.skip_line();
}

}  // namespace

Netrc Netrc::parse(std::string_view text) {
  Netrc netrc;
  Lexer lexer(text);
  Credentials* current = nullptr;
  for (;;) {
    const std::string word = lexer.next();
    if (word.empty() && lexer.done()) return netrc;
    if (word.starts_with('#')) {
      skip_comment(lexer, word);
    } else if (word == "machine") {
      const std::string host = lexer.next();
      if (host.empty()) fail(lexer, word);
      netrc.machines_.push_back({ascii::lower(host), {}});
      current = &netrc.machines_.back().credentials;
    } else if (word == "default") {
      current = &netrc.default_.emplace();
    } else if (word == "macdef") {
      lexer.skip_macro();
      current = nullptr;
    } else if (current && (word == "login" || word == "user")) {
      current->user = lexer.next();
    } else if (current && word == "password") {
      current->password = lexer.next();
    } else if (current && word == "account") {
      lexer.next();
    } else {
      fail(lexer, word);
    }
  }
}

Netrc Netrc::read_default() {
  std::string path;
  if (const char* given = std::getenv("NETRC")) {
    path = given;
  } else if (const char* home = std::getenv("HOME")) {
    path = std::string(home) + "/.netrc";
  }
  std::string text;
  std::FILE* const file = path.empty() ? nullptr : std::fopen(path.c_str(), "rbe");
  if (!file) return {};
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, file)) {
    text.append(buffer, size);
  }
  std::fclose(file);
  return parse(text);
}

std::optional<Credentials> Netrc::find(std::string_view host) const {
  // The last entry of a host counts, as in CPython's dictionary.
  for (auto machine = machines_.rbegin(); machine != machines_.rend(); ++machine) {
    if (ascii::equal(machine->host, host)) return machine->credentials;
  }
  return default_;
}

}  // namespace hob::http
