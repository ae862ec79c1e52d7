// SPDX-License-Identifier: MIT
// ClientWatch: notices that a client goes away while nobody reads from it, because its request is
// being answered. What it sends meanwhile, the next requests, is kept for the one who reads next.
#pragma once

#include <hob/core/node.hpp>
#include <hob/core/ref.hpp>
#include <hob/stream/reader.hpp>
#include <hob/stream/transport.hpp>
#include <hob/sync/event.hpp>
#include <hob/task/task_base.hpp>

namespace hob::http::detail {

class ClientWatch : private hob::detail::Node {
 public:
  /// `task` is what `start(true)` cancels.
  ClientWatch(StreamReader reader, hob::detail::TaskBase& task) noexcept;
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;
  ~ClientWatch() { stop(); }

  /// Begins to watch, at the end of this turn of the loop: most requests are answered before, and
  /// have cost nothing. `cancel`: when the client goes, the task is cancelled.
  void start(bool cancel) noexcept;
  /// Must be called before anybody reads from the stream. Idempotent.
  void stop() noexcept;
  bool watching() const noexcept { return watching_; }

  /// Set when the client has gone.
  Event& gone() noexcept { return gone_; }
  /// How often it has cancelled the task: 0 or 1.
  unsigned cancels() const noexcept { return cancels_; }

 private:
  static void run_node(hob::detail::Node* node);
  void look() noexcept;
  void lost() noexcept;

  StreamReader reader_;
  hob::detail::TaskBase& task_;
  hob::detail::Ref<Transport> waits_;  // where the node waits
  Event gone_;
  bool watching_ = false;
  bool cancel_ = false;
  unsigned cancels_ = 0;
};

}  // namespace hob::http::detail
