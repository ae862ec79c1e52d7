// SPDX-License-Identifier: MIT
#include "http/ascii.hpp"
#include "http/digest.hpp"

#include <hob/core/raise.hpp>
#include <hob/file/file.hpp>
#include <hob/file/paths.hpp>
#include <hob/http/multipart.hpp>

namespace hob::http {
namespace {

// As browsers do it: what would end the quotes or the line is escaped, nothing else.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"') {
      out += "%22";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

FormData& FormData::add_file(std::string_view name, std::string content, std::string_view filename,
                             std::string_view content_type) {
  if (content_type.empty()) content_type = guess_content_type(filename);
  return add_part({std::string(name), std::move(content), std::string(filename),
                   std::string(content_type), true});
}

FormData& FormData::add_stream(std::string_view name, AsyncGenerator<std::string> content,
                               std::string_view filename, std::string_view content_type,
                               std::int64_t length) {
  add_file(name, {}, filename, content_type);
  parts_.back().generator = std::make_shared<AsyncGenerator<std::string>>(std::move(content));
  parts_.back().length = length;
  streamed_ = once_ = true;
  return *this;
}

FormData& FormData::add_path(std::string_view name, std::string_view path,
                             std::string_view filename, std::string_view content_type) {
  if (filename.empty()) filename = path.substr(path.rfind('/') + 1);
  add_file(name, {}, filename, content_type);
  parts_.back().path = path;
  streamed_ = true;
  return *this;
}

FormData& FormData::add_part(Part part) {
  if (part.is_file) multipart_ = true;
  if (boundary_.empty()) boundary_ = "hob-" + random_hex(16);  // that it occurs inside is no risk
  parts_.push_back(std::move(part));
  return *this;
}

std::string FormData::content_type() const {
  return multipart_ ? "multipart/form-data; boundary=" + boundary_
                    : "application/x-www-form-urlencoded";
}

std::string FormData::head_of(const Part& part) const {
  std::string out = "--" + boundary_ + "\r\nContent-Disposition: form-data; name=";
  append_quoted(out, part.name);
  if (part.is_file) {
    out += "; filename=";
    append_quoted(out, part.filename);
    out += "\r\nContent-Type: " + part.content_type;
  }
  return out += "\r\n\r\n";
}

std::string FormData::end() const { return "--" + boundary_ + "--\r\n"; }

std::string FormData::encode() const {
  if (streamed_) hob::detail::raise_value_error("the form is streamed: it is not here as a whole");
  if (!multipart_) {
    Params params;
    for (const Part& part : parts_) params.add(part.name, part.content);
    return params.encode();
  }
  std::string out;
  for (const Part& part : parts_) {
    out += head_of(part);
    out += part.content;
    out += "\r\n";
  }
  return out + end();
}

AsyncGenerator<std::string> FormData::pieces(FormData form) {
  for (const Part& part : form.parts_) {
    co_yield form.head_of(part);
    if (part.generator) {
      while (auto piece = co_await part.generator->anext()) co_yield std::move(*piece);
    } else if (!part.path.empty()) {
      auto content = file_pieces(part.path);
      while (auto piece = co_await content.anext()) co_yield std::move(*piece);
    } else {
      co_yield part.content;
    }
    co_yield "\r\n";
  }
  co_yield form.end();
}

Coro<std::int64_t> FormData::measure(FormData form) {
  std::size_t total = form.end().size();
  for (const Part& part : form.parts_) {
    total += form.head_of(part).size() + part.content.size() + 2;
    if (part.generator) {
      if (part.length < 0) co_return -1;
      total += static_cast<std::size_t>(part.length);
    } else if (!part.path.empty()) {
      const StatResult found = co_await stat(part.path);
      total += static_cast<std::size_t>(found.size);
    }
  }
  co_return static_cast<std::int64_t>(total);
}

AsyncGenerator<std::string> file_pieces(std::string path) {
  File file = co_await open(path);
  for (;;) {
    std::string piece = co_await file.read(64 << 10);
    if (piece.empty()) co_return;
    co_yield std::move(piece);
  }
}

std::string_view guess_content_type(std::string_view filename) noexcept {
  static constexpr std::string_view kTypes[][2] = {
      {"html", "text/html"},
      {"htm", "text/html"},
      {"txt", "text/plain"},
      {"css", "text/css"},
      {"csv", "text/csv"},
      {"md", "text/markdown"},
      {"xml", "text/xml"},
      {"js", "text/javascript"},
      {"mjs", "text/javascript"},
      {"json", "application/json"},
      {"wasm", "application/wasm"},
      {"pdf", "application/pdf"},
      {"zip", "application/zip"},
      {"gz", "application/gzip"},
      {"tar", "application/x-tar"},
      {"png", "image/png"},
      {"jpg", "image/jpeg"},
      {"jpeg", "image/jpeg"},
      {"gif", "image/gif"},
      {"svg", "image/svg+xml"},
      {"webp", "image/webp"},
      {"avif", "image/avif"},
      {"ico", "image/vnd.microsoft.icon"},
      {"mp3", "audio/mpeg"},
      {"ogg", "audio/ogg"},
      {"wav", "audio/wav"},
      {"mp4", "video/mp4"},
      {"webm", "video/webm"},
      {"woff", "font/woff"},
      {"woff2", "font/woff2"},
      {"ttf", "font/ttf"},
  };
  const std::size_t dot = filename.rfind('.');
  if (dot != std::string_view::npos) {
    for (const auto& [extension, type] : kTypes) {
      if (ascii::equal(filename.substr(dot + 1), extension)) return type;
    }
  }
  return "application/octet-stream";
}

}  // namespace hob::http
