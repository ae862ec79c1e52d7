// SPDX-License-Identifier: MIT
// StreamState: one stream behind its readers and writers: the transport, the bytes that were
// received and not read, and those that were written and not sent. Streams that are idle have
// neither.
#pragma once

#include "loop/receive_buffer.hpp"

#include <hob/core/memory.hpp>
#include <hob/core/node.hpp>
#include <hob/core/ref.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/stream/read_awaiter.hpp>
#include <hob/stream/transport.hpp>

#include <cstddef>
#include <exception>
#include <string_view>

namespace hob::detail {

/// The streams of a server, for as long as they are open.
class ConnectionSet {
 public:
  LinkList streams;
  /// A stream has ended and left the list.
  virtual void left() noexcept = 0;
  virtual void retain() noexcept = 0;
  virtual void release() noexcept = 0;

 protected:
  ~ConnectionSet() = default;
};

/// A stream's place in its ConnectionSet, and its turn to send what was written.
struct ConnectionLink : Link {};
struct FlushNode : Node {};

class StreamState final : public ConnectionLink,
                          public Pooled,
                          private FlushNode,
                          private ReceiveBuffer::User {
 public:
  /// Null for a stream that is fed by hand.
  StreamState(EventLoop& loop, Ref<Transport> transport, std::size_t limit) noexcept;
  StreamState(const StreamState&) = delete;
  StreamState& operator=(const StreamState&) = delete;

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) abandoned();
  }
  LoopCore& core() const noexcept { return *core_; }
  Transport* transport() const noexcept { return transport_.get(); }
  const std::exception_ptr& error() const noexcept { return error_; }
  std::size_t limit() const noexcept { return limit_; }
  void join(ConnectionSet& set) noexcept;
  static StreamState& of(Link& connection_link) noexcept {
    return static_cast<StreamState&>(static_cast<ConnectionLink&>(connection_link));
  }

  // Reading.

  std::string_view unread() noexcept {
    drop_lent();
    return {data_, size_};
  }
  bool at_eof() noexcept { return eof_ && unread().empty(); }
  /// Decides the read, receiving what it needs; gives false when it has to wait. Once decided the
  /// answer does not change.
  bool advance(ReadAwaiter& read) noexcept;
  /// Marks bytes as read; they stay where they are until the next call that touches them.
  void lend(std::size_t count) noexcept { lent_ = count < size_ ? count : size_; }
  /// The read's task waits: for the transport, or with `soon` for its turn.
  void wait_read(ReadAwaiter& read, bool soon) noexcept;
  /// Its node runs.
  void read_woken() noexcept {
    reading_ = nullptr;
    reader_waits_ = false;
  }
  /// It gives up.
  void leave_read() noexcept;
  bool reading() const noexcept { return reading_ != nullptr; }
  void feed(Text bytes);
  bool fed_eof() const noexcept { return eof_; }
  void feed_eof() noexcept;
  void set_error(std::exception_ptr error) noexcept;

  // Writing.

  void write(const Slice* slices, std::size_t count);
  /// While sendfile has the stream `write` is refused, as it would go out before the file or in its
  /// middle, and an end waits. Throws RuntimeError when another sendfile has it.
  void begin_file();
  void write_part_of_file(const Slice& part) { put(&part, 1); }
  void end_file() noexcept;
  void write_eof();
  void close() noexcept;
  void abort() noexcept;
  bool closing() const noexcept { return closing_; }
  bool ended() const noexcept { return ended_; }
  bool paused() const noexcept { return paused_; }
  std::size_t unsent() const noexcept { return out_size_; }
  void set_marks(std::size_t high, std::size_t low) noexcept;
  std::size_t high_mark() const noexcept { return high_; }
  std::size_t low_mark() const noexcept { return low_; }
  LinkList& drainers() noexcept { return drainers_; }
  LinkList& closers() noexcept { return closers_; }

  // start_tls: reads and writes wait while there is no transport.

  Ref<Transport> take_transport() noexcept;
  void put_transport(Ref<Transport> transport) noexcept;
  /// The transport is lost.
  void fail(std::exception_ptr error) noexcept;

 private:
  ~StreamState();
  void abandoned() noexcept;

  bool move_out() noexcept override;
  ReceiveBuffer& shared() const noexcept;
  bool uses_shared() const noexcept;
  bool make_room(std::size_t more) noexcept;
  bool move_in() noexcept;
  long receive(std::size_t more, std::size_t most) noexcept;
  void consume(std::size_t count) noexcept;
  void drop_lent() noexcept {
    if (lent_ != 0) consume(lent_);
  }
  void free_own() noexcept;
  void wake_reader() noexcept;
  bool decide(ReadAwaiter& read) noexcept;
  bool find_separator(ReadAwaiter& read) noexcept;

  [[noreturn]] void refuse_write() const;
  void put(const Slice* slices, std::size_t count);
  bool keep(const Slice* slices, std::size_t count, std::size_t skip) noexcept;
  void schedule_flush() noexcept;
  void wait_for_room() noexcept;
  void flush() noexcept;
  void finish_writing() noexcept;
  void check_marks() noexcept;
  void end(std::exception_ptr error) noexcept;
  FlushNode& flush_node() noexcept { return *this; }
  static void run_flush(Node* node);
  static void wake_all(LinkList& tasks) noexcept;

  Ref<LoopCore> core_;
  Ref<Transport> transport_;
  ConnectionSet* set_ = nullptr;
  unsigned refs_ = 1;

  bool eof_ : 1 = false;           // nothing more will be received
  bool eof_wanted_ : 1 = false;    // write_eof was called
  bool sends_file_ : 1 = false;    // sendfile has the stream
  bool closing_ : 1 = false;       // close was called, or the connection is lost
  bool ended_ : 1 = false;         // the transport is closed
  bool lingering_ : 1 = false;     // holds a count of itself until everything is sent
  bool paused_ : 1 = false;        // above the high-water mark
  bool flush_waits_ : 1 = false;   // for the transport, rather than for its turn
  bool reader_waits_ : 1 = false;  // for the transport, rather than for its turn or a feed
  bool no_transport_ : 1 = false;  // start_tls is at work

  // Received: `size_` bytes at `data_`, in the loop's buffer or in `own_`.
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t lent_ = 0;
  char* own_ = nullptr;
  std::size_t own_capacity_ = 0;
  std::size_t limit_;
  ReadAwaiter* reading_ = nullptr;

  // Written: `out_size_` bytes at `out_ + out_begin_`.
  char* out_ = nullptr;
  std::size_t out_begin_ = 0;
  std::size_t out_size_ = 0;
  std::size_t out_capacity_ = 0;
  std::size_t high_ = 64 << 10;
  std::size_t low_ = 16 << 10;
  LinkList drainers_;
  LinkList closers_;
  std::exception_ptr error_;
};

}  // namespace hob::detail
