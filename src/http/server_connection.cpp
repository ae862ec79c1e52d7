// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/serializer.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/loop/exception_context.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/this_task.hpp>

#include <algorithm>
#include <utility>

#include "http/error_page.hpp"
#include "http/server_connection.hpp"

namespace hob::http::detail {

namespace {

/// How much of a body that nobody has read is read to keep a connection, or to let the client see
/// the answer before it closes.
constexpr std::size_t kSkipMax = 64 << 10;
constexpr std::size_t kLingerMax = 256 << 10;
constexpr Duration kLingerTime = Duration::nanoseconds(2'000'000'000);
/// Answers of one step: more than this is sent before further requests are looked at.
constexpr std::size_t kBatchMax = 64 << 10;
/// Requests of one step, so that one connection does not keep all others waiting.
constexpr unsigned kStepMax = 64;

/// The answer that an exception of a handler means; without one (a fault) it is reported.
ServerResponse answer_of(const std::exception_ptr& error, ErrorPages pages,
                         const ServerRequest& request) {
  try {
    std::rethrow_exception(error);
  } catch (const HTTPException& e) {
    ServerResponse response = error_page(pages, &request, e.status(), e.what());
    for (const auto [name, value] : e.headers()) response.headers.set(name, value);
    return response;
  } catch (const JSONDecodeError& e) {
    return error_page(pages, &request, Status::bad_request, std::string("400: ") + e.what());
  } catch (...) {
    ExceptionContext context;
    context.message = "Error handling request " + std::string(request.method_name()) + ' ' +
                      std::string(request.raw_path());
    context.exception = error;
    get_running_loop().call_exception_handler(context);
    return error_page(pages, &request, Status::internal_server_error, "500: Internal Server Error");
  }
}

bool is_os_error(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const OSError&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

ServerConnection::ServerConnection(hob::detail::Ref<ServerApp> app, Stream stream,
                                   hob::detail::TaskBase& task) noexcept
    : app_(std::move(app)),
      reader_(std::move(stream.reader)),
      writer_(std::move(stream.writer)),
      task_(task),
      parser_(app_->options.limits),
      cancelling_before_(task.cancelling()) {
  app_->enter(*this);
}

ServerConnection::~ServerConnection() {
  timer_.cancel();
  flush_.cancel();
  app_->leave(*this);
}

Coro<> ServerConnection::run(hob::detail::Ref<ServerApp> app, Stream stream) {
  const std::size_t most = app->options.connections_max;
  const StreamWriter writer = stream.writer;
  if (app->closing() || (most != 0 && app->connections() >= most)) {
    writer.close();
    co_return;
  }
  hob::detail::TaskBase& task = co_await hob::detail::ThisTask();
  ServerConnection connection(std::move(app), std::move(stream), task);
  const Result<> ended = co_await as_result(connection.serve());
  // What a handler threw was answered; what comes here is a cancellation, or a client that is gone.
  if (ended) {
    writer.close();
  } else {
    writer.abort();
    if (is_os_error(ended.exception()) || connection.was_our_cancel(ended.exception())) co_return;
    std::rethrow_exception(ended.exception());
  }
}

/// Whether it is the cancellation of a client that is gone, or of a shutdown: the end of this
/// connection, and nothing that the one who awaits it has asked for.
bool ServerConnection::was_our_cancel(const std::exception_ptr& error) noexcept {
  if (!hob::detail::is_cancelled_error(error)) return false;
  const unsigned ours = cancels_ + (watch_ ? watch_->cancels() : 0);
  unsigned left = task_.cancelling();
  for (unsigned i = 0; i < ours; ++i) left = task_.uncancel();
  return ours != 0 && left <= cancelling_before_;
}

Coro<> ServerConnection::serve() {
  unsigned of_step = 0;
  while (keep_) {
    std::size_t consumed = 0;
    const bool there = co_await read_head(consumed);
    if (!there) co_return;
    ServerRequest request(*this);
    fill(request);
    reader_.consume(consumed);
    co_await serve_one(request);
    if (out_.size() > kBatchMax) flush();
    if (writer_.get_write_buffer_size() != 0) {
      arm(Phase::answer, app_->options.stall_timeout);
      co_await writer_.drain();
    }
    if (++of_step % kStepMax == 0 && !reader_.buffered().empty()) {
      flush();
      co_await sleep(Duration());
    }
  }
  flush();
  co_await linger();
}

/// Waits for the head of a request, which then stands at the beginning of the buffer; false when
/// there is none, and everything that could be answered was.
Coro<bool> ServerConnection::read_head(std::size_t& consumed) {
  parser_.begin();
  std::string_view bytes = reader_.buffered();
  ParseStep step = parser_.feed(bytes);
  bool waits_for_rest = false;
  while (step.event == ParseEvent::need_more) {
    flush();
    if (!parser_.in_message()) {
      if (app_->closing()) co_return false;
      arm(requests_ == 0 ? Phase::head : Phase::idle,
          requests_ == 0 ? app_->options.header_timeout : app_->options.idle_timeout);
    } else if (!std::exchange(waits_for_rest, true) && (requests_ != 0 || phase_ != Phase::head)) {
      arm(Phase::head, app_->options.header_timeout);
    }
    const std::size_t had = bytes.size();
    bytes = co_await reader_.peek(had + 1);
    if (timed_out_) co_return false;
    if (bytes.size() <= had) {
      if (parser_.finish() == ParseEvent::error)
        refuse(parser_.error().status, parser_.error().reason);
      co_return false;
    }
    step = parser_.feed(bytes);
  }
  if (step.event == ParseEvent::error) {
    refuse(parser_.error().status, parser_.error().reason);
    co_await linger();
    co_return false;
  }
  consumed = step.consumed;
  disarm(Phase::answer);
  co_return true;
}

void ServerConnection::fill(ServerRequest& request) {
  ++requests_;
  request.target_ = parser_.target();
  request.method_name_ = parser_.method_name();
  request.method_ = parser_.method();
  request.headers_ = parser_.headers();
  request.minor_ = static_cast<std::uint8_t>(parser_.version_minor());
  request.keep_alive_ = parser_.keep_alive();
  request.has_body_ = parser_.has_body();
  continue_due_ = parser_.expect_continue();
  const std::size_t most = app_->options.requests_max;
  keep_ = parser_.keep_alive() && (most == 0 || requests_ < most);
}

Coro<> ServerConnection::serve_one(ServerRequest& request) {
  ServerResponse response;
  std::exception_ptr error;
  if (app_->options.handler_cancellation) watch().start(true);
  try {
    Result<ServerResponse> answer = co_await as_result(app_->handle(request));
    if (answer) {
      response = std::move(*answer);
    } else {
      error = answer.exception();
    }
  } catch (...) {  // a handler that threw before it became a coroutine
    error = std::current_exception();
  }
  if (error) {
    if (hob::detail::is_cancelled_error(error)) std::rethrow_exception(error);
    response = answer_of(error, app_->options.error_pages, request);
  }
  if (watch_) watch_->stop();
  if (timed_out_) co_return;
  // A client that waits for "100 Continue" may send its body all the same, or may not.
  if (app_->closing() || continue_due_) keep_ = false;
  if (keep_ && !skip_buffered() && parser_.framing() == Framing::length &&
      parser_.content_length() > kSkipMax)
    keep_ = false;
  sent_ = 0;
  compress(request, response);
  if (encoder_ && !response.write) co_await encode_body(response);
  if (response.write) {
    co_await write_stream(request, response);
  } else {
    write_whole(request, response);
  }
  if (app_->options.access_log) app_->log(request, response.status, sent_);
  if (keep_ && request.has_body_) co_await skip_body();
}

/// Reads the next piece of the body; the client is told to send it, if it waits for that.
Coro<bool> ServerConnection::read_piece(ServerRequest& request, std::string& into) {
  if (continue_due_) {
    continue_due_ = false;
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  std::string_view bytes = reader_.buffered();
  while (true) {
    const ParseStep step = parser_.feed(bytes);
    into += step.data;
    reader_.consume(step.consumed);
    if (step.event == ParseEvent::data) co_return true;
    if (step.event == ParseEvent::end) {
      request.trailers_ = parser_.take_trailers();
      co_return false;
    }
    if (step.event == ParseEvent::error) {
      keep_ = false;
      throw HTTPException(parser_.error().status, parser_.error().reason);
    }
    flush();
    arm(Phase::body, app_->options.stall_timeout);
    const bool watched = watch_ && watch_->watching();
    if (watched) watch_->stop();
    const std::size_t had = bytes.size() - step.consumed;
    Result<std::string_view> more = co_await as_result(reader_.peek(had + 1));
    if (!more && !is_os_error(more.exception())) std::rethrow_exception(more.exception());
    bytes = more ? *more : std::string_view();  // a reset is the client's doing, too
    if (watched) watch_->start(app_->options.handler_cancellation);
    disarm(Phase::answer);
    if (bytes.size() <= had) {
      keep_ = false;
      throw HTTPBadRequest("the body is not complete");
    }
  }
}

/// Takes what has come of a body that nobody has read; gives whether that was all.
bool ServerConnection::skip_buffered() {
  while (parser_.in_message()) {
    const ParseStep step = parser_.feed(reader_.buffered());
    reader_.consume(step.consumed);
    if (step.event == ParseEvent::error) keep_ = false;
    if (step.event == ParseEvent::need_more || step.event == ParseEvent::error) return false;
  }
  return true;
}

/// The same, waiting for the rest; so much that the connection is worth it.
Coro<> ServerConnection::skip_body() {
  std::size_t skipped = 0;
  while (keep_ && !skip_buffered()) {
    flush();
    arm(Phase::idle, app_->options.stall_timeout);
    const std::size_t had = reader_.buffered().size();
    const std::string_view bytes = co_await reader_.peek(had + 1);
    disarm(Phase::answer);
    skipped += bytes.size() - had;
    if (bytes.size() <= had || skipped > kSkipMax) keep_ = false;
  }
}

/// Closes so that the client can read the last answer: a close with input that nobody has read
/// resets the connection, and may take the answer with it (RFC 9112, 9.6).
Coro<> ServerConnection::linger() {
  flush();
  if (timed_out_ || writer_.is_closing()) co_return;
  if (!writer_.can_write_eof()) co_return;
  writer_.write_eof();
  arm(Phase::linger, kLingerTime);
  std::size_t seen = 0;
  while (seen < kLingerMax) {
    const std::string_view bytes = co_await reader_.read_some();
    if (bytes.empty()) break;
    seen += bytes.size();
  }
}

/// An answer to what is no request.
void ServerConnection::refuse(int status, const char* reason) {
  keep_ = false;
  const std::string text = std::to_string(status) + ": " + reason;
  const ServerResponse page = error_page(app_->options.error_pages, nullptr, status, text);
  write_status_line(out_, status);
  out_ += app_->standard_fields();
  write_fields(out_, page.headers);
  out_ += "Connection: close\r\n";
  write_content_length(out_, page.body.size());
  end_fields(out_);
  out_ += page.body;
  flush();
}

void ServerConnection::flush() {
  if (out_.empty()) return;
  writer_.write(out_);
  out_.clear();
  if (out_.capacity() > kBatchMax) out_.shrink_to_fit();
}

/// Further requests are there: answers are kept to leave together, unless a handler waits.
void ServerConnection::flush_soon() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  flush_ = get_running_loop().call_soon([this] {
    flush_scheduled_ = false;
    flush();
  });
}

void ServerConnection::arm(Phase phase, Duration limit) {
  phase_ = phase;
  deadline_ = limit.is_forever() ? limit : get_running_loop().time() + limit;
  // A timer that is earlier looks at the deadline when it is due: most are moved, few pass.
  if (!deadline_.is_forever() && (!timer_ || timer_.when() > deadline_)) set_timer();
}

void ServerConnection::disarm(Phase phase) noexcept {
  phase_ = phase;
  deadline_ = Duration::forever();
}

void ServerConnection::set_timer() {
  timer_.cancel();
  timer_ = get_running_loop().call_at(deadline_, [this] { on_timer(); });
}

void ServerConnection::on_timer() {
  timer_ = TimerHandle();
  if (deadline_.is_forever()) return;
  if (get_running_loop().time() < deadline_) return set_timer();
  on_timeout();
}

void ServerConnection::on_timeout() {
  const Phase phase = phase_;
  deadline_ = Duration::forever();
  if (phase == Phase::answer && writer_.get_write_buffer_size() == 0) return;
  timed_out_ = true;
  if (phase == Phase::head || phase == Phase::body) {
    refuse(Status::request_timeout, "the request takes too long");
    writer_.close();
  } else if (phase == Phase::answer) {
    writer_.abort();
  } else {
    writer_.close();
  }
}

void ServerConnection::begin_shutdown() noexcept {
  const bool waits = phase_ == Phase::idle || phase_ == Phase::head;
  if (waits && !parser_.in_message()) writer_.close();
}

void ServerConnection::abort() noexcept {
  writer_.abort();
  if (task_.cancel({})) ++cancels_;
}

ClientWatch& ServerConnection::watch() {
  if (!watch_) watch_ = std::make_unique<ClientWatch>(reader_, task_);
  return *watch_;
}

bool ServerConnection::client_gone() const noexcept {
  return writer_.is_closing() || (watch_ && watch_->gone().is_set());
}

const ExtraInfo& ServerConnection::info() {
  if (!info_) info_ = writer_.get_extra_info();
  return *info_;
}

}  // namespace hob::http::detail
