// SPDX-License-Identifier: MIT
#include "http/file_response.hpp"

#include <hob/executor/run_in_executor.hpp>
#include <hob/http/byte_range.hpp>
#include <hob/http/coding.hpp>
#include <hob/http/http_exception.hpp>
#include <hob/http/multipart.hpp>
#include <hob/http/preconditions.hpp>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <utility>
#include <vector>

#include "http/digest.hpp"

namespace hob::http::detail {

namespace {

/// Files up to this size are read by the thread that opens them, and leave with their head.
constexpr std::size_t kReadMax = 16 << 10;

std::string content_type_of(const FileLookup& file, const FileOptions& options) {
  if (!options.content_type.empty()) return options.content_type;
  std::string type(guess_content_type(file.name));
  const bool text = type.starts_with("text/") || type == "application/json";
  if (text && !options.charset.empty()) type += "; charset=" + options.charset;
  return type;
}

/// A strong tag: other bytes have another time, size or coding.
Validators validators_of(const FileLookup& file, std::int64_t now) {
  char tag[64];
  std::snprintf(tag, sizeof tag, "\"%" PRIx64 "-%" PRIx64,
                static_cast<std::uint64_t>(file.status.modified_ns),
                static_cast<std::uint64_t>(file.status.size));
  std::string etag = tag;
  if (!file.coding.empty()) etag.append("-").append(file.coding);
  std::int64_t seconds = file.status.modified_ns / 1'000'000'000;
  if (file.status.modified_ns < 0 && file.status.modified_ns % 1'000'000'000 != 0) --seconds;
  // One in the future becomes now (RFC 9110, 8.8.2.1).
  return {etag + '"', std::min(seconds, now)};
}

/// Sends parts of a file, each behind a text.
struct SendParts {
  struct Part {
    std::string before;
    ByteRange range;
  };
  SendParts(sys::Fd f, std::vector<Part> p) noexcept : fd(std::move(f)), parts(std::move(p)) {}

  Coro<> operator()(BodyWriter& body) { return send(*this, body); }
  static Coro<> send(SendParts& self, BodyWriter& body) {
    for (const Part& part : self.parts) {
      co_await body.write(part.before);
      co_await body.send_file(self.fd.get(), static_cast<std::int64_t>(part.range.first),
                              part.range.size);
    }
  }

  sys::Fd fd;
  std::vector<Part> parts;
};

/// The body: from memory when it is there, else from the file while it is sent.
void set_body(ServerResponse& response, FileLookup& file, std::vector<SendParts::Part> parts) {
  std::uint64_t size = 0;
  for (const SendParts::Part& part : parts) size += part.before.size() + part.range.size;
  if (!file.read) {
    response.content_length = static_cast<std::int64_t>(size);
    response.write = SendParts(std::move(file.fd), std::move(parts));
    return;
  }
  if (parts.size() == 1 && size == file.content.size()) {
    response.body = std::move(file.content);
    return;
  }
  for (const SendParts::Part& part : parts)
    response.body.append(part.before).append(file.content, part.range.first, part.range.size);
}

/// Several ranges (RFC 9110, 15.3.7.2).
void set_ranges(ServerResponse& response, FileLookup& file, const std::vector<ByteRange>& ranges,
                std::uint64_t size) {
  const std::string boundary = "hob-" + random_hex(16);
  std::string type = "multipart/byteranges; boundary=" + boundary;
  const std::string part_type(response.headers.get("Content-Type"));
  std::vector<SendParts::Part> parts;
  for (const ByteRange& range : ranges) {
    std::string before = parts.empty() ? "--" : "\r\n--";
    before += boundary + "\r\nContent-Type: " + part_type +
              "\r\nContent-Range: " + content_range(range, size) + "\r\n\r\n";
    parts.push_back({std::move(before), range});
  }
  parts.push_back({"\r\n--" + boundary + "--\r\n", {}});
  response.headers.set("Content-Type", type);
  set_body(response, file, std::move(parts));
}

void set_common_fields(ServerResponse& response, const FileLookup& file,
                       const Validators& validators, const FileOptions& options) {
  validators.write_to(response.headers);
  if (!options.cache_control.empty()) response.headers.set("Cache-Control", options.cache_control);
  if (file.varies) response.headers.set("Vary", "Accept-Encoding");
}

/// A quoted name, and the same in UTF-8 when it needs more than ASCII (RFC 6266).
std::string attachment_of(const std::string& name) {
  std::string quoted, encoded;
  bool plain = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool ascii = byte >= 0x20 && byte < 0x7f;
    plain = plain && ascii;
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += ascii ? c : '_';
  }
  std::string value = "attachment; filename=\"" + quoted + '"';
  if (!plain) value += "; filename*=UTF-8''" + percent_encode(name);
  return value;
}

}  // namespace

void prepare_query(FileQuery& query, const ServerRequest& request, const FileOptions& options) {
  const Headers& headers = request.headers();
  const bool may_be_known = headers.contains("If-None-Match") || headers.contains("If-Match") ||
                            headers.contains("If-Modified-Since");
  if (request.method() == Method::get && !may_be_known) query.read_max = kReadMax;
  if (!options.precompressed) return;
  const std::string accepted = headers.combined("Accept-Encoding");
  query.look_for_siblings = true;
  std::vector<int> weights;  // of the codings so far, falling
  for (const std::string_view coding : {"br", "zstd", "gzip"}) {
    const int weight = Encoder::weight(accepted, coding);
    if (weight == 0) continue;
    const auto at = std::find_if(weights.begin(), weights.end(), [&](int w) { return w < weight; });
    query.codings.insert(query.codings.begin() + (at - weights.begin()), coding);
    weights.insert(at, weight);
  }
}

ServerResponse answer_with(const ServerRequest& request, FileLookup file,
                           const FileOptions& options) {
  if (file.kind == FileLookup::Kind::forbidden) throw HTTPForbidden();
  if (file.kind != FileLookup::Kind::file) throw HTTPNotFound();
  const std::int64_t now = std::time(nullptr);
  const Validators validators = validators_of(file, now);
  const Precondition outcome = check_preconditions(request.method(), request.headers(), validators);
  if (outcome == Precondition::failed) throw HTTPPreconditionFailed();
  ServerResponse response(outcome == Precondition::proceed ? Status::ok : Status::not_modified);
  set_common_fields(response, file, validators, options);
  if (outcome == Precondition::not_modified) return response;

  response.headers.add("Content-Type", content_type_of(file, options));
  response.headers.add("Accept-Ranges", "bytes");
  if (!options.attachment.empty())
    response.headers.add("Content-Disposition", attachment_of(options.attachment));
  if (!file.coding.empty()) response.headers.add("Content-Encoding", file.coding);
  const auto size = static_cast<std::uint64_t>(file.status.size);
  RangeRequest ranges;
  if (request.method() == Method::get && range_applies(request.headers(), validators, now))
    ranges = RangeRequest::parse(request.headers().combined("Range"), size);
  if (ranges.kind == RangeRequest::Kind::unsatisfiable) {
    HTTPRequestRangeNotSatisfiable error;
    error.headers().set("Content-Range", unsatisfied_range(size));
    throw error;
  }
  if (ranges.kind == RangeRequest::Kind::whole) {
    set_body(response, file, {{"", {0, size}}});
    return response;
  }
  response.status = Status::partial_content;
  if (ranges.ranges.size() > 1) {
    set_ranges(response, file, ranges.ranges, size);
  } else {
    response.headers.add("Content-Range", content_range(ranges.ranges.front(), size));
    set_body(response, file, {{"", ranges.ranges.front()}});
  }
  return response;
}

}  // namespace hob::http::detail

namespace hob::http {

namespace {

Coro<ServerResponse> respond_with_file(ServerRequest& request, detail::FileQuery query,
                                       FileOptions options) {
  detail::prepare_query(query, request, options);
  detail::FileLookup file = co_await to_thread(detail::look_up, std::move(query));
  if (file.kind == detail::FileLookup::Kind::unslashed)
    file.kind = detail::FileLookup::Kind::missing;
  co_return detail::answer_with(request, std::move(file), options);
}

}  // namespace

Coro<ServerResponse> file_response(ServerRequest& request, Text path, FileOptions options) {
  detail::FileQuery query;
  query.path.assign(path.data(), path.size());
  return respond_with_file(request, std::move(query), std::move(options));
}

}  // namespace hob::http
