// SPDX-License-Identifier: MIT
// How ServerConnection writes an answer.
#include <hob/core/error.hpp>
#include <hob/http/serializer.hpp>
#include <hob/task/as_result.hpp>

#include <algorithm>
#include <utility>

#include "http/scan.hpp"
#include "http/server_connection.hpp"

namespace hob::http::detail {

namespace {

/// Bodies up to this size are copied behind their head; larger ones are sent from where they are.
constexpr std::size_t kCopyMax = 16 << 10;
/// Smaller bodies are not worth a coding.
constexpr std::size_t kCompressMin = 256;

/// Fields that say how the message is framed belong to the server.
bool is_servers_field(std::string_view name) noexcept {
  switch (name.size()) {
    case 4:
      return is_name(name, "date");
    case 6:
      return is_name(name, "server");
    case 10:
      return is_name(name, "connection") || is_name(name, "keep-alive");
    case 14:
      return is_name(name, "content-length");
    case 17:
      return is_name(name, "transfer-encoding");
    default:
      return false;
  }
}

bool has_option(std::string_view value, std::string_view option) {
  bool found = false;
  for_each_element(
      value, [&](std::string_view element) { found |= equal_ignoring_case(element, option); });
  return found;
}

/// Whether a body of that type shrinks.
bool is_compressible(std::string_view type) noexcept {
  type = trimmed(type.substr(0, type.find(';')));
  return type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml") ||
         type == "application/json" || type == "application/javascript" ||
         type == "application/xml" || type == "application/wasm";
}

}  // namespace

/// Chooses a coding of the body, when there is a point in that.
void ServerConnection::compress(const ServerRequest& request, ServerResponse& response) {
  encoder_.reset();
  if (!app_->options.compress || !response.compressible || is_bodiless(response.status) ||
      response.status == Status::partial_content || response.headers.contains("Content-Encoding") ||
      !is_compressible(response.headers.get("Content-Type")))
    return;
  if (!response.write && response.body.size() < kCompressMin) return;
  // Caches must know, also when this client takes no coding.
  response.headers.add("Vary", "Accept-Encoding");
  const std::string accepted = request.headers().combined("Accept-Encoding");
  const std::string_view coding = Encoder::choose(accepted);
  if (coding.empty()) return;
  encoder_ = Encoder::make(coding);
  if (!encoder_) return;
  response.headers.set("Content-Encoding", coding);
  response.content_length = -1;
  // Other bytes are another representation: a strong tag would be wrong (RFC 9110, 8.8.3.3).
  const std::string tag(response.headers.get("ETag"));
  if (!tag.empty() && !tag.starts_with("W/")) response.headers.set("ETag", "W/" + tag);
  if (response.write) return;
  std::string encoded;
  encoder_->encode(response.body, encoded, Encoder::Flush::finish);
  response.body = std::move(encoded);
  encoder_.reset();
}

/// Everything before the body. The length of the body is not known when `left_` is negative.
void ServerConnection::write_head(const ServerRequest& request, ServerResponse& response,
                                  bool bodiless) {
  const std::size_t begin = out_.size();
  try {
    write_status_line(out_, response.status, response.reason);
  } catch (const ValueError&) {
    out_.resize(begin);
    write_status_line(out_, Status::internal_server_error);
  }
  for (const auto [name, value] : response.headers) {
    if (!is_servers_field(name)) {
      out_.append(name).append(": ").append(value).append("\r\n");
    } else if (name.size() == 10 && has_option(value, "close")) {
      keep_ = false;
    }
  }
  out_ += app_->standard_fields();
  chunked_ = false;
  if (!bodiless) {
    if (left_ >= 0) {
      write_content_length(out_, static_cast<std::uint64_t>(left_));
    } else if (request.version_minor() >= 1) {
      chunked_ = true;
      out_ += "Transfer-Encoding: chunked\r\n";
    } else {
      keep_ = false;
    }
  }
  if (!keep_) {
    out_ += "Connection: close\r\n";
  } else if (request.version_minor() == 0) {
    out_ += "Connection: keep-alive\r\n";
  }
  end_fields(out_);
}

void ServerConnection::write_whole(const ServerRequest& request, ServerResponse& response) {
  compress(request, response);
  const bool bodiless = is_bodiless(response.status);
  left_ = static_cast<std::int64_t>(response.body.size());
  write_head(request, response, bodiless);
  if (!bodiless && request.method() != Method::head) {
    sent_ = response.body.size();
    if (response.body.size() <= kCopyMax) {
      out_ += response.body;
    } else {
      writer_.writelines(out_, response.body);
      out_.clear();
    }
  }
  left_ = -1;
  if (reader_.buffered().empty() || !keep_) {
    flush();
  } else {
    flush_soon();
  }
}

Coro<> ServerConnection::write_stream(const ServerRequest& request, ServerResponse& response) {
  compress(request, response);
  const bool bodiless = is_bodiless(response.status);
  left_ = response.content_length;
  write_head(request, response, bodiless);
  if (bodiless || request.method() == Method::head) {
    flush();
    co_return;
  }
  // The head leaves with the first piece, or when the writer waits for something else.
  flush_soon();
  BodyWriter body(*this);
  const Result<> written = co_await as_result(response.write(body));
  if (written && encoder_) {
    std::string rest;
    encoder_->encode({}, rest, Encoder::Flush::finish);
    encoder_.reset();
    if (!rest.empty()) co_await write_piece(rest);
  }
  if (!written || left_ > 0) {
    // The client must not take it for whole.
    keep_ = false;
    flush();
    writer_.abort();
    if (!written) std::rethrow_exception(written.exception());
    throw RuntimeError("the body of a response is shorter than its content_length");
  }
  if (chunked_) write_last_chunk(out_, body.trailers_);
  left_ = -1;
  disarm(Phase::answer);
  flush();
}

hob::detail::WriterAwaiter ServerConnection::write_piece(Text bytes) {
  std::string encoded;
  if (encoder_ && !bytes.empty()) {
    encoder_->encode({bytes.data(), bytes.size()}, encoded, Encoder::Flush::sync);
    bytes = encoded;
  }
  if (!bytes.empty()) {
    if (left_ >= 0) {
      if (static_cast<std::uint64_t>(left_) < bytes.size())
        throw RuntimeError("the body of a response is longer than its content_length");
      left_ -= static_cast<std::int64_t>(bytes.size());
    }
    sent_ += bytes.size();
    if (chunked_) {
      begin_chunk(out_, bytes.size());
      writer_.writelines(Text(out_), bytes, Text("\r\n"));
    } else {
      writer_.writelines(Text(out_), bytes);
    }
    out_.clear();
  }
  arm(Phase::answer, app_->options.stall_timeout);
  return writer_.drain();
}

}  // namespace hob::http::detail

namespace hob::http {

hob::detail::WriterAwaiter BodyWriter::write(Text bytes) { return connection_.write_piece(bytes); }

}  // namespace hob::http
