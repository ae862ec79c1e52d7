// SPDX-License-Identifier: MIT
// Test support: two transports joined in memory that can be slow, short and broken; coroutines that
// move bytes over any transport; and TLS handshakes over them.
#pragma once

#include <hob/core/error.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/gather.hpp>
#include <hob/task/task_group.hpp>
#include <hob/tls.hpp>

#include "tls/transport_ready.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

namespace wire {

using hob::Coro;
using hob::Result;
using hob::SecurityRequest;
using hob::TlsContext;
using hob::Transport;
using hob::detail::Ref;
using TransportRef = Ref<Transport>;

struct Options {
  std::size_t step = SIZE_MAX;       // the most that a call moves
  std::size_t capacity = 64 * 1024;  // of each direction
  bool stutter = false;              // every second call gives -EAGAIN for no reason
};

// One direction.
struct Lane {
  std::string bytes;
  std::size_t total = 0;  // ever written
  bool ended = false;     // the writer has closed
  bool gone = false;      // the reader has closed
  struct Waiter {
    hob::detail::Node* node = nullptr;
    bool waits = false;  // else it was woken: perhaps it is in the ready queue still
  } reader, writer;
};

// Both directions, shared by the two ends.
struct Line {
  Lane lanes[2];
  Options options;
  unsigned refs = 1;
  void retain() noexcept { ++refs; }
  void release() noexcept {
    if (--refs == 0) delete this;
  }
};

inline void wake(Lane::Waiter& waiter) {
  if (std::exchange(waiter.waits, false))
    hob::detail::running_loop->core().ready.push_back(*waiter.node);
}

class End final : public Transport {
 public:
  End(Ref<Line> line, int side) : line_(std::move(line)), side_(side) {}
  ~End() override { close(); }

  long try_read(char* data, std::size_t size) noexcept override {
    if (closed_) return -EBADF;
    Lane& lane = line_->lanes[1 - side_];
    if (lane.bytes.empty()) return lane.ended ? 0 : -EAGAIN;
    if (hesitate(kRead)) return -EAGAIN;
    const std::size_t count = std::min({size, lane.bytes.size(), line_->options.step});
    std::memcpy(data, lane.bytes.data(), count);
    lane.bytes.erase(0, count);
    wake(lane.writer);
    return static_cast<long>(count);
  }
  long try_write(const hob::Slice* slices, std::size_t count) noexcept override {
    if (closed_) return -EBADF;
    Lane& lane = line_->lanes[side_];
    if (lane.gone) return -EPIPE;
    std::size_t room = line_->options.capacity - lane.bytes.size();
    if (room == 0 || hesitate(kWrite)) return -EAGAIN;
    room = std::min(room, line_->options.step);
    std::size_t done = 0;
    for (std::size_t i = 0; i < count && done < room; ++i) {
      const std::size_t part = std::min(slices[i].size, room - done);
      lane.bytes.append(slices[i].data, part);
      done += part;
    }
    lane.total += done;
    wake(lane.reader);
    return static_cast<long>(done);
  }
  void wait(Direction direction, hob::detail::Node& node) noexcept override {
    Lane::Waiter& mine = slot(direction);
    mine.node = &node;
    mine.waits = true;
    const Lane& in = line_->lanes[1 - side_];
    const Lane& out = line_->lanes[side_];
    const bool ready =
        closed_ || (direction == kRead ? !in.bytes.empty() || in.ended
                                       : out.gone || out.bytes.size() < line_->options.capacity);
    if (ready) wake(mine);
  }
  void forget(Direction direction) noexcept override {
    Lane::Waiter& mine = slot(direction);
    mine.waits = false;
    hob::detail::Node* node = std::exchange(mine.node, nullptr);
    if (node && node->linked()) node->unlink();
  }
  int write_eof() noexcept override {
    line_->lanes[side_].ended = true;
    wake(line_->lanes[side_].reader);
    return 0;
  }
  bool can_write_eof() const noexcept override { return true; }
  void close() noexcept override {
    if (std::exchange(closed_, true)) return;
    line_->lanes[1 - side_].gone = true;
    write_eof();
    if (!hob::detail::running_loop) return;
    wake(line_->lanes[1 - side_].writer);
    wake(slot(kRead));
    wake(slot(kWrite));
  }
  bool closed() const noexcept override { return closed_; }
  void describe(hob::ExtraInfo&) const override {}

 private:
  Lane::Waiter& slot(Direction direction) {
    return direction == kRead ? line_->lanes[1 - side_].reader : line_->lanes[side_].writer;
  }
  bool hesitate(Direction direction) {
    return line_->options.stutter && (hesitated_[direction] = !hesitated_[direction]);
  }

