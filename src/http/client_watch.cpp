// SPDX-License-Identifier: MIT
#include "http/client_watch.hpp"

#include <hob/core/text.hpp>
#include <hob/loop/event_loop.hpp>

#include <cerrno>
#include <utility>

#include "stream/stream_state.hpp"

namespace hob::http::detail {

namespace {

constexpr std::size_t kPiece = 4096;
constexpr int kPiecesMax = 16;  // in one turn

}  // namespace

ClientWatch::ClientWatch(StreamReader reader, hob::detail::TaskBase& task) noexcept
    : reader_(std::move(reader)), task_(task) {
  run = &run_node;
}

void ClientWatch::start(bool cancel) noexcept {
  cancel_ = cancel_ || cancel;
  if (watching_ || gone_.is_set()) return;
  hob::detail::StreamState& stream = *reader_.stream();
  if (stream.ended() || stream.core().closed) return;
  watching_ = true;
  stream.core().ready.push_back(*this);
}

void ClientWatch::stop() noexcept {
  watching_ = cancel_ = false;
  if (waits_) std::exchange(waits_, {})->forget(Transport::kRead);
  if (linked()) unlink();
}

void ClientWatch::run_node(hob::detail::Node* node) { static_cast<ClientWatch*>(node)->look(); }

void ClientWatch::look() noexcept {
  hob::detail::StreamState& stream = *reader_.stream();
  hob::detail::Ref<Transport> transport = std::exchange(waits_, {});
  if (!transport) transport = hob::detail::Ref<Transport>(stream.transport());
  // Somebody has borrowed the transport, or reads: the end will be seen there.
  if (stream.ended() || stream.fed_eof() || stream.error()) return lost();
  if (!transport || stream.reading()) return stop();
  for (int pieces = 0; pieces < kPiecesMax; ++pieces) {
    // Enough for the requests to come: the client has to wait, and is not watched.
    if (stream.unread().size() >= stream.limit()) return stop();
    char bytes[kPiece];
    const long n = transport->try_read(bytes, sizeof bytes);
    if (n == -EAGAIN) {
      waits_ = std::move(transport);
      return waits_->wait(Transport::kRead, *this);
    }
    if (n <= 0) {
      if (n == 0) stream.feed_eof();
      return lost();
    }
    try {
      stream.feed(Text(bytes, static_cast<std::size_t>(n)));
    } catch (...) {  // no memory: bytes are missing, so there is no going on
      stream.abort();
      return lost();
    }
  }
  waits_ = std::move(transport);
  stream.core().ready.push_back(*this);
}

void ClientWatch::lost() noexcept {
  const bool cancel = cancel_;
  stop();
  if (gone_.is_set()) return;
  gone_.set();
  if (!cancel) return;
  ++cancels_;
  task_.cancel({});
}

}  // namespace hob::http::detail
