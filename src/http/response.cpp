// SPDX-License-Identifier: MIT
#include <hob/http/response.hpp>

#include "http/response_state.hpp"

#include <hob/http/charset.hpp>
#include <hob/http/client_error.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/stream/errors.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/timeout.hpp>

#include <chrono>

namespace hob::http {

using detail::Ref;
using detail::ResponseState;

namespace detail {

namespace {

constexpr std::size_t kDecodeAtOnce = 32 << 10;
constexpr std::size_t kLineMax = 1 << 20;
constexpr std::size_t kReleaseMax = 64 << 10;

[[noreturn]] void throw_too_large() {
  throw ClientPayloadError("the body of the response is larger than the limit");
}

}  // namespace

Coro<std::string_view> ResponseState::next_piece() {
  while (!ended) {
    if (!decoder) {
      const std::string_view piece = co_await exchange->next_data();
      ended = piece.empty();
      if (!ended) tell_received(piece.size());
      co_return piece;
    }
    decoded_.resize(kDecodeAtOnce);
    Decoded step;
    try {
      step = decoder->decode(std::string_view(encoded_).substr(encoded_at_), decoded_.data(),
                             decoded_.size());
    } catch (...) {
      exchange->stop();
      throw;
    }
    encoded_at_ += step.consumed;
    if (step.produced != 0) {
      tell_received(step.produced);
      co_return std::string_view(decoded_).substr(0, step.produced);
    }
    if (step.consumed != 0) continue;
    const std::string_view more = co_await exchange->next_data();
    if (more.empty()) {
      ended = true;
      if (!decoder->may_end()) throw ClientPayloadError("the encoded body is truncated");
    } else if (!step.done) {
      encoded_.erase(0, encoded_at_);
      encoded_at_ = 0;
      encoded_ += more;
    }
  }
  co_return std::string_view();
}

bool ResponseState::load_now() {
  if (body_read) return true;
  if (decoder || ahead_at != ahead.size() || !body.empty()) return false;
  if (!exchange->take_rest(body)) return false;
  if (!body.empty()) tell_received(body.size());
  ended = body_read = true;
  if (body.size() > body_limit) throw_too_large();
  return true;
}

Coro<bool> ResponseState::fill() {
  if (body_read) co_return false;
  const std::string_view piece = co_await next_piece();
  if (piece.empty()) co_return false;
  ahead.erase(0, ahead_at);
  ahead_at = 0;
  ahead += piece;
  co_return true;
}

template <class T, class... Args>
Coro<T> ResponseState::limited(Ref<ResponseState> self, Coro<T> (*fn)(Ref<ResponseState>, Args...),
                               std::type_identity_t<Args>... args) {
  if (self->deadline.is_forever() || self->ended) {
    T value = co_await fn(self, std::move(args)...);
    co_return value;
  }
  auto outcome = co_await as_result(timeout_at(self->deadline, fn, self, std::move(args)...));
  if (!outcome && !outcome.cancelled() && type_name(outcome.exception()) == "TimeoutError") {
    self->exchange->stop();
  }
  co_return std::move(outcome).value();
}

namespace {

// Makes `body` the whole of it.
Coro<None> load(Ref<ResponseState> self) {
  if (self->load_now()) co_return None();
  self->body.append(self->ahead, self->ahead_at);
  self->ahead.clear();
  self->ahead_at = 0;
  for (;;) {
    const std::string_view piece = co_await self->next_piece();
    if (piece.empty()) break;
    if (piece.size() > self->body_limit - self->body.size()) {
      self->exchange->stop();
      throw_too_large();
    }
    self->body += piece;
  }
  self->body_read = true;
  co_return None();
}

Coro<std::string> read_all(Ref<ResponseState> self) {
  if (!self->load_now()) co_await ResponseState::limited(self, &load);
  co_return self->body;
}

std::string take_ahead(ResponseState& self, std::size_t n) {
  std::string taken = self.ahead.substr(self.ahead_at, n);
  self.ahead_at += taken.size();
  return taken;
}

std::size_t available(const ResponseState& self) { return self.ahead.size() - self.ahead_at; }

Coro<std::string> read_some(Ref<ResponseState> self, std::size_t n) {
  if (n == 0) co_return std::string();
  if (available(*self) == 0) co_await self->fill();
  co_return take_ahead(*self, n);
}

Coro<std::string> read_exactly_or_rest(Ref<ResponseState> self, std::size_t n) {
  while (available(*self) < n) {
    const bool more = co_await self->fill();
    if (!more) break;
  }
  co_return take_ahead(*self, n);
}

Coro<std::string> read_until(Ref<ResponseState> self, std::string separator) {
  if (separator.empty()) throw ValueError("the separator is empty");
  std::size_t scanned = 0;  // no separator begins before
  for (;;) {
    const std::size_t at = self->ahead.find(separator, self->ahead_at + scanned);
    if (at != std::string::npos) {
      co_return take_ahead(*self, at + separator.size() - self->ahead_at);
    }
    const std::size_t here = available(*self);
    if (here > kLineMax) throw ValueError("a line of the body is too long");
    scanned = here < separator.size() ? 0 : here - separator.size() + 1;
    const bool more = co_await self->fill();
    if (!more) co_return take_ahead(*self, SIZE_MAX);
  }
}

Coro<std::string> read_line(Ref<ResponseState> self) { return read_until(std::move(self), "\n"); }

Coro<std::string> read_exactly(Ref<ResponseState> self, std::size_t n) {
  std::string bytes = co_await read_exactly_or_rest(self, n);
  if (bytes.size() < n) throw IncompleteReadError(std::move(bytes), n);
  co_return bytes;
}

Coro<std::string> release_rest(Ref<ResponseState> self, std::size_t limit) {
  while (limit != 0) {
    const std::string_view piece = co_await self->exchange->next_data();
    if (piece.empty()) {
      self->ended = true;
      break;
    }
    limit -= std::min(limit, piece.size());
  }
  co_return std::string();
}

Coro<std::optional<std::string>> none_if_empty(Coro<std::string> (*fn)(Ref<ResponseState>,
                                                                       std::size_t),
                                               Ref<ResponseState> self, std::size_t n) {
  std::string piece = co_await ResponseState::limited(self, fn, n);
  if (piece.empty()) co_return std::nullopt;
  co_return piece;
}

Coro<std::optional<std::string>> line_without_end(Ref<ResponseState> self) {
  std::string line = co_await ResponseState::limited(self, &read_line);
  if (line.empty()) co_return std::nullopt;
  if (line.ends_with('\n')) line.pop_back();
  if (line.ends_with('\r')) line.pop_back();
  co_return line;
}

Coro<std::string> text_of(Ref<ResponseState> self, std::string encoding) {
  if (!self->load_now()) co_await ResponseState::limited(self, &load);
  if (encoding.empty()) {
    const std::string_view type = self->exchange->headers.get("Content-Type");
    if (type.find(';') != std::string_view::npos) encoding = ContentType::parse(type).charset();
  }
  co_return decode_text(self->body, encoding);
}

Coro<> release_quietly(Ref<ResponseState> self) {
  if (self->ended) co_return;
  const auto done = co_await as_result(ResponseState::limited(self, &release_rest, kReleaseMax));
  self->exchange->stop();
  if (done.cancelled()) done.value();
}

}  // namespace
}  // namespace detail

Response::Response(const Response& other) noexcept : state_(other.state_) { state_->retain(); }

Response::~Response() {
  if (state_) state_->release();
}

int Response::status() const noexcept { return state_->exchange->status; }
const std::string& Response::reason() const noexcept { return state_->exchange->reason; }
const Headers& Response::headers() const noexcept { return state_->exchange->headers; }
const Headers& Response::trailers() const noexcept { return state_->exchange->trailers; }
const Url& Response::url() const noexcept { return state_->url; }
const std::string& Response::method() const noexcept { return state_->method; }
int Response::version_minor() const noexcept { return state_->exchange->version_minor; }
const std::vector<Response>& Response::history() const noexcept { return state_->history; }

std::vector<Cookie> Response::cookies() const {
  using namespace std::chrono;
  const auto now = duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
  std::vector<Cookie> found;
  for (const std::string_view field : headers().get_all("Set-Cookie")) {
    if (auto cookie = Cookie::parse(field, url(), now)) found.push_back(std::move(*cookie));
  }
  return found;
}

ContentType Response::content_type() const {
  return ContentType::parse(headers().get("Content-Type"));
}

ContentDisposition Response::content_disposition() const {
  return ContentDisposition::parse(headers().get("Content-Disposition"));
}

std::vector<Link> Response::links() const { return Link::parse(headers().combined("Link"), url()); }

Coro<std::string> Response::read() const { return detail::read_all(Ref<ResponseState>(state_)); }
Coro<std::string> Response::bytes() const { return read(); }
Coro<std::string> Response::text(std::string_view encoding) const {
  return detail::text_of(Ref<ResponseState>(state_), std::string(encoding));
}
Coro<> Response::release() const { return detail::release_quietly(Ref<ResponseState>(state_)); }
void Response::close() const noexcept { state_->exchange->stop(); }

void Response::raise_for_status() const {
  if (status() < 400) return;
  close();
  throw ClientStatusError(status(), reason(), url().text());
}

Coro<std::string> Content::read(std::size_t n) const {
  return ResponseState::limited(Ref<ResponseState>(state_), &detail::read_some, n);
}
Coro<std::string> Content::readany() const { return read(SIZE_MAX); }
Coro<std::string> Content::readline() const {
  return ResponseState::limited(Ref<ResponseState>(state_), &detail::read_line);
}
Coro<std::string> Content::readexactly(std::size_t n) const {
  return ResponseState::limited(Ref<ResponseState>(state_), &detail::read_exactly, n);
}
Coro<std::string> Content::readuntil(std::string_view separator) const {
  return ResponseState::limited(Ref<ResponseState>(state_), &detail::read_until,
                                std::string(separator));
}
Coro<std::optional<std::string>> Content::next_chunk(std::size_t n) const {
  return detail::none_if_empty(&detail::read_exactly_or_rest, Ref<ResponseState>(state_), n);
}
Coro<std::optional<std::string>> Content::next_line() const {
  return detail::line_without_end(Ref<ResponseState>(state_));
}
bool Content::at_eof() const noexcept {
  return state_->ended && state_->ahead_at == state_->ahead.size();
}

}  // namespace hob::http
