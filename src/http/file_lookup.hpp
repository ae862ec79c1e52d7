// SPDX-License-Identifier: MIT
// FileLookup: what stands at a path below a directory, found and opened in one go by a thread. What
// is checked is the file that is open, not its name: nobody can swap it in between.
#pragma once

#include <hob/http/static_files.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hpp"
#include "sys/file.hpp"

namespace hob::http::detail {

/// Where to look, and for what.
struct FileQuery {
  /// The directory that must not be left; empty: `path` may lead anywhere.
  std::string root;
  /// Below it: checked segments without a slash at either end.
  std::string path;
  /// The request's path ended with a slash, so it means a directory.
  bool slash = false;
  /// Also looks for `.br` and its like beside a file, to be sent instead of it.
  bool look_for_siblings = false;
  /// Of those, what the client takes, best first.
  std::vector<std::string_view> codings;
  /// Files up to this size are read, too.
  std::size_t read_max = 0;
  /// Of a directory.
  std::string index;
  bool list = false;
  bool hidden = false;
  Symlinks symlinks = Symlinks::follow;
};

struct FileLookup {
  enum class Kind : unsigned char { missing, forbidden, file, directory, unslashed, listing };

  FileLookup() = default;
  FileLookup(FileLookup&&) = default;
  FileLookup& operator=(FileLookup&&) = default;

  Kind kind = Kind::missing;
  sys::Fd fd;
  sys::FileStatus status;
  /// The name that tells the type: that of the index file, and not that of the compressed one.
  std::string name;
  /// Of what was opened; empty: the file itself.
  std::string_view coding;
  /// There are several forms of the file.
  bool varies = false;
  /// Whether `content` is all of it.
  bool read = false;
  std::string content;
  /// Of a listing: names in their order, those of directories with a slash.
  std::vector<std::string> names;
};

/// Blocks. Throws OSError when that is nobody's fault (EMFILE, EIO, ...).
FileLookup look_up(const FileQuery& query);

/// The segments of a decoded path as a path below a directory; false for what has no business
/// there:
/// `..`, `.`, empty segments, NUL and, unless `hidden`, names that begin with a dot. A slash at the
/// end is dropped and told in `slash`.
bool safe_path(std::string_view decoded, bool hidden, std::string& path, bool& slash);

}  // namespace hob::http::detail
