// SPDX-License-Identifier: MIT
// What a statement does: tables from its first word to a function.
#pragma once

#include "conformance/render.hpp"
#include "conformance/scenario.hpp"

#include <hob/task/coro.hpp>

#include <string>
#include <unordered_map>

namespace conformance {

class Runtime;
struct Frame;

/// How a block ended, when not by an exception.
enum class Flow { next, break_, return_ };

using PlainFn = Value (*)(Runtime&, Frame&, const Tokens&);
using AwaitFn = hob::Coro<Value> (*)(Runtime&, Frame&, const Tokens&);
using BlockFn = hob::Coro<Flow> (*)(Runtime&, Frame&, const Stmt&);

/// One of the functions; else `break`, `return`, or `yield`, which the body itself does.
struct Operation {
  explicit Operation(PlainFn f) : plain(f) {}
  explicit Operation(AwaitFn f) : await(f) {}
  explicit Operation(BlockFn f) : block(f) {}
  explicit Operation(Flow f) : flow(f) {}

  PlainFn plain = nullptr;
  AwaitFn await = nullptr;
  BlockFn block = nullptr;
  Flow flow = Flow::next;
};

using Operations = std::unordered_map<std::string, Operation>;

// Each in the file of its name.
const Operations& plain_operations();
const Operations& sync_operations();
const Operations& awaiting_operations();
const Operations& block_operations();

/// Null when there is none of that name.
const Operation* find_operation(const std::string& name);

}  // namespace conformance
