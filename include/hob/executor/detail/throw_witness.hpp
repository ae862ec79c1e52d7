// SPDX-License-Identifier: MIT
// ThrowWitness: sees where an exception was thrown, while the stack of the throw still stands.
#pragma once

namespace hob::detail {

/// A catch clause of this type, before a `catch (...)`, catches nothing. But the unwinder asks it,
/// as it asks each clause, before it unwinds anything: in a worker process that is when the stack
/// of the throw is noted (src/executor/throw_stack.hpp). Elsewhere it costs a throw one call.
///
///     try { ... } catch (const ThrowWitness&) {} catch (...) { ... }
class ThrowWitness {
 public:
  ThrowWitness(const ThrowWitness&) = delete;
  ThrowWitness& operator=(const ThrowWitness&) = delete;

 protected:
  virtual ~ThrowWitness();  // never defined: so no file but throw_stack.cpp makes its type_info
};

}  // namespace hob::detail
