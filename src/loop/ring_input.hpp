// SPDX-License-Identifier: MIT
// RingInput: what io_uring brings to a descriptor unasked: the bytes of a connection, or the
// connections of a listener. It begins when somebody has to wait, and then goes on until it ends by
// itself or there is too much; what it brought is taken first, and when there is nothing and it
// does not go on, the descriptor is tried directly, as it is without a ring.
#pragma once

#include "loop/ring_operation.hpp"

#include <hob/core/memory.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hob::detail {

class Descriptor;

/// Belongs to a Descriptor, and after `let_go` to itself: until the kernel has said its last word.
class RingInput final : public Link, public Pooled {
 public:
  RingInput(UringPoller& poller, Descriptor& descriptor, bool accepts) noexcept;
  RingInput(const RingInput&) = delete;
  RingInput& operator=(const RingInput&) = delete;

  /// Begins, if it does not go on already. False when the kernel takes nothing, and for connections
  /// whose bytes come in large pieces: those cost less when they are read directly.
  bool arm() noexcept;
  /// Bytes that came: a count; 0 at the end; -errno; -EAGAIN when they are on their way.
  long take(char* data, std::size_t size) noexcept;
  /// A connection that came, the same way.
  int take_connection() noexcept;
  /// Whether something came that was not taken: so it is when a test made the taking fail.
  bool holds_something() const noexcept {
    return kept_end_ != kept_begin_ || piece_count_ != 0 ||
           connections_taken_ != connections_.size();
  }
  /// Nobody waits any more: buffers of the ring are not kept for somebody who may never come.
  void keep() noexcept;
  /// The descriptor is closed, or somebody else's: what was not taken is dropped.
  void let_go() noexcept;
  void loop_closed(NodeList& ready) noexcept;

 private:
  struct Operation final : RingOperation {
    explicit Operation(RingInput& i) noexcept : RingOperation(&on_event), input(&i) {}
    static void on_event(RingOperation& self, const sys::Ring::Event& event,
                         NodeList& ready) noexcept;
    RingInput* input;
  };
  /// Received bytes that still are in a buffer of the ring.
  struct Piece {
    int buffer;
    std::uint32_t begin;
    std::uint32_t end;
  };
  static constexpr std::size_t kPiecesMax = 4;
  static constexpr std::size_t kKeptMax = 64 << 10;  // then it pauses
  static constexpr std::size_t kConnectionsMax = 64;

  ~RingInput();
  void received(const sys::Ring::Event& event) noexcept;
  void accepted(const sys::Ring::Event& event) noexcept;
  bool keep_bytes(const char* data, std::size_t size) noexcept;
  void pause() noexcept;
  void drop() noexcept;
  bool goes_on() const noexcept { return operation_.in_flight(); }

  UringPoller& poller_;
  Descriptor* descriptor_;  // null: let go
  Operation operation_{*this};
  const bool accepts_;
  bool pausing_ = false;
  bool bulky_ = false;   // a piece has filled a whole buffer
  int outcome_ = kNone;  // after all that came: 0 is the end of the stream, else -errno
  static constexpr int kNone = 1;

  // In order: what is kept, then the pieces.
  char* kept_ = nullptr;
  std::size_t kept_begin_ = 0;
  std::size_t kept_end_ = 0;
  std::size_t kept_capacity_ = 0;
  std::array<Piece, kPiecesMax> pieces_;
  std::size_t piece_count_ = 0;
  std::vector<int> connections_;
  std::size_t connections_taken_ = 0;
};

}  // namespace hob::detail
