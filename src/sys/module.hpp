// SPDX-License-Identifier: MIT
// The program and its shared objects, as they lie in memory: to name a function so that another
// process of the same program finds it, wherever it was loaded.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hob::sys {

struct Module {
  std::uintptr_t base = 0;
  std::uintptr_t code_begin = 0;  // its executable segment
  std::uintptr_t code_end = 0;
  std::uint64_t identity = 0;  // of its build: of the build id, or else of its headers and code
  char name[128] = "";         // "" for the program itself
};

/// The module with the code at `address`; false when there is none.
bool find_module(std::uintptr_t address, Module& out) noexcept;
/// The module of that build; false when it is not loaded.
bool find_module_by_identity(std::uint64_t identity, Module& out) noexcept;
/// The program itself.
bool main_module(Module& out) noexcept;
/// Runs the initialisers of static objects that come after `entry`, itself one of them: those of
/// its module, and those of the program when that is another one.
void run_initialisers_after(void (*entry)()) noexcept;

}  // namespace hob::sys
