// SPDX-License-Identifier: MIT
// What travels between a pool, the server that makes its workers, and the workers. All run the same
// build of the program, so these are plain structs in packets of a local socket.
#pragma once

#include "sys/ipc.hpp"

#include <hob/executor/archive.hpp>
#include <hob/executor/function_id.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace hob::detail {

/// The mark in the environment: `server:7:4711:fork`, a socket, the parent's process id, and how a
/// server makes workers; or `worker:7:4711`.
inline constexpr const char* kWorkerVariable = "HOB_WORKER";

/// Pool to worker; the arguments follow.
struct CallHead {
  FunctionId invoke;  // none in a set-up without initializer
  FunctionId function;
  std::uint32_t is_setup = 0;
  std::uint32_t in_file = 0;
};

enum class ReplyKind : std::uint32_t { ready, value, error };
/// Worker to pool; the value or the exception follows.
struct ReplyHead {
  ReplyKind kind = ReplyKind::ready;
  std::uint32_t in_file = 0;
  std::uint64_t identity = 0;  // of the worker's program
};

enum class RequestKind : std::uint32_t { start, signal };
/// Pool to server; `start` brings the worker's end of a socket.
struct ServerRequest {
  RequestKind kind = RequestKind::start;
  std::uint32_t worker = 0;
  int signal = 0;
};

enum class ReportKind : std::uint32_t { hello, started, failed, exited };
/// Server to pool.
struct ServerReport {
  ReportKind kind = ReportKind::hello;
  std::uint32_t worker = 0;
  // hello: its threads, or -errno; started: the process id; failed: -errno; exited: how
  int value = 0;
  std::uint64_t identity = 0;
};

/// The most bytes that travel in the packet; more go into a sealed file.
inline constexpr std::size_t kInlineMax = 64 * 1024;

/// A sealed file with the bytes of `sink`. Throws OSError, std::bad_alloc.
sys::Fd seal_bytes(const ByteSink& sink);
/// Sends `head` and the sink's bytes, or the file with them. 0 or -errno.
int send_inline(int socket, const void* head, std::size_t head_size, const ByteSink& sink,
                bool block) noexcept;
int send_file(int socket, const void* head, std::size_t head_size, int file, bool block) noexcept;

/// Receives packets, one at a time.
class PacketReader {
 public:
  PacketReader();
  PacketReader(const PacketReader&) = delete;
  PacketReader& operator=(const PacketReader&) = delete;
  ~PacketReader();

  /// Receives the next packet: 1, 0 at the end, -EAGAIN without `block`, or -errno. Something
  /// shorter than a head is an end, too.
  template <class Head>
  int receive(int socket, Head& head, bool block) {
    return receive(socket, &head, sizeof head, block);
  }
  /// What followed the head. Throws OSError, UnpicklingError.
  InArchive payload(bool in_file);

 private:
  int receive(int socket, void* head, std::size_t head_size, bool block);
  void unmap() noexcept;

  std::unique_ptr<unsigned char[]> buffer_;
  std::size_t size_ = 0;
  sys::Fd passed_[sys::kMaxPassed];
  const void* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
};

[[noreturn]] void run_worker(sys::Fd socket) noexcept;
/// Makes workers until the pool is gone, by fork or, with `spawn`, by starting the program.
[[noreturn]] void run_server(sys::Fd control, bool spawn) noexcept;

/// Starts the program at `path` as a `server` or `worker` with that socket. Its process id
/// or -errno.
int start_program(const char* path, const char* role, int socket, const char* how, sys::Fd& pidfd);

/// `was killed by SIGKILL (signal 9)`, `ended with exit code 3`.
const char* describe_exit(int returncode, char (&text)[64]) noexcept;

}  // namespace hob::detail
