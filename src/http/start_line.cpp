// SPDX-License-Identifier: MIT
// Request lines and status lines (RFC 9112, 3 and 4). As with fields, what is decided depends on a
// prefix of the bytes alone.
#include <hob/http/detail/message_parser.hpp>
#include <hob/http/request_parser.hpp>
#include <hob/http/status.hpp>

#include <algorithm>

#include "http/host_field.hpp"
#include "http/scan.hpp"

namespace hob::http {
namespace detail {

namespace {

// Longer than any registered method; what is longer is no method we could know.
constexpr std::size_t kMethodMax = 32;
constexpr std::string_view kVersion = "HTTP/1.1";

Place place(const char* base, const char* from, const char* to) noexcept {
  return {static_cast<std::uint32_t>(from - base), static_cast<std::uint32_t>(to - from)};
}

}  // namespace

bool is_host_field(std::string_view text) noexcept {
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    const std::string_view address = text.substr(1, close - 1);
    if (address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos ||
        address.find(':') == std::string_view::npos)
      return false;
    port = text.substr(close + 1);
  } else {
    const char* const end = text.data() + text.size();
    const char* const colon = skip_class(text.data(), end, kHost);
    port = {colon, static_cast<std::size_t>(end - colon)};
  }
  if (port.empty()) return true;
  const std::string_view digits = port.substr(1);
  return port.front() == ':' && digits.size() <= 5 &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return is_class(c, kDigit); });
}

bool is_host_and_port(std::string_view text) noexcept {
  return is_host_field(text) && text.front() != ':' && text.back() != ':' && text.back() != ']' &&
         text.rfind(':') != std::string_view::npos;
}

std::size_t MessageParser::bad_line(int status, const char* reason) noexcept {
  refuse(status, reason);
  return 0;
}

/// The offset behind the CRLF that must stand at `at`; a response may have the LF alone.
std::size_t MessageParser::line_end(std::string_view input, std::size_t at,
                                    std::size_t window) noexcept {
  if (at == input.size() || at == window) return 0;
  if (input[at] == '\n' && response_) return at + 1;
  if (input[at] != '\r') return bad_line(Status::bad_request, "bad end of the first line");
  if (at + 1 == input.size() || at + 1 == window) return 0;
  if (input[at + 1] != '\n') return bad_line(Status::bad_request, "CR without LF");
  return at + 2;
}

std::size_t MessageParser::request_line(std::string_view input) noexcept {
  // One empty line before a request is overlooked: old clients send it behind a body (RFC 9112,
  // 2.2).
  if (at_ == 0 && input[0] == '\r') {
    if (input.size() < 2) return 0;
    if (input[1] != '\n') return bad_line(Status::bad_request, "CR without LF");
    at_ = 2;
  }
  const std::size_t window = std::min(at_ + limits_.start_line + 2, limits_.head);
  const char* const base = input.data();
  const char* const end = base + std::min(input.size(), window);
  const auto incomplete = [&]() -> std::size_t {
    if (input.size() < window) return 0;
    return bad_line(Status::uri_too_long, "the request line is too long");
  };
  const char* const method = base + at_;
  const char* const method_max = std::min(end, method + kMethodMax + 1);
  const char* const method_end = skip_class(method, method_max, kToken);
  if (method_end == method + kMethodMax + 1)
    return bad_line(Status::not_implemented, "unknown method");
  if (method_end == end) return incomplete();
  if (*method_end != ' ' || method_end == method)
    return bad_line(Status::bad_request, "bad method");

  const char* const target = method_end + 1;
  const char* const target_end = skip_class(target, end, kTarget);
  if (target_end == end) return incomplete();
  if (*target_end != ' ' || target_end == target)
    return bad_line(Status::bad_request, "bad request target");

  const char* const version = target_end + 1;
  if (end - version < static_cast<std::ptrdiff_t>(kVersion.size())) return incomplete();
  const std::string_view name(version, kVersion.size());
  if (name.substr(0, 5) != "HTTP/" || !is_class(name[5], kDigit) || name[6] != '.' ||
      !is_class(name[7], kDigit))
    return bad_line(Status::bad_request, "bad HTTP version");
  if (name[5] != '1')
    return bad_line(Status::http_version_not_supported, "unsupported HTTP version");
  minor_ = name[7] == '0' ? 0 : 1;

  const std::size_t line =
      line_end(input, static_cast<std::size_t>(version - base) + kVersion.size(), window);
  if (line == 0) return state_ == State::failed ? 0 : incomplete();
  first_ = place(base, method, method_end);
  second_ = place(base, target, target_end);
  const std::string_view method_text = first_.in(base);
  is_connect_ = method_text == "CONNECT";
  is_options_ = method_text == "OPTIONS";
  if (!good_target(second_.in(base))) return bad_line(Status::bad_request, "bad request target");
  return line;
}

