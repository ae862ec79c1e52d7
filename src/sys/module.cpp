// SPDX-License-Identifier: MIT
#include "sys/module.hpp"

#include <link.h>
#include <cstring>

namespace hob::sys {
namespace {

constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325;

std::uint64_t hash_bytes(std::uint64_t hash, const void* data, std::size_t size) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  return hash;
}

const char* at(const dl_phdr_info& info, const ElfW(Phdr) & segment) noexcept {
  return reinterpret_cast<const char*>(info.dlpi_addr + segment.p_vaddr);
}

std::uint64_t hash_build_id(const dl_phdr_info& info) noexcept {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const char* note = at(info, segment);
    const char* end = note + segment.p_memsz;
    while (note + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) head;
      std::memcpy(&head, note, sizeof head);
      const char* name = note + sizeof head;
      const char* content = name + (head.n_namesz + 3u) / 4 * 4;
      if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0)
        return hash_bytes(kFnvBasis, content, head.n_descsz);
      note = content + (head.n_descsz + 3u) / 4 * 4;
    }
  }
  return 0;
}

// Linked without --build-id: the layout, and the code, which relocations do not touch.
std::uint64_t hash_code(const dl_phdr_info& info) noexcept {
  std::uint64_t hash = hash_bytes(kFnvBasis, info.dlpi_phdr, info.dlpi_phnum * sizeof(ElfW(Phdr)));
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info.dlpi_phdr[i];
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) && !(segment.p_flags & PF_W))
      hash = hash_bytes(hash, at(info, segment), segment.p_filesz);
  }
  return hash;
}

bool describe(const dl_phdr_info& info, Module& out) noexcept {
  out = {};
  out.base = info.dlpi_addr;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X)) continue;
    const std::uintptr_t begin = info.dlpi_addr + segment.p_vaddr;
    if (out.code_begin == 0 || begin < out.code_begin) out.code_begin = begin;
    if (begin + segment.p_memsz > out.code_end) out.code_end = begin + segment.p_memsz;
  }
  if (info.dlpi_name) std::strncpy(out.name, info.dlpi_name, sizeof out.name - 1);
  return out.code_begin != 0;
}
void identify(const dl_phdr_info& info, Module& out) noexcept {
  out.identity = hash_build_id(info);
  if (out.identity == 0) out.identity = hash_code(info);
}

// The first module for which `wanted(info, module)` is true.
template <class Wanted>
bool find(Wanted wanted, Module& out) noexcept {
  struct Search {
    Wanted& wanted;
    Module& out;
  } search{wanted, out};
  return ::dl_iterate_phdr(
             [](dl_phdr_info* info, std::size_t, void* data) {
               auto& s = *static_cast<Search*>(data);
               return describe(*info, s.out) && s.wanted(*info, s.out) ? 1 : 0;
             },
             &search) == 1;
}

using Initialiser = void (*)(int, char**, char**);
struct Initialisers {
  Initialiser* begin = nullptr;
  std::size_t count = 0;
};

Initialisers initialisers_of(const dl_phdr_info& info) noexcept {
  Initialisers found;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(at(info, info.dlpi_phdr[i]));
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_INIT_ARRAY)
        found.begin = reinterpret_cast<Initialiser*>(info.dlpi_addr + entry->d_un.d_ptr);
      if (entry->d_tag == DT_INIT_ARRAYSZ) found.count = entry->d_un.d_val / sizeof(Initialiser);
    }
  }
  return found;
}

// Initialisers ignore their arguments, or read them; the compiler declares them without.
__attribute__((no_sanitize("undefined"))) void run(Initialisers list, std::size_t from) noexcept {
  static char* none[] = {nullptr};
  for (std::size_t i = from; i < list.count; ++i) list.begin[i](0, none, none);
}

}  // namespace

bool find_module(std::uintptr_t address, Module& out) noexcept {
  return find(
      [address](const dl_phdr_info& info, Module& module) {
        if (address < module.code_begin || address >= module.code_end) return false;
        identify(info, module);
        return true;
      },
      out);
}

bool find_module_by_identity(std::uint64_t identity, Module& out) noexcept {
  return find(
      [identity](const dl_phdr_info& info, Module& module) {
        identify(info, module);
        return module.identity == identity;
      },
      out);
}

bool main_module(Module& out) noexcept {
  return find(  // the first one
      [](const dl_phdr_info& info, Module& module) {
        identify(info, module);
        return true;
      },
      out);
}

void run_initialisers_after(void (*entry)()) noexcept {
  Initialisers own, program;
  Module ignored;
  const auto address = reinterpret_cast<std::uintptr_t>(entry);
  find(
      [&](const dl_phdr_info& info, Module& module) {
        if (!program.begin) program = initialisers_of(info);
        if (address < module.code_begin || address >= module.code_end) return false;
        own = initialisers_of(info);
        return true;
      },
      ignored);
  std::size_t next = 0;
  while (next < own.count && reinterpret_cast<std::uintptr_t>(own.begin[next]) != address) ++next;
  run(own, next + 1);
  if (own.begin != program.begin) run(program, 0);
}

}  // namespace hob::sys
