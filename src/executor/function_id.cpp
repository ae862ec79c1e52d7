// SPDX-License-Identifier: MIT
#include <hob/executor/function_id.hpp>

#include "sys/module.hpp"

#include <hob/core/error.hpp>

#include <mutex>
#include <string>
#include <vector>

namespace hob::detail {
namespace {

// Modules that were met. One that is unloaded stays listed: its build keeps its identity, and where
// another module lies there afterwards is found out by its address range.
class Modules {
 public:
  /// The module with that code, or null.
  const sys::Module* at(std::uintptr_t address) {
    return find([address](const sys::Module& m) { return covers(m, address); },
                [address](sys::Module& m) { return sys::find_module(address, m); });
  }
  const sys::Module* of(std::uint64_t identity) {
    return find([identity](const sys::Module& m) { return m.identity == identity; },
                [identity](sys::Module& m) { return sys::find_module_by_identity(identity, m); });
  }

 private:
  static bool covers(const sys::Module& module, std::uintptr_t address) {
    return address >= module.code_begin && address < module.code_end;
  }
  template <class Known, class Look>
  const sys::Module* find(Known known, Look look) {
    const std::lock_guard lock(mutex_);
    for (const sys::Module* module : met_) {
      if (known(*module)) return module;
    }
    sys::Module module;
    if (!look(module)) return nullptr;
    met_.push_back(new sys::Module(module));  // for the rest of the process
    return met_.back();
  }

  std::mutex mutex_;
  std::vector<const sys::Module*> met_;
};

Modules& modules() {
  static auto& all = *new Modules;  // never destroyed: pools may outlive static objects
  return all;
}
// Nearly all functions are the program's own: found without a lock.
const sys::Module& program() {
  static const sys::Module module = [] {
    sys::Module found;
    sys::main_module(found);
    return found;
  }();
  return module;
}

}  // namespace

std::uint64_t program_identity() { return program().identity; }

FunctionId function_id(AnyFunction function) {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  const sys::Module* module = &program();
  if (address < module->code_begin || address >= module->code_end) module = modules().at(address);
  if (!module) throw ValueError("not a function of the program or of a shared object");
  return {module->identity, address - module->base};
}

AnyFunction find_function(FunctionId id) {
  const sys::Module* module = &program();
  if (id.module != module->identity) module = modules().of(id.module);
  if (!module) {
    throw RuntimeError(
        "the function is in a shared object that the worker process has not loaded, or has loaded "
        "in another build; link the program with it, or use the start method fork");
  }
  const std::uintptr_t address = module->base + id.offset;
  if (address < module->code_begin || address >= module->code_end)
    throw ValueError("not a function of the program or of a shared object");
  return reinterpret_cast<AnyFunction>(address);
}

}  // namespace hob::detail
