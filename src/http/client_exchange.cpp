// SPDX-License-Identifier: MIT
#include "http/client_exchange.hpp"

#include <hob/http/client_error.hpp>
#include <hob/http/serializer.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/timeout.hpp>

#include <cerrno>

namespace hob::http::detail {
namespace {

constexpr std::size_t kSendAtOnce = 64 << 10;  // a body up to this size is written without waiting
constexpr Duration kContinuePatience = Duration::nanoseconds(1'000'000'000);

Coro<std::string_view> peek(StreamReader reader, std::size_t want) {
  const std::string_view view = co_await reader.peek(want);
  co_return view;
}

Coro<> wait_for_go(Future<void> go) { co_await go; }

}  // namespace

// A body that is written while the response may come already. Its task shares it with the exchange.
class Exchange::Upload {
 public:
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  std::string bytes;
  std::optional<AsyncGenerator<std::string>> stream;
  std::int64_t length = -1;
  bool chunked = false, wait = false, done = false;
  Future<void> go = create_future<void>();  // the server wants the body
  std::exception_ptr error;                 // of the generator
  Ref<SessionState> session;
  std::uint64_t number = 0;
  std::string method;
  Url url;

 private:
  unsigned refs_ = 1;
};

Exchange::Exchange(Lease lease, Ref<SessionState> session, Duration sock_read) noexcept
    : lease_(std::move(lease)), session_(std::move(session)), sock_read_(sock_read) {}

Exchange::~Exchange() { stop(); }

Coro<> Exchange::upload_body(Ref<Upload> upload, StreamWriter writer) {
  if (upload->wait) {
    const auto answered = co_await as_result(wait_for(wait_for_go(upload->go), kContinuePatience));
    if (answered.cancelled()) answered.value();
  }
  std::int64_t sent = 0;
  std::string frame;
  for (bool first = true;; first = false) {
    std::optional<std::string> piece;
    if (upload->stream) {
      auto next = co_await as_result(upload->stream->anext());
      if (next.cancelled()) next.value();
      if (!next) {
        upload->error = next.exception();
        writer.abort();
        co_return;
      }
      piece = std::move(*next);
    } else if (first) {
      piece = std::move(upload->bytes);
    }
    if (!piece) break;
    if (piece->empty()) continue;
    sent += static_cast<std::int64_t>(piece->size());
    if (upload->length >= 0 && sent > upload->length) break;
    if (upload->chunked) {
      frame.clear();
      begin_chunk(frame, piece->size());
      writer.writelines(frame, *piece, "\r\n");
    } else {
      writer.write(*piece);
    }
    upload->session->tell(TraceEvent::What::chunk_sent,
                          {upload->number, upload->method, &upload->url}, 0, piece->size());
    const auto drained = co_await as_result(writer.drain());
    if (drained.cancelled()) drained.value();
    if (!drained) co_return;  // whoever reads will find the connection broken, too
  }
  if (upload->length >= 0 && sent != upload->length) {
    upload->error = std::make_exception_ptr(
        ValueError("the body of the request has another length than was announced"));
    writer.abort();
    co_return;
  }
  if (upload->chunked) {
    frame.clear();
    write_last_chunk(frame);
    writer.write(frame);
    const auto drained = co_await as_result(writer.drain());
    if (drained.cancelled()) drained.value();
  }
  upload->done = true;
}

Coro<> Exchange::start(OutgoingRequest& request) {
  ClientConnection& connection = *lease_.connection();
  ++connection.requests;
  connection.parser.begin(parse_method(request.tag.method));
  const StreamWriter writer = connection.stream.writer;
  RequestBody* const body = request.body;
  const bool at_once =
      body && !body->streamed() && !request.expect_continue && body->bytes.size() <= kSendAtOnce;
  if (at_once && request.chunked) {
    std::string tail;
    write_chunk(tail, body->bytes);
    write_last_chunk(tail);
    writer.writelines(request.head, tail);
  } else if (at_once) {
    writer.writelines(request.head, body->bytes);
  } else {
    writer.write(request.head);
  }
  session_->tell(TraceEvent::What::headers_sent, request.tag);
  if (at_once && !body->bytes.empty()) {
    session_->tell(TraceEvent::What::chunk_sent, request.tag, 0, body->bytes.size());
  }
  if (body && !at_once) {
    upload_ = Ref<Upload>::adopt(new Upload);
    upload_->bytes = body->bytes;
    if (body->make) {
      upload_->stream.emplace(body->make());
    } else {
      upload_->stream = std::move(body->stream);
    }
    upload_->length = body->stream_length;
    upload_->chunked = request.chunked;
    upload_->wait = request.expect_continue;
    upload_->session = session_;
    upload_->number = request.tag.number;
    upload_->method = request.tag.method;
    upload_->url = *request.tag.url;
    uploading_ = create_task(upload_body(upload_, writer));
  }
  const auto read = co_await as_result(read_head(request));
  if (!read) {
    if (upload_ && upload_->error) std::rethrow_exception(upload_->error);
    read.value();
  }
  session_->tell(TraceEvent::What::headers_received, request.tag, status);
  if (!parser().has_body()) {
    finish();
  } else if (parser().framing() == Framing::length &&
             parser().content_length() <= reader().buffered().size()) {
    take_early();
  }
}

// A small body mostly comes with its head: then the connection is free for others at once, whether
// and whenever somebody reads it.
void Exchange::take_early() {
  for (;;) {
    const ParseStep step = parser().feed(reader().buffered());
    early_ += step.data;
    reader().consume(step.consumed);
    if (step.event == ParseEvent::end) return finish();
  }
}

bool Exchange::take_rest(std::string& rest) noexcept {
  if (!ended_) return false;
  rest = std::move(early_);
  early_.clear();
  return true;
}

void Exchange::drop() noexcept {
  while (!ended_ && lease_.connection()) {
    const ParseStep step = parser().feed(reader().buffered());
    reader().consume(step.consumed);
    if (step.event == ParseEvent::end) return finish();
    if (step.event != ParseEvent::data) break;
  }
  stop();
}

Coro<std::string_view> Exchange::more(std::size_t want) {
  const std::string_view here = reader().buffered();
  if (here.size() >= want) co_return here;
  if (sock_read_.is_forever()) {
    const std::string_view view = co_await reader().peek(want);
    co_return view;
  }
  auto view = co_await as_result(timeout(sock_read_, peek, reader(), want));
  if (view) co_return *view;
  if (type_name(view.exception()) == "TimeoutError") {
    throw SocketTimeoutError("nothing to read for too long");
  }
  std::rethrow_exception(view.exception());
}

Coro<> Exchange::read_head(OutgoingRequest& request) {
  for (std::size_t want = 1;;) {
    std::string_view view;
    try {
      view = co_await more(want);
    } catch (const OSError& error) {
      if (error.code() == ECONNRESET || error.code() == EPIPE) {
        throw ServerDisconnectedError("server disconnected: " + std::string(error.what()));
      }
      throw ClientOSError(error.code(), error.what());
    }
    if (view.size() < want) throw ServerDisconnectedError();
    got_bytes_ = true;
    const ParseStep step = parser().feed(view);
    if (step.event == ParseEvent::error) {
      throw BadHttpMessage(parser().error().reason, request.tag.url->text());
    }
    if (step.event == ParseEvent::head && !parser().interim()) {
      status = parser().status();
      version_minor = parser().version_minor();
      reason = parser().reason();
      headers = parser().headers();
      reader().consume(step.consumed);
      co_return;
    }
    if (step.event == ParseEvent::head && parser().status() == 100 && upload_ &&
        !upload_->go.done()) {
      upload_->go.set_result();
    }
    const std::size_t left = view.size() - step.consumed;
    reader().consume(step.consumed);
    if (step.event == ParseEvent::end) parser().begin(parse_method(request.tag.method));
    // After an interim head its end is known without any more bytes.
    if (step.event == ParseEvent::head && parser().feed({}).event == ParseEvent::end) {
      parser().begin(parse_method(request.tag.method));
    }
    want = step.event == ParseEvent::need_more ? left + 1 : 1;
  }
}

Coro<std::string_view> Exchange::next_data() {
  if (!early_.empty()) {
    given_ = std::move(early_);
    early_.clear();
    co_return given_;
  }
  if (ended_) co_return std::string_view();
  if (!lease_.connection()) throw ClientPayloadError("the connection is closed");
  for (std::size_t want = 0;;) {  // first what is there: the end may be known without more bytes
    std::string_view view;
    try {
      view = co_await more(want);
    } catch (const SocketTimeoutError&) {
      stop();
      throw;
    } catch (const OSError& error) {
      stop();
      throw ClientPayloadError(std::string("the body of the response is broken off: ") +
                               error.what());
    }
    if (view.size() < want) {
      if (parser().finish() != ParseEvent::end) {
        stop();
        throw ClientPayloadError("the body of the response is not complete");
      }
      finish();
      co_return std::string_view();
    }
    const ParseStep step = parser().feed(view);
    const std::size_t left = view.size() - step.consumed;
    reader().consume(step.consumed);
    if (step.event == ParseEvent::error) {
      const std::string why = parser().error().reason;
      stop();
      throw ClientPayloadError("the body of the response is malformed: " + why);
    }
    if (step.event == ParseEvent::end) {
      finish();
      co_return std::string_view();
    }
    if (step.event == ParseEvent::data && !step.data.empty()) co_return step.data;
    want = step.event == ParseEvent::need_more ? left + 1 : 0;
  }
}

void Exchange::finish() noexcept {
  ended_ = true;
  trailers = parser().take_trailers();
  const bool uploaded = !upload_ || upload_->done;
  if (parser().keep_alive() && uploaded && !parser().upgraded() && reader().buffered().empty()) {
    lease_.keep();
  } else {
    stop();
  }
}

void Exchange::stop() noexcept {
  if (uploading_) {
    if (!uploading_->done()) uploading_->cancel();
    uploading_.reset();
  }
  Lease dropped = std::move(lease_);
}

}  // namespace hob::http::detail
