// SPDX-License-Identifier: MIT
// An exception is thrown in two phases: first the unwinder looks for a catch clause, up the whole
// stack, and only when it has found one does it unwind. libstdc++ asks each clause by a virtual
// function of the clause's type_info. So a type_info of our own is called in the first phase.
#include "executor/throw_stack.hpp"

#include "sys/symbol.hpp"

#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>

#include <cxxabi.h>
#include <unwind.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <typeinfo>

namespace hob::detail {
namespace {

constexpr std::size_t kMaxFrames = 64;
constexpr std::size_t kMaxThrows = 64;

struct Throw {
  const void* object = nullptr;  // the exception
  std::size_t count = 0;
  std::uintptr_t calls[kMaxFrames];
};
struct Notes {
  std::uintptr_t outermost = 0;
  std::size_t next = 0;
  Throw throws[kMaxThrows];

  Throw& of(const void* object) noexcept {
    for (Throw& t : throws) {
      if (t.object == object) return t;
    }
    return throws[next++ % kMaxThrows];
  }
};
thread_local std::unique_ptr<Notes> notes;  // null: throws are not noted

_Unwind_Reason_Code note_call(_Unwind_Context* context, void* data) {
  auto& noted = *static_cast<Throw*>(data);
  if (_Unwind_GetRegionStart(context) == notes->outermost) return _URC_END_OF_STACK;
  int before = 0;
  const std::uintptr_t ip = _Unwind_GetIPInfo(context, &before);
  if (ip != 0) noted.calls[noted.count++] = before != 0 ? ip : ip - 1;
  return noted.count == kMaxFrames ? _URC_END_OF_STACK : _URC_NO_REASON;
}

void note_throw(const void* object) noexcept {
  Throw& noted = notes->of(object);
  noted.object = object;
  noted.count = 0;
  _Unwind_Backtrace(&note_call, &noted);
}

std::string demangled(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(symbol, nullptr, nullptr, &status), std::free);
  return status == 0 ? std::string(name.get()) : std::string(symbol);
}

struct Call {
  std::string function;
  std::string place;
};

Call describe_call(FunctionId id) {
  sys::Symbol symbol;
  char place[64];
  std::uintptr_t address = 0;
  try {
    address = reinterpret_cast<std::uintptr_t>(find_function(id));
  } catch (const RuntimeError&) {  // in a module that only the worker has loaded
  }
  if (address == 0 || !sys::find_symbol(address, symbol)) {
    std::snprintf(place, sizeof place, "(+0x%llx)", static_cast<unsigned long long>(id.offset));
    return {"?", place};
  }
  std::snprintf(place, sizeof place, "+0x%llx)", static_cast<unsigned long long>(id.offset));
  return {symbol.name.empty() ? "?" : demangled(symbol.name.c_str()), "(" + symbol.module + place};
}

bool begins_throw(const std::string& function) {
  return function.starts_with("__cxa_throw") || function.starts_with("__cxa_rethrow") ||
         function.starts_with("__interceptor___cxa_") ||
         function.find("std::rethrow_exception") != std::string::npos;
}
bool is_ours(const std::string& function) {
  return function.find("hob::detail::") != std::string::npos;
}

}  // namespace

class WitnessType final : public std::type_info {
 public:
  WitnessType() noexcept : std::type_info("N3hob6detail12ThrowWitnessE") {}
  // Pointers that are thrown come dereferenced: their stacks are not noted.
  bool __do_catch(const std::type_info* thrown, void** object, unsigned) const override {
    if (notes && !thrown->__is_pointer_p()) note_throw(*object);
    return false;
  }
};

// Under the name that the compiler refers to in catch clauses of a ThrowWitness, whose type_info
// nobody else defines.
extern const WitnessType witness_type __asm__("_ZTIN3hob6detail12ThrowWitnessE");
const WitnessType witness_type;

void note_throws(AnyFunction outermost) {
  notes = std::make_unique<Notes>();
  notes->outermost = reinterpret_cast<std::uintptr_t>(outermost);
}

void forget_throws() noexcept {
  if (!notes) return;
  for (Throw& noted : notes->throws) noted.object = nullptr;
}

StackFrames stack_of(const std::exception_ptr& error) {
  StackFrames frames;
  if (!notes) return frames;
  const void* object = exception_object(error, error.__cxa_exception_type());
  for (const Throw& noted : notes->throws) {
    if (noted.object != object) continue;
    for (std::size_t i = 0; i < noted.count; ++i) {
      try {
        frames.push_back(function_id(reinterpret_cast<AnyFunction>(noted.calls[i])));
      } catch (const ValueError&) {  // generated code
        frames.push_back({});
      }
    }
  }
  return frames;
}

std::string format_stack(const StackFrames& frames) {
  std::vector<Call> calls;
  calls.reserve(frames.size());
  for (const FunctionId& frame : frames) calls.push_back(describe_call(frame));
  std::size_t begin = 0;
  for (std::size_t i = 0; i < calls.size() && i < 8; ++i) {
    if (begins_throw(calls[i].function)) begin = i + 1;
  }
  std::size_t end = calls.size();
  while (end > begin + 1 && is_ours(calls[end - 1].function)) --end;
  std::string text;
  for (std::size_t i = begin; i < end; ++i) text += calls[i].function + " " + calls[i].place + "\n";
  return text;
}

}  // namespace hob::detail
