// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/serializer.hpp>
#include <hob/http/status.hpp>

#include <charconv>
#include <string_view>

#include "http/scan.hpp"
#include "http/trailers.hpp"

namespace hob::http {

namespace {

constexpr std::size_t kDigitsMax = 20;

std::string_view view(Text text) noexcept { return {text.data(), text.size()}; }

void append_number(std::string& out, std::uint64_t number, int base) {
  char digits[kDigitsMax];
  const auto end = std::to_chars(digits, digits + kDigitsMax, number, base).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  // One growth, then copies.
  const std::size_t at = out.size();
  out.resize(at + name.size() + value.size() + 4);
  char* to = out.data() + at;
  to += name.copy(to, name.size());
  *to++ = ':';
  *to++ = ' ';
  to += value.copy(to, value.size());
  *to++ = '\r';
  *to = '\n';
}

}  // namespace

void write_request_line(std::string& out, Text method, Text target) {
  if (!detail::is_token(view(method)))
    throw ValueError("the request method must be a token: \"" + std::string(view(method)) + '"');
  const char* const end = target.data() + target.size();
  if (target.empty() || detail::skip_class(target.data(), end, detail::kTarget) != end)
    throw ValueError("the request target holds a character that must be encoded");
  out.append(view(method)).append(" ").append(view(target)).append(" HTTP/1.1\r\n");
}

void write_status_line(std::string& out, int status, Text reason, int version_minor) {
  if (status < 100 || status > 999) throw ValueError("the status must be in 100..999");
  if (detail::has_control(view(reason)))
    throw ValueError("the reason phrase holds a control character");
  if (status == Status::ok && version_minor == 1 && reason.empty()) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += version_minor == 0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(status), 10);
  out += ' ';
  out += reason.empty() ? std::string_view(reason_phrase(status)) : view(reason);
  out += "\r\n";
}

void write_fields(std::string& out, const Headers& headers) {
  for (const auto [name, value] : headers) append_field(out, name, value);
}

void write_field(std::string& out, Text name, Text value) {
  write_fields(out, Headers{{view(name), view(value)}});
}

void write_content_length(std::string& out, std::uint64_t length) {
  out += "Content-Length: ";
  append_number(out, length, 10);
  out += "\r\n";
}

void begin_chunk(std::string& out, std::uint64_t size) {
  if (size == 0) throw ValueError("a chunk of size 0 ends the body");
  append_number(out, size, 16);
  out += "\r\n";
}

void write_chunk(std::string& out, Text data) {
  if (data.empty()) return;
  begin_chunk(out, data.size());
  out.append(data.data(), data.size());
  end_chunk(out);
}

void write_last_chunk(std::string& out, const Headers& trailers) {
  for (const auto [name, value] : trailers)
    if (!detail::may_be_trailer(name))
      throw ValueError("a field that may not be a trailer: " + std::string(name));
  out += "0\r\n";
  write_fields(out, trailers);
  end_fields(out);
}

}  // namespace hob::http