/// Whether the target has one of the four forms, and the one that its method wants (RFC 9112, 3.2).
bool MessageParser::good_target(std::string_view target) noexcept {
  if (is_connect_) return is_host_and_port(target);
  if (target.front() == '/') return true;
  if (target == "*") return is_options_;
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return false;
  const std::string_view scheme = target.substr(0, colon);
  if (!is_name(scheme, "http") && !is_name(scheme, "https")) return false;
  const std::string_view rest = target.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  return !authority.empty() && authority.front() != ':' && is_host_field(authority);
}

std::size_t MessageParser::status_line(std::string_view input) noexcept {
  const std::size_t window = std::min(limits_.start_line + 2, limits_.head);
  const char* const base = input.data();
  const char* const end = base + std::min(input.size(), window);
  const auto incomplete = [&]() -> std::size_t {
    if (input.size() < window) return 0;
    return bad_line(Status::bad_request, "the status line is too long");
  };
  constexpr std::size_t kCodeAt = kVersion.size() + 1;
  constexpr std::string_view kBegin = "HTTP/1.";
  // Who speaks another protocol may never say more than these bytes.
  const std::string_view begin = input.substr(0, kBegin.size());
  if (begin != kBegin.substr(0, begin.size())) {
    return bad_line(Status::bad_request, "not an HTTP/1 response");
  }
  if (end - base < static_cast<std::ptrdiff_t>(kCodeAt + 3)) return incomplete();
  if (!is_class(input[7], kDigit) || input[8] != ' ')
    return bad_line(Status::bad_request, "not an HTTP/1 response");
  minor_ = input[7] == '0' ? 0 : 1;
  status_ = 0;
  for (const char c : input.substr(kCodeAt, 3)) {
    if (!is_class(c, kDigit)) return bad_line(Status::bad_request, "bad status code");
    status_ = status_ * 10 + (c - '0');
  }
  if (status_ < 100) return bad_line(Status::bad_request, "bad status code");
  const char* reason = base + kCodeAt + 3;
  if (reason == end) return incomplete();
  if (*reason == ' ') {
    ++reason;
  } else if (*reason != '\r' && *reason != '\n') {
    return bad_line(Status::bad_request, "bad status code");
  }
  const char* const stop = find_control(reason, end);
  if (stop == end) return incomplete();
  const std::size_t line = line_end(input, static_cast<std::size_t>(stop - base), window);
  if (line == 0) return state_ == State::failed ? 0 : incomplete();
  second_ = place(base, reason, stop);
  return line;
}

}  // namespace detail

void RequestParser::begin() noexcept {
  if (keep_alive()) {
    begin_message();
  } else {
    expect_nothing();
  }
}

ParseStep RequestParser::feed(std::string_view input) {
  const ParseStep step = MessageParser::feed(input);
  if (step.event == ParseEvent::head) method_ = parse_method(method_name());
  return step;
}

}  // namespace hob::http
