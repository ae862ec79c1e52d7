// SPDX-License-Identifier: MIT
#include "sys/symbol.hpp"

#include "sys/fault.hpp"
#include "sys/fd.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <climits>

namespace hob::sys {
namespace {

constexpr const char* kProgram = "/proc/self/exe";

// A file in memory. What it says of itself is checked: it may be anything by now.
class Image {
 public:
  explicit Image(const char* path) noexcept {
    const Fd file(fails(Call::open) ? -1 : ::open(path, O_RDONLY | O_CLOEXEC));
    struct stat status;
    if (file.get() < 0 || fails(Call::fstat) || ::fstat(file.get(), &status) < 0) return;
    if (status.st_size <= 0 || fails(Call::mmap)) return;
    const auto size = static_cast<std::size_t>(status.st_size);
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (data == MAP_FAILED) return;
    data_ = static_cast<const char*>(data);
    size_ = size;
  }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  ~Image() {
    if (data_) ::munmap(const_cast<char*>(data_), size_);
  }

  /// `count` objects at `offset`, or null.
  template <class T>
  const T* at(std::uint64_t offset, std::uint64_t count = 1) const noexcept {
    const bool inside = offset <= size_ && count <= (size_ - offset) / sizeof(T);
    return inside && offset % alignof(T) == 0 ? reinterpret_cast<const T*>(data_ + offset)
                                              : nullptr;
  }
  /// The text at `offset` when it ends before `end`, or null.
  const char* text(std::uint64_t offset, std::uint64_t end) const noexcept {
    if (end > size_ || offset >= end) return nullptr;
    for (std::uint64_t i = offset; i < end; ++i) {
      if (data_[i] == '\0') return data_ + offset;
    }
    return nullptr;
  }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

// The mangled name of the function at `address`, as the file counts addresses, or null.
const char* name_in(const Image& image, const ElfW(Shdr) & table, const ElfW(Shdr) & names,
                    std::uintptr_t address) noexcept {
  const std::uint64_t count = table.sh_size / sizeof(ElfW(Sym));
  const auto* symbols = image.at<ElfW(Sym)>(table.sh_offset, count);
  for (std::uint64_t i = 0; symbols && i < count; ++i) {
    const ElfW(Sym)& symbol = symbols[i];
    if ((symbol.st_info & 0xf) != STT_FUNC || address - symbol.st_value >= symbol.st_size) continue;
    return image.text(names.sh_offset + symbol.st_name, names.sh_offset + names.sh_size);
  }
  return nullptr;
}

const char* name_in(const Image& image, std::uintptr_t address) noexcept {
  const auto* head = image.at<ElfW(Ehdr)>(0);
  if (!head || std::char_traits<char>::compare(image.at<char>(0), ELFMAG, SELFMAG) != 0)
    return nullptr;
  const auto* sections = image.at<ElfW(Shdr)>(head->e_shoff, head->e_shnum);
  for (unsigned i = 0; sections && i < head->e_shnum; ++i) {
    const ElfW(Shdr)& section = sections[i];
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= head->e_shnum) continue;
    return name_in(image, section, sections[section.sh_link], address);
  }
  return nullptr;
}

std::string path_of(const char* path) {
  char target[PATH_MAX];
  if (path != kProgram) return path;
  const ssize_t size = fails(Call::readlink) ? -1 : ::readlink(path, target, sizeof target);
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : std::string(path);
}

}  // namespace

bool find_symbol(std::uintptr_t address, Symbol& out) {
  Dl_info info;
  link_map* map = nullptr;
  if (::dladdr1(reinterpret_cast<void*>(address), &info, reinterpret_cast<void**>(&map),
                RTLD_DL_LINKMAP) == 0 ||
      !map)
    return false;
  const char* path = map->l_name && *map->l_name ? map->l_name : kProgram;
  out.module = path_of(path);
  out.module.erase(0, out.module.rfind('/') + 1);
  const Image image(path);
  const char* name = name_in(image, address - map->l_addr);
  if (!name) name = info.dli_sname;  // one that is exported
  out.name = name ? name : "";
  return true;
}

}  // namespace hob::sys