  Ref<Line> line_;
  int side_;
  bool hesitated_[2] = {false, false};
  bool closed_ = false;
};

struct Ends {
  TransportRef client;
  TransportRef server;
  Ref<Line> line;
};

inline Ends make_ends(Options options = {}) {
  auto line = Ref<Line>::adopt(new Line);
  line->options = options;
  return {TransportRef::adopt(new End(line, 0)), TransportRef::adopt(new End(line, 1)), line};
}

// Bytes over any transport.

[[noreturn]] inline void raise(const Transport& transport, long code, const char* what) {
  std::rethrow_exception(transport.error(static_cast<int>(code), what));
}

/// Up to `size` bytes; "" at the end.
inline Coro<std::string> read_some(TransportRef transport, std::size_t size) {
  std::string data(size, '\0');
  for (;;) {
    const long count = transport->try_read(data.data(), size);
    if (count >= 0) {
      data.resize(static_cast<std::size_t>(count));
      co_return data;
    }
    if (count != -EAGAIN) raise(*transport, count, "read");
    co_await hob::detail::TransportReady(*transport, Transport::kRead);
  }
}

inline Coro<std::string> read_exactly(TransportRef transport, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::string some = co_await read_some(transport, size - all.size());
    if (some.empty()) break;
    all += some;
  }
  co_return all;
}

inline Coro<std::string> read_all(TransportRef transport) {
  std::string all;
  for (;;) {
    const std::string some = co_await read_some(transport, 10'000);
    if (some.empty()) co_return all;
    all += some;
  }
}

inline Coro<> write_all(TransportRef transport, std::string data) {
  std::size_t done = 0;
  while (done < data.size()) {
    const hob::Slice slice{data.data() + done, data.size() - done};
    const long count = transport->try_write(&slice, 1);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (count == -EAGAIN) {
      co_await hob::detail::TransportReady(*transport, Transport::kWrite);
    } else {
      raise(*transport, count, "write");
    }
  }
}

/// The good-bye, then the end.
inline Coro<> close(TransportRef transport) {
  for (;;) {
    const int answer = transport->try_shutdown();
    if (answer == 0) break;
    if (answer != -EAGAIN) raise(*transport, answer, "close");
    co_await hob::detail::TransportReady(*transport, Transport::kWrite);
  }
  transport->close();
}

/// Bytes in which a gap or a repetition shows.
inline std::string pattern(std::size_t size) {
  std::string data(size, '\0');
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 131 % 251);
  return data;
}

// Handshakes.

struct Both {
  Result<TransportRef> client;
  Result<TransportRef> server;
};

/// Both sides at once, each with its outcome.
inline Coro<Both> try_handshake(TlsContext client, TlsContext server, std::string hostname,
                                Options options = {}) {
  const Ends ends = make_ends(options);
  hob::Security* client_side = client;
  hob::Security* server_side = server;
  SecurityRequest ask(std::move(hostname));
  SecurityRequest answer;
  auto pair = hob::gather(hob::return_exceptions, client_side->connect(ends.client, std::move(ask)),
                          server_side->accept(ends.server, std::move(answer)));
  auto [first, second] = co_await std::move(pair);
  co_return Both{std::move(first), std::move(second)};
}

/// Both sides; throws the client's error, else the server's.
inline Coro<std::pair<TransportRef, TransportRef>> handshake(TlsContext client, TlsContext server,
                                                             std::string hostname,
                                                             Options options = {}) {
  Both both = co_await try_handshake(client, server, std::move(hostname), options);
  TransportRef a = both.client.value();
  TransportRef b = both.server.value();
  co_return std::pair(std::move(a), std::move(b));
}

/// `SSLError: [SSL: X] x`, or "" for success.
inline std::string error_text(const Result<TransportRef>& outcome) {
  return outcome ? "" : hob::describe(outcome.exception());
}

// Contexts of two sides that trust each other: certificates are made once.

inline const hob::Certificate& authority() {
  static const hob::Certificate ca = hob::make_certificate_authority();
  return ca;
}

inline TlsContext server_context(const hob::Certificate& certificate) {
  TlsContext context = hob::create_default_context(hob::Purpose::client_auth);
  context.load_cert_chain(certificate);
  return context;
}

inline TlsContext server_context() {
  static const hob::Certificate certificate =
      hob::make_certificate(authority(), {"example.org", "*.wild.example.org", "127.0.0.1", "::1"});
  return server_context(certificate);
}

/// A client that trusts `trusted` only.
inline TlsContext client_context(const hob::Certificate& trusted = authority()) {
  const std::string pem = trusted.pem();
  hob::VerifyLocations locations;
  locations.cadata = pem;
  return hob::create_default_context(hob::Purpose::server_auth, locations);
}

}  // namespace wire
