// SPDX-License-Identifier: MIT
// Transport: a connection as a stream sees it - bytes that can be read and written now, or a wait
// until they can. Sockets, pipes, TLS over another transport, an in-memory pair and the simulated
// network are transports; StreamReader and StreamWriter know nothing else.
//
// Nothing is ever in flight on a transport: a call either moves bytes now or has no effect, and
// waiting is separate from moving. So a wait can be dropped at any instant and no byte is lost.
#pragma once

#include <hob/core/node.hpp>
#include <hob/core/text.hpp>

#include <cstddef>
#include <exception>

namespace hob {

/// Bytes to write; borrowed.
struct Slice {
  const char* data;
  std::size_t size;
};

struct ExtraInfo;

/// Base of all transports. Counted without atomics: belongs to its loop's thread. Calls give what
/// the kernel would: a count, 0 at the end of the stream, or a negative errno; -EAGAIN means wait.
class Transport {
 public:
  enum Direction : unsigned char { kRead, kWrite };

  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  /// Reads up to `size` (> 0) bytes: a positive count, 0 at the end of the stream, or -errno.
  /// After an error or the end, the same answer again.
  virtual long try_read(char* data, std::size_t size) noexcept = 0;
  /// Writes from the beginning of `slices`: a positive count, perhaps less than all, or -errno.
  virtual long try_write(const Slice* slices, std::size_t count) noexcept = 0;
  /// Puts `node` into the ready queue, once, when the next try in this direction may do something
  /// other than give -EAGAIN. To be called after -EAGAIN; one node for each direction at a time.
  virtual void wait(Direction direction, detail::Node& node) noexcept = 0;
  /// Takes the waiting node out, from here or from the ready queue. No effect when there is none.
  virtual void forget(Direction direction) noexcept = 0;

  /// Says to the peer that nothing more will be written, keeps reading. -errno: -EOPNOTSUPP when
  /// this transport has no half-close (TLS).
  virtual int write_eof() noexcept = 0;
  virtual bool can_write_eof() const noexcept = 0;
  /// Says good-bye where the protocol has one (close_notify of TLS), after everything was written:
  /// 0 when done, -EAGAIN when it needs `wait(kWrite)`, or -errno. Others give 0 at once.
  virtual int try_shutdown() noexcept { return 0; }
  /// Ends it: the descriptor is closed, waiting nodes are put into the ready queue, further calls
  /// give -EBADF. Bytes that the kernel has taken still go out. Idempotent.
  virtual void close() noexcept = 0;
  /// The same, and the peer gets a reset where the protocol has one. Bytes may be lost.
  virtual void abort() noexcept { close(); }
  virtual bool closed() const noexcept = 0;

  /// The exception for a negative answer that a call has just given, to be thrown to the user: an
  /// OSError for `operation`, unless the protocol can tell more (SSLError).
  virtual std::exception_ptr error(int code, Text operation) const;

  /// Fills in what is known: addresses, descriptor, security (get_extra_info).
  virtual void describe(ExtraInfo& info) const = 0;
  /// Sends up to `size` bytes of a file from `*offset` on, which it advances: a count, 0 at the
  /// file's end, or -errno; -EOPNOTSUPP when bytes have to be read first.
  virtual long try_send_file(int file, long long* offset, std::size_t size) noexcept;
  /// The descriptor; -1 when bytes do not go straight to one.
  virtual int fd() const noexcept { return -1; }

 protected:
  Transport() noexcept = default;
  virtual ~Transport() = default;

 private:
  unsigned refs_ = 1;
};

}  // namespace hob
