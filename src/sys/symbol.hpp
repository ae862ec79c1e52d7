// SPDX-License-Identifier: MIT
// The name of the function that an address lies in, from the symbol table of its file, static
// functions included. For stack traces: it reads files, and takes milliseconds.
#pragma once

#include <cstdint>
#include <string>

namespace hob::sys {

struct Symbol {
  std::string module;  // the file's name without folders
  std::string name;    // mangled; "" when the file has no symbol for it (it may be stripped)
};

/// False when the address lies in no module. Throws std::bad_alloc.
bool find_symbol(std::uintptr_t address, Symbol& out);

}  // namespace hob::sys
