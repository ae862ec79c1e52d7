// SPDX-License-Identifier: MIT
// MultipartReader: the parts of a form with files, one after the other, as they come.
#pragma once

#include <hob/http/multipart.hpp>
#include <hob/http/params.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hob::http {

class ServerRequest;

/// Reads the body of a request as multipart, a part at a time; aiohttp's `request.multipart()`.
/// While nobody reads, the client has to wait. Made by ServerRequest, which has to outlive it; one
/// task at a time uses it. Calls throw HTTPBadRequest for what is no such body.
class MultipartReader {
 public:
  /// Throws HTTPUnsupportedMediaType when the request says that its body is something else.
  explicit MultipartReader(ServerRequest& request, MultipartLimits limits = {});

  /// Goes to the next part, over what is left of this one: false when there is none. A cancellation
  /// leaves it where it was, or on the way there: call it again.
  Coro<bool> next();

  // Of the current part.

  const Headers& headers() const noexcept { return parser_.headers(); }
  /// Of the field; "" without one.
  const std::string& name() const noexcept { return name_; }
  /// Without any directory; nothing for a field that is no file.
  const std::optional<std::string>& filename() const noexcept { return filename_; }
  std::string content_type() const;
  /// The next piece of its content; none at its end. A cancelled read has taken nothing.
  Coro<std::optional<std::string>> next_chunk();
  /// All of it. Throws HTTPRequestEntityTooLarge when that is more than `limit`.
  Coro<std::string> read(std::size_t limit = 1 << 20);

 private:
  Coro<MultipartParser::Event> step();

  ServerRequest& request_;
  MultipartParser parser_;
  std::string name_;
  std::optional<std::string> filename_;
  bool in_part_ = false;
};

/// A file of a form.
struct FormFile {
  // Not an aggregate: g++ 12 destroys those twice in a full-expression with co_await.
  FormFile() = default;

  std::string name, filename, content_type, content;
};

/// A form that was read whole; aiohttp's `await request.post()`.
struct Form {
  Form() = default;

  Params fields;
  std::vector<FormFile> files;
};

}  // namespace hob::http
