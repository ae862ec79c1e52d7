// SPDX-License-Identifier: MIT
#include "http/file_lookup.hpp"

#include <hob/core/error.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace hob::http::detail {

namespace {

/// Content-Encoding and what a file's name ends with then, best first.
constexpr std::string_view kSiblings[][2] = {{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}};

/// What the kernel calls an open file. Empty when that cannot be found out.
std::string true_path(int fd) {
  std::string path;
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  if (sys::read_link(link.c_str(), path) < 0) path.clear();
  return path;
}

/// Names that lead nowhere, or where the process may not go; other errors are the machine's.
bool is_missing(int error) noexcept {
  return error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -ENAMETOOLONG ||
         error == -ENXIO;  // a socket, or a FIFO
}

class Finder {
 public:
  explicit Finder(const FileQuery& query) : query_(query) {}

  FileLookup find() {
    const FileLookup::Kind kind = open(query_.path, found_.fd, found_.status);
    if (kind == FileLookup::Kind::directory) {
      find_in_directory();
    } else if (kind == FileLookup::Kind::file && query_.slash) {
      found_.kind = FileLookup::Kind::missing;
    } else {
      found_.kind = kind;
      found_.name = query_.path.substr(query_.path.rfind('/') + 1);
      if (kind == FileLookup::Kind::file) use_sibling(query_.path);
    }
    if (found_.kind == FileLookup::Kind::file) read();
    return std::move(found_);
  }

 private:
  /// Gives missing, forbidden, directory or file.
  FileLookup::Kind open(const std::string& path, sys::Fd& fd, sys::FileStatus& status) const {
    const std::string full = query_.root.empty() ? path : query_.root + "/" + path;
    const int opened = sys::open_file(full.c_str(), sys::kOpenRead | sys::kOpenAtOnce, 0);
    if (is_missing(opened)) return FileLookup::Kind::missing;
    if (opened == -EACCES || opened == -EPERM) return FileLookup::Kind::forbidden;
    if (opened < 0) throw OSError(-opened, "open");
    fd = sys::Fd(opened);
    if (const int result = sys::status_of(opened, status); result < 0)
      throw OSError(-result, "stat");
    const bool directory = sys::is_directory(status.mode);
    if (!directory && !sys::is_regular(status.mode)) return FileLookup::Kind::missing;
    if (!is_allowed(opened, path)) return FileLookup::Kind::missing;
    return directory ? FileLookup::Kind::directory : FileLookup::Kind::file;
  }

  /// Whether what was opened is where it may be.
  bool is_allowed(int fd, const std::string& path) const {
    if (query_.root.empty() || query_.symlinks == Symlinks::follow) return true;
    // Each time anew: a directory may be replaced, as by a new release of a site.
    const sys::Fd root(
        sys::open_file(query_.root.c_str(), sys::kOpenRead | sys::kOpenDirectory, 0));
    std::string inside = root.get() >= 0 ? true_path(root.get()) : std::string();
    const std::string real = true_path(fd);
    if (inside.empty() || real.empty()) return false;
    if (path.empty()) return real == inside;
    if (inside != "/") inside += '/';
    return query_.symlinks == Symlinks::none ? real == inside + path : real.starts_with(inside);
  }

  void find_in_directory() {
    found_.kind = FileLookup::Kind::unslashed;
    if (!query_.slash) return;
    if (!query_.index.empty()) {
      const std::string path =
          query_.path.empty() ? query_.index : query_.path + "/" + query_.index;
      sys::Fd fd;
      if (open(path, fd, found_.status) == FileLookup::Kind::file) {
        found_.kind = FileLookup::Kind::file;
        found_.fd = std::move(fd);
        found_.name = query_.index;
        return use_sibling(path);
      }
    }
    found_.kind = query_.list ? FileLookup::Kind::listing : FileLookup::Kind::directory;
    if (query_.list) list();
  }

  void list() {
    std::vector<sys::Entry> entries;
    int result = 1;
    while (result == 1) result = sys::read_directory(found_.fd.get(), entries);
    if (result < 0) throw OSError(-result, "getdents");
    for (sys::Entry& entry : entries) {
      if (entry.name.starts_with('.') && !query_.hidden) continue;
      if (entry.kind == sys::EntryKind::link && query_.symlinks == Symlinks::none) continue;
      if (entry.kind == sys::EntryKind::directory) entry.name += '/';
      found_.names.push_back(std::move(entry.name));
    }
    std::sort(found_.names.begin(), found_.names.end());
  }

  /// Takes the compressed file beside it that the client likes best, unless it is older.
  void use_sibling(const std::string& path) {
    if (!query_.look_for_siblings) return;
    std::size_t best = query_.codings.size();
    for (const auto& [coding, suffix] : kSiblings) {
      sys::Fd fd;
      sys::FileStatus status;
      if (open(path + std::string(suffix), fd, status) != FileLookup::Kind::file) continue;
      if (status.modified_ns < found_.status.modified_ns) continue;
      found_.varies = true;
      const auto at = std::find(query_.codings.begin(), query_.codings.end(), coding);
      const auto rank = static_cast<std::size_t>(at - query_.codings.begin());
      if (rank >= best) continue;
      best = rank;
      chosen_ = std::move(fd);
      chosen_status_ = status;
      found_.coding = coding;
    }
    if (found_.coding.empty()) return;
    found_.fd = std::move(chosen_);
    found_.status = chosen_status_;
  }

  void read() {
    const auto size = static_cast<std::size_t>(found_.status.size);
    if (size > query_.read_max) return;
    found_.content.resize(size);
    const long n = sys::read_file(found_.fd.get(), found_.content.data(), size, 0);
    if (n < 0) throw OSError(static_cast<int>(-n), "read");
    found_.read = static_cast<std::size_t>(n) == size;
  }

  const FileQuery& query_;
  FileLookup found_;
  sys::Fd chosen_;
  sys::FileStatus chosen_status_;
};

}  // namespace

FileLookup look_up(const FileQuery& query) { return Finder(query).find(); }

bool safe_path(std::string_view decoded, bool hidden, std::string& path, bool& slash) {
  path.clear();
  slash = decoded.empty() || decoded.ends_with('/');
  if (!decoded.empty() && slash) decoded.remove_suffix(1);
  if (decoded.find('\0') != std::string_view::npos) return false;
  if (decoded.empty()) return true;
  path = decoded;
  while (true) {
    const std::size_t end = decoded.find('/');
    const std::string_view segment = decoded.substr(0, end);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (segment.front() == '.' && !hidden) return false;
    if (end == std::string_view::npos) return true;
    decoded.remove_prefix(end + 1);
  }
}

}  // namespace hob::http::detail
