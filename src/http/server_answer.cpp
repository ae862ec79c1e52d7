// SPDX-License-Identifier: MIT
// How ServerConnection writes an answer.
#include <hob/core/error.hpp>
#include <hob/executor/run_in_executor.hpp>
#include <hob/http/serializer.hpp>
#include <hob/stream/sendfile.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/timeout.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "http/scan.hpp"
#include "http/server_connection.hpp"
#include "sys/file.hpp"

namespace hob::http::detail {

namespace {

/// Bodies up to this size are copied behind their head; larger ones are sent from where they are.
constexpr std::size_t kCopyMax = 16 << 10;
/// Smaller bodies are not worth a coding.
constexpr std::size_t kCompressMin = 256;
/// Larger bodies are encoded in a thread: 64 KiB take about a millisecond.
constexpr std::size_t kEncodeOffLoop = 64 << 10;
/// So much of a file has to be taken within the time for which a client may stand still.
constexpr std::size_t kFilePiece = 128 << 10;

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

bool is_timeout(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const TimeoutError&) {
    return true;
  } catch (...) {
    return false;
  }
}

/// In a thread. When the request is gone meanwhile, and the descriptor another file's, nobody sees
/// what was read, and pread(2) moves nothing.
std::string read_piece_of(int file, std::int64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const long n = sys::read_file(file, bytes.data(), size, offset);
  if (n < 0) throw OSError(static_cast<int>(-n), "read");
  bytes.resize(static_cast<std::size_t>(n));
  return bytes;
}

std::string encoded(std::unique_ptr<Encoder> encoder, std::string body) {
  std::string out;
  encoder->encode(body, out, Encoder::Flush::finish);
  return out;
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
}

/// A whole body: in a thread when it is large.
Coro<> ServerConnection::encode_body(ServerResponse& response) {
  if (response.body.size() <= kEncodeOffLoop) {
    response.body = encoded(std::move(encoder_), std::move(response.body));
  } else {
    response.body = co_await to_thread(encoded, std::move(encoder_), std::move(response.body));
  }
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
  if (response.cancel_on_disconnect || app_->options.handler_cancellation) watch().start(true);
  const Result<> written = co_await as_result(response.write(body));
  if (watch_) watch_->stop();
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

/// Bytes of the body that are about to be sent.
void ServerConnection::count_piece(std::uint64_t size) {
  if (left_ >= 0) {
    if (static_cast<std::uint64_t>(left_) < size)
      throw RuntimeError("the body of a response is longer than its content_length");
    left_ -= static_cast<std::int64_t>(size);
  }
  sent_ += size;
}

hob::detail::WriterAwaiter ServerConnection::write_piece(Text bytes) {
  std::string encoded;
  if (encoder_ && !bytes.empty()) {
    encoder_->encode({bytes.data(), bytes.size()}, encoded, Encoder::Flush::sync);
    bytes = encoded;
  }
  if (!bytes.empty()) {
    count_piece(bytes.size());
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

Coro<> ServerConnection::write_file(int file, std::int64_t offset, std::uint64_t count) {
  const bool as_it_is = !encoder_ && !chunked_;
  if (as_it_is) flush();
  while (count != 0) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(count, kFilePiece));
    std::size_t sent = 0;
    if (as_it_is) {
      count_piece(size);
      disarm(Phase::answer);
      const Duration limit = app_->options.stall_timeout;
      Result<std::size_t> piece =
          co_await as_result(wait_for(sendfile(writer_, file, offset, size), limit));
      if (!piece && is_timeout(piece.exception())) throw OSError(ETIMEDOUT, "sendfile");
      sent = std::move(piece).value();
    } else {
      const std::string piece = co_await to_thread(read_piece_of, file, offset, size);
      sent = piece.size();
      if (sent != 0) co_await write_piece(piece);
    }
    if (sent == 0 || (as_it_is && sent < size))
      throw RuntimeError("a file has become shorter while it was sent");
    offset += static_cast<std::int64_t>(sent);
    count -= sent;
  }
}

}  // namespace hob::http::detail

namespace hob::http {

hob::detail::WriterAwaiter BodyWriter::write(Text bytes) { return connection_.write_piece(bytes); }

Coro<> BodyWriter::send_file(int file, std::int64_t offset, std::uint64_t count) {
  return connection_.write_file(file, offset, count);
}

}  // namespace hob::http
