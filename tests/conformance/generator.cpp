// SPDX-License-Identifier: MIT
// The bodies of asynchronous generators. A co_yield has to stand in the generator's own coroutine,
// so that runs the statements at the top of the body and directly in a `try` there itself; a Cursor
// tells it which is next.
#include "conformance/runtime.hpp"

#include <utility>

namespace conformance {
namespace {

/// A position in a body, with the `try` blocks that it is in.
class Cursor {
 public:
  Cursor(Runtime& rt, Frame& frame, const Block& body) : rt_(rt), frame_(frame) {
    levels_.push_back({body, nullptr, Part::body, 0, nullptr});
  }

  /// The next statement, which is not a try; null at the end of the body.
  const Stmt* next() {
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (leaving_ || level.at == level.block.get().size()) {
        leave_block();
        continue;
      }
      const Stmt& stmt = level.block.get()[level.at++];
      if (stmt.op != "try") return &stmt;
      levels_.push_back({stmt.body, &stmt, Part::body, 0, nullptr});
    }
    return nullptr;
  }
  /// The statement failed, or left its block by `return`: what that does is for next() to say.
  void fail(std::exception_ptr error) {
    error_ = std::move(error);
    leaving_ = true;
  }
  void leave() { leaving_ = true; }
  /// What leaves the body.
  const std::exception_ptr& error() const { return error_; }

 private:
  enum class Part { body, clause, final };
  struct Level {
    std::reference_wrapper<const Block> block;
    const Stmt* owner;  // the try; null for the body
    Part part;
    std::size_t at;
    std::exception_ptr pending;  // in the final part: goes on after it
    bool pending_leave = false;
  };

  void leave_block() {
    Level& level = levels_.back();
    if (level.part == Part::clause) frame_.errors.pop_back();
    if (level.part == Part::final && !leaving_) {
      error_ = level.pending;
      leaving_ = level.pending_leave;
    }
    const Block* clause = level.part == Part::body && level.owner && error_
                              ? find_clause(*level.owner, error_)
                              : nullptr;
    if (clause) {
      rt_.log("except " + render_error(error_));
      frame_.errors.push_back(std::exchange(error_, nullptr));
      leaving_ = false;
      go_on(*clause, Part::clause);
    } else if (level.part != Part::final && level.owner && level.owner->final) {
      rt_.log("finally");
      level.pending = std::exchange(error_, nullptr);
      level.pending_leave = std::exchange(leaving_, false);
      go_on(*level.owner->final, Part::final);
    } else {
      levels_.pop_back();
    }
  }
  void go_on(const Block& block, Part part) {
    levels_.back().block = block;
    levels_.back().part = part;
    levels_.back().at = 0;
  }

  Runtime& rt_;
  Frame& frame_;
  std::vector<Level> levels_;
  std::exception_ptr error_;
  bool leaving_ = false;
};

}  // namespace

Agen generate(Runtime& rt, std::string name, const Block& body) {
  Frame frame;
  rt.log("begin " + name);
  Cursor cursor(rt, frame, body);
  while (const Stmt* stmt = cursor.next()) {
    std::exception_ptr error;
    try {
      if (stmt->op == "yield") {
        const Value sent = co_yield Value(integer(stmt->args.at(0)));
        rt.log_value(stmt->text, sent);
      } else if (co_await rt.run_statement(frame, *stmt) != Flow::next) {
        cursor.leave();
      }
    } catch (...) {
      error = std::current_exception();
    }
    if (!error) continue;
    try {
      if (stmt->op != "yield") std::rethrow_exception(error);
      rt.pass_error(*stmt, error);
    } catch (...) {
      cursor.fail(std::current_exception());
    }
  }
  if (cursor.error()) {
    rt.log("fail " + name + " " + render_error(cursor.error()));
    std::rethrow_exception(cursor.error());
  }
  rt.log_value("end " + name, frame.result);
}

}  // namespace conformance
