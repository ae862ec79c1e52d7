// SPDX-License-Identifier: MIT
// Channel: the encrypted side of a TLS connection: a BIO over the transport below. OpenSSL reads
// from it and writes to it in the middle of its calls; nothing is ever in flight.
//
// Reading passes straight through, so OpenSSL's record buffer is the only one. Writing always
// succeeds: what the transport below does not take now is kept. Otherwise a record would be made
// and not sent, and the caller would be bound to repeat the very same write; a cancelled writer
// does not. Whoever writes plain text must therefore wait until nothing is kept (`pending`), and
// whoever lets OpenSSL write calls `flush` afterwards.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/stream/transport.hpp>

#include "tls/openssl.hpp"

#include <string>

namespace hob::detail {

class Channel {
 public:
  /// `received`: bytes that were read from `lower` before, and come first.
  Channel(Ref<Transport> lower, std::string received) noexcept
      : lower_(std::move(lower)), received_(std::move(received)), direct_(lower_->fd() >= 0) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  Transport& lower() const noexcept { return *lower_.get(); }
  /// A new BIO over this channel, which must outlive it; null when out of memory.
  BIO* make_bio() noexcept;

  /// Gathers what is written until the next `flush`, so that many records make one write.
  void cork() noexcept { corked_ = true; }
  /// Sends what is kept, as far as it goes now.
  void flush() noexcept;
  /// Whether something is kept, and will be sent once the transport below can be written.
  bool pending() const noexcept { return sent_ < out_.size() && write_error_ == 0; }
  /// The -errno that reading or writing below has died of; 0 while they live.
  int read_error() const noexcept { return read_error_; }
  int write_error() const noexcept { return write_error_; }
  /// Drops what is kept: nobody will send it.
  void drop() noexcept;

 private:
  // What a peer can make us keep by sending alone (replies of the protocol itself) ends here.
  static constexpr std::size_t kKeepMax = 512 * 1024;
  static int on_read(BIO* bio, char* data, int size) noexcept;
  static int on_write(BIO* bio, const char* data, int size) noexcept;
  static long on_control(BIO* bio, int command, long number, void* pointer) noexcept;
  static BIO_METHOD* method() noexcept;
  int read(BIO* bio, char* data, int size) noexcept;
  int write(const char* data, int size) noexcept;
  bool keep(const char* data, std::size_t size) noexcept;

  Ref<Transport> lower_;
  std::string received_;
  std::size_t taken_ = 0;  // of received_
  std::string out_;
  std::size_t sent_ = 0;  // of out_
  int read_error_ = 0;
  int write_error_ = 0;
  // Whether a write may go below in the middle of OpenSSL's own: not when there is TLS below, too,
  // which would empty the thread's queue of errors under the feet of the one above.
  const bool direct_;
  bool at_eof_ = false;
  bool corked_ = false;
};

}  // namespace hob::detail
