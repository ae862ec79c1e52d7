// SPDX-License-Identifier: MIT
// multipart/form-data (RFC 7578): what forms with files are sent as, written and read.
#pragma once

#include <hob/http/header_values.hpp>
#include <hob/http/headers.hpp>
#include <hob/task/async_generator.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hob::http {

/// A form to send. Without files it is urlencoded, with files multipart, as in browsers.
class FormData {
 public:
  FormData() = default;

  /// A field; numbers and bools become text.
  template <class Value>
  FormData& add(std::string_view name, const Value& value) {
    return add_part({std::string(name), detail::param_value(value), {}, {}, false});
  }
  /// A file whose content is here. Without `content_type`: what the name's extension means.
  FormData& add_file(std::string_view name, std::string content, std::string_view filename,
                     std::string_view content_type = {});
  /// A file whose content is made while it is sent; `length` bytes, when that is known. The form
  /// can then be sent once.
  FormData& add_stream(std::string_view name, AsyncGenerator<std::string> content,
                       std::string_view filename, std::string_view content_type = {},
                       std::int64_t length = -1);
  /// A file of the disk, read while it is sent. `filename` and `content_type`: those of the path.
  FormData& add_path(std::string_view name, std::string_view path, std::string_view filename = {},
                     std::string_view content_type = {});
  /// Multipart although there is no file.
  FormData& force_multipart() noexcept { return multipart_ = true, *this; }

  bool is_multipart() const noexcept { return multipart_; }
  /// The value of the Content-Type field.
  std::string content_type() const;
  /// The whole body. Throws ValueError when some of it is not here yet.
  std::string encode() const;

  /// Whether some of it comes while it is sent.
  bool is_streamed() const noexcept { return streamed_; }
  /// Whether it can be sent more than once: no generator is in it.
  bool can_repeat() const noexcept { return !once_; }
  /// The body in pieces. Throws what generators throw, OSError of files.
  AsyncGenerator<std::string> stream() const { return pieces(*this); }
  /// Its length; -1 when that is not known. Throws OSError of files.
  Coro<std::int64_t> length() const { return measure(*this); }

 private:
  struct Part {
    std::string name, content, filename, content_type;
    bool is_file;
    std::string path = {};
    std::shared_ptr<AsyncGenerator<std::string>> generator = {};
    std::int64_t length = -1;  // of the generator
  };
  FormData& add_part(Part part);
  std::string head_of(const Part& part) const;
  std::string end() const;
  static AsyncGenerator<std::string> pieces(FormData form);
  static Coro<std::int64_t> measure(FormData form);

  std::vector<Part> parts_;
  std::string boundary_;
  bool multipart_ = false, streamed_ = false, once_ = false;
};

/// The pieces of a file, as a body. Throws OSError.
AsyncGenerator<std::string> file_pieces(std::string path);

/// The media type of a file with this name; application/octet-stream when it is not known.
std::string_view guess_content_type(std::string_view filename) noexcept;

struct MultipartLimits {
  constexpr MultipartLimits() noexcept = default;
  std::size_t head_max = 16 * 1024;  // bytes of one part's header block
  std::size_t parts_max = 1000;
};

/// Takes a multipart body apart as its bytes come. No I/O: `feed`, then `next` until it wants more.
/// Both throw ValueError for what is no such body. Not thread-safe.
class MultipartParser {
 public:
  enum class Event : unsigned char {
    need_more,  // feed, or finish
    part,       // a part begins: `headers`
    data,       // some of its content: `data`
    part_end,
    end,  // the closing boundary was there; what follows is ignored
  };

  explicit MultipartParser(std::string_view boundary, MultipartLimits limits = {});
  /// For the value of a Content-Type field. Throws ValueError when that is not multipart with a
  /// boundary.
  static MultipartParser for_type(std::string_view content_type, MultipartLimits limits = {});

  void feed(std::string_view bytes);
  /// There will be no more: `next` throws where it would want it.
  void finish() noexcept { finished_ = true; }
  Event next();

  /// Of the current part.
  const Headers& headers() const noexcept { return headers_; }
  ContentDisposition disposition() const;
  /// Valid until the next call of `feed` or `next`.
  std::string_view data() const noexcept { return data_; }

 private:
  enum class State : unsigned char { preamble, after_boundary, head, content, done };
  std::string_view rest() const noexcept { return std::string_view(buffer_).substr(begin_); }
  Event want_more();
  bool skip_preamble();
  Event after_boundary();
  Event read_head();
  Event read_content();

  std::string delimiter_;  // CRLF, two dashes and the boundary
  std::string buffer_;
  std::size_t begin_ = 0;
  std::string_view data_;
  Headers headers_;
  MultipartLimits limits_;
  std::size_t parts_ = 0;
  State state_ = State::preamble;
  bool finished_ = false, in_part_ = false;
  bool headers_end_pending_ = false;  // the line end behind the head is still in the buffer
};

}  // namespace hob::http
