// SPDX-License-Identifier: MIT
// Exchange: one request and its response on one connection. Whatever goes wrong, or nobody waits
// for any more, closes the connection; only a response that was read to its end keeps it.
#pragma once

#include "http/client_pool.hpp"
#include "http/session_state.hpp"

#include <hob/http/headers.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/task.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace hob::http::detail {

/// A request as it goes out. Borrows from the one who waits for the exchange to start.
struct OutgoingRequest {
  RequestTag tag;
  std::string head;
  RequestBody* body = nullptr;  // null: none
  bool chunked = false;
  bool expect_continue = false;
};

class Exchange {
 public:
  Exchange(Lease lease, Ref<SessionState> session, Duration sock_read) noexcept;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  /// Sends the request and waits for the head of the final response. Throws
  /// ServerDisconnectedError, ClientOSError and BadHttpMessage.
  Coro<> start(OutgoingRequest& request);
  /// More of the body as it was transferred, a view until the next co_await; empty at the end.
  /// Throws ClientPayloadError.
  Coro<std::string_view> next_data();
  /// The rest of the body when all of it has come, as it was transferred: then `next_data` gives
  /// nothing more.
  bool take_rest(std::string& rest) noexcept;
  /// Closes the connection, unless it was given back already.
  void stop() noexcept;
  /// The same, unless the rest of the response is here already.
  void drop() noexcept;

  /// Whether a byte of the response has come.
  bool got_bytes() const noexcept { return got_bytes_; }
  /// Whether `next_data` has nothing more to give.
  bool ended() const noexcept { return ended_ && early_.empty(); }

  int status = 0;
  int version_minor = 1;
  std::string reason;
  Headers headers, trailers;

 private:
  class Upload;

  StreamReader& reader() const noexcept { return lease_.connection()->stream.reader; }
  ResponseParser& parser() const noexcept { return lease_.connection()->parser; }
  Coro<std::string_view> more(std::size_t want);
  Coro<> read_head(OutgoingRequest& request);
  void take_early();
  void finish() noexcept;
  static Coro<> upload_body(Ref<Upload> upload, StreamWriter writer);

  Lease lease_;
  Ref<SessionState> session_;
  Duration sock_read_;
  Ref<Upload> upload_;
  std::optional<Task<void>> uploading_;
  std::string early_, given_;  // a body that came with its head
  bool got_bytes_ = false, ended_ = false;
};

}  // namespace hob::http::detail
