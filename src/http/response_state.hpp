// SPDX-License-Identifier: MIT
// What a Response and its Content share: the head, and the body on its way from the connection
// through the decoder.
#pragma once

#include "http/client_exchange.hpp"
#include "http/session_state.hpp"

#include <hob/http/coding.hpp>
#include <hob/http/response.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob::http::detail {

class ResponseState {
 public:
  ResponseState() = default;
  ResponseState(const ResponseState&) = delete;
  ResponseState& operator=(const ResponseState&) = delete;

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  /// The next piece of the decoded body, a view until the next co_await; empty at the end. Of all
  /// reads, before `ahead`.
  Coro<std::string_view> next_piece();
  /// Whether the whole body is in `body` now, without a wait: most come with their head.
  bool load_now();
  /// Makes `ahead` longer; false at the end.
  Coro<bool> fill();
  /// `fn(self, args...)` within the time that the request has left.
  template <class T, class... Args>
  static Coro<T> limited(Ref<ResponseState> self, Coro<T> (*fn)(Ref<ResponseState>, Args...),
                         std::type_identity_t<Args>... args);

  Ref<SessionState> session;
  std::unique_ptr<Exchange> exchange;
  std::unique_ptr<Decoder> decoder;
  std::uint64_t number = 0;  // of the request, for traces
  std::size_t body_limit = SIZE_MAX;
  std::string method;
  Url url;
  std::vector<Response> history;
  Duration deadline = Duration::forever();  // on the loop's clock

  std::string body;        // what read() has collected
  bool body_read = false;  // all of it
  std::string ahead;       // decoded and not taken by the calls of Content
  std::size_t ahead_at = 0;
  bool ended = false;

 private:
  void tell_received(std::size_t bytes) {
    session->tell(TraceEvent::What::chunk_received, {number, method, &url}, exchange->status,
                  bytes);
  }
  ~ResponseState() {
    if (exchange) exchange->drop();
  }

  std::string encoded_;  // transferred and not decoded
  std::size_t encoded_at_ = 0;
  std::string decoded_;
  unsigned refs_ = 1;
};

}  // namespace hob::http::detail
