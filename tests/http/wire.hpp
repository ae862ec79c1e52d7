// SPDX-License-Identifier: MIT
// Parses whole conversations and writes down what the parser said, so that tests can compare texts.
#pragma once

#include <hob/http/request_parser.hpp>
#include <hob/http/response_parser.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wire {

using hob::http::Framing;
using hob::http::ParseEvent;
using hob::http::ParserLimits;
using hob::http::ParseStep;

inline std::string fields(const hob::http::Headers& headers) {
  std::string text;
  for (const auto [name, value] : headers)
    text.append("  ").append(name).append(": ").append(value).append("\n");
  return text;
}

inline std::string describe(const hob::http::RequestParser& parser) {
  std::string text(parser.method_name());
  text.append(" ").append(parser.target());
  if (parser.expect_continue()) text += " continue?";
  return text;
}

inline std::string describe(const hob::http::ResponseParser& parser) {
  return std::to_string(parser.status()) + " [" + std::string(parser.reason()) + "]";
}

template <class Parser>
std::string describe_head(const Parser& parser) {
  std::string text = describe(parser);
  text += " 1." + std::to_string(parser.version_minor());
  if (!parser.keep_alive()) text += " close";
  if (parser.upgrade()) text += " upgrade";
  if (parser.framing() == Framing::length)
    text += " length " + std::to_string(parser.content_length());
  if (parser.framing() == Framing::chunked) text += " chunked";
  if (parser.framing() == Framing::until_close) text += " until close";
  return text + "\n" + fields(parser.headers());
}

/// A connection over which `bytes` come in pieces that end at `cuts` and at the end of the bytes.
/// `begin(parser)` is called before each message.
template <class Parser, class Begin>
std::string converse(std::string_view bytes, const std::vector<std::size_t>& cuts, Begin begin,
                     const ParserLimits& limits = {}) {
  Parser parser(limits);
  begin(parser);
  std::string log, body;
  std::size_t done = 0, piece = 0;
  const auto flush = [&] {
    if (!body.empty()) log += "\"" + body + "\"\n";
    body.clear();
  };
  for (std::size_t end = 0;;) {
    // Another copy each time, of exactly what may be looked at: AddressSanitizer sees the rest.
    const std::vector<char> copy(bytes.begin() + static_cast<std::ptrdiff_t>(done),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const ParseStep step = parser.feed({copy.data(), copy.size()});
    done += step.consumed;
    if (step.event == ParseEvent::head) log += describe_head(parser);
    if (step.event == ParseEvent::data) body += step.data;
    if (step.event == ParseEvent::end) {
      flush();
      log += "end\n" + fields(parser.take_trailers());
      begin(parser);
    }
    if (step.event == ParseEvent::need_more) {
      if (end == bytes.size()) break;
      end = piece < cuts.size() ? cuts[piece++] : bytes.size();
    }
    if (step.event == ParseEvent::error) {
      flush();
      return log + "error " + std::to_string(parser.error().status) + " " + parser.error().reason +
             "\n";
    }
  }
  flush();
  if (parser.in_message() && parser.finish() == ParseEvent::error) log += "cut off\n";
  return log;
}

/// Every cut into two, and byte by byte, must give the same as the whole; gives that.
template <class Parser, class Begin>
std::string converse_in_pieces(std::string_view bytes, Begin begin,
                               const ParserLimits& limits = {}) {
  const std::string whole = converse<Parser>(bytes, {}, begin, limits);
  std::vector<std::size_t> each;
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    each.push_back(i);
    const std::string two = converse<Parser>(bytes, {i}, begin, limits);
    if (two != whole) return "cut at " + std::to_string(i) + ":\n" + two + "whole:\n" + whole;
  }
  const std::string bytewise = converse<Parser>(bytes, each, begin, limits);
  return bytewise == whole ? whole : "bytewise:\n" + bytewise + "whole:\n" + whole;
}

inline std::string requests(std::string_view bytes, const ParserLimits& limits = {}) {
  return converse_in_pieces<hob::http::RequestParser>(
      bytes, [](hob::http::RequestParser& parser) { parser.begin(); }, limits);
}

inline std::string responses(std::string_view bytes,
                             hob::http::Method method = hob::http::Method::get,
                             const ParserLimits& limits = {}) {
  return converse_in_pieces<hob::http::ResponseParser>(
      bytes, [method](hob::http::ResponseParser& parser) { parser.begin(method); }, limits);
}

}  // namespace wire
