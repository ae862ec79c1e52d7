// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/http_exception.hpp>
#include <hob/http/multipart_reader.hpp>
#include <hob/http/server_request.hpp>

#include <utility>

namespace hob::http {

namespace {

MultipartParser parser_of(const ServerRequest& request, MultipartLimits limits) {
  const std::string_view type = request.headers().get("Content-Type");
  if (!ContentType::parse(type).type.starts_with("multipart/")) throw HTTPUnsupportedMediaType();
  try {
    return MultipartParser::for_type(type, limits);
  } catch (const ValueError& error) {
    throw HTTPBadRequest(error.what());
  }
}

}  // namespace

MultipartReader::MultipartReader(ServerRequest& request, MultipartLimits limits)
    : request_(request), parser_(parser_of(request, limits)) {}

/// What the parser finds next, with as much of the body as that takes.
Coro<MultipartParser::Event> MultipartReader::step() {
  while (true) {
    MultipartParser::Event event{};
    try {
      event = parser_.next();
    } catch (const ValueError& error) {
      throw HTTPBadRequest(error.what());
    }
    if (event != MultipartParser::Event::need_more) co_return event;
    std::optional<std::string> more = co_await request_.next_chunk();
    if (more) {
      parser_.feed(*more);
    } else {
      parser_.finish();
    }
  }
}

Coro<bool> MultipartReader::next() {
  while (true) {
    const MultipartParser::Event event = co_await step();
    if (event == MultipartParser::Event::end) co_return false;
    if (event == MultipartParser::Event::part_end) in_part_ = false;
    if (event != MultipartParser::Event::part) continue;
    const ContentDisposition disposition = parser_.disposition();
    name_ = disposition.name().value_or("");
    filename_ = disposition.filename();
    in_part_ = true;
    co_return true;
  }
}

std::string MultipartReader::content_type() const {
  const std::string type = ContentType::parse(headers().get("Content-Type")).type;
  return type.empty() ? "text/plain" : type;  // RFC 7578, 4.4
}

Coro<std::optional<std::string>> MultipartReader::next_chunk() {
  if (!in_part_) co_return std::nullopt;
  const MultipartParser::Event event = co_await step();
  if (event == MultipartParser::Event::data) co_return std::string(parser_.data());
  in_part_ = false;
  co_return std::nullopt;
}

Coro<std::string> MultipartReader::read(std::size_t limit) {
  std::string content;
  while (true) {
    const std::optional<std::string> chunk = co_await next_chunk();
    if (!chunk) co_return content;
    if (chunk->size() > limit - content.size()) throw HTTPRequestEntityTooLarge();
    content += *chunk;
  }
}

Coro<Form> ServerRequest::post() {
  Form form;
  const ContentType type = ContentType::parse(headers_.get("Content-Type"));
  if (type.type == "application/x-www-form-urlencoded") {
    co_await load();
    form.fields = Params::parse(body_);
    co_return form;
  }
  if (type.type != "multipart/form-data") throw HTTPUnsupportedMediaType();
  MultipartReader parts(*this);
  std::size_t left = body_max();
  while (true) {
    const bool more = co_await parts.next();
    if (!more) co_return form;
    std::string content = co_await parts.read(left);
    left -= content.size();
    if (!parts.filename()) {
      form.fields.add(parts.name(), content);
      continue;
    }
    FormFile file;
    file.name = parts.name();
    file.filename = *parts.filename();
    file.content_type = parts.content_type();
    file.content = std::move(content);
    form.files.push_back(std::move(file));
  }
}

}  // namespace hob::http
