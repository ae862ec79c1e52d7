// SPDX-License-Identifier: MIT
// Files as answers: one file, or a directory of them - with ranges, conditional requests, types and
// compressed forms. Disks are looked at by threads, never by the loop.
#pragma once

#include <hob/core/text.hpp>
#include <hob/http/server_request.hpp>
#include <hob/http/server_response.hpp>
#include <hob/task/coro.hpp>

#include <string>

namespace hob::http {

/// How a file is sent.
struct FileOptions {
  // Not an aggregate: g++ 12 destroys those twice in a full-expression with co_await.
  FileOptions() = default;

  /// Empty: what the extension means, by guess_content_type.
  std::string content_type;
  /// Added to guessed types of text; empty: nothing.
  std::string charset = "utf-8";
  /// Sends `file.br`, `file.zst` or `file.gz` instead of `file` to clients that take it, when it is
  /// there and not older.
  bool precompressed = true;
  /// The Cache-Control field; empty: none.
  std::string cache_control;
  /// For the browser to save it under this name: Content-Disposition; empty: it is shown.
  std::string attachment;
};

/// The answer that is a file; aiohttp's web.FileResponse. `path` is yours: do not make it of what a
/// client has sent, that is what StaticFiles is for. ETag and Last-Modified of the file decide on
/// conditional requests (304, 412), Range on what is sent of it (206, 416; several ranges become
/// multipart/byteranges). A missing file is an HTTPNotFound, one that may not be read an
/// HTTPForbidden, other failures an OSError. Suspends; a cancellation leaves nothing open.
Coro<ServerResponse> file_response(ServerRequest& request, Text path, FileOptions options = {});

/// What becomes of symbolic links below a directory.
enum class Symlinks : unsigned char {
  none,    // none is followed
  inside,  // followed as long as the file is below the directory
  follow   // followed wherever they lead
};

/// How a directory is served.
struct StaticOptions : FileOptions {
  StaticOptions() = default;

  /// The file that stands for its directory; empty: none.
  std::string index = "index.html";
  /// A directory without that file is listed; otherwise it is a 403.
  bool show_index = false;
  /// Also serves names that begin with a dot: `.git`, `.env`, `.htpasswd`.
  bool hidden = false;
  Symlinks symlinks = Symlinks::inside;
};

/// A handler that serves the files below a directory: `server.add_static("/static", "public")`, or
/// the handler of a route that ends in `{path...}`. Whatever the path is - `..`, `%2e%2e`, `%00`,
/// links out of the directory - only what is below the directory is answered; the rest is 404.
class StaticFiles {
 public:
  /// Throws ValueError when `directory` is none, OSError when that cannot be found out. Looks at
  /// the disk at once.
  explicit StaticFiles(Text directory, StaticOptions options = {});

  Coro<ServerResponse> operator()(ServerRequest& request) const;

 private:
  std::string directory_;
  StaticOptions options_;
};

}  // namespace hob::http
