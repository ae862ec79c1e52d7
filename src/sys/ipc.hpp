// SPDX-License-Identifier: MIT
// Between processes of one program: packets with descriptors in them, memory that is handed over
// sealed, fork, and the things a worker process does to itself.
#pragma once

#include "sys/fd.hpp"

#include <cstddef>
#include <cstdint>

namespace hob::sys {

struct Piece {
  const void* data;
  std::size_t size;
};
inline constexpr int kMaxPieces = 64;
inline constexpr int kMaxPassed = 2;

/// Two connected sockets that keep packets apart (SOCK_SEQPACKET), close-on-exec, blocking.
int make_packet_pair(Fd (&ends)[2]) noexcept;
/// Sends the pieces (at most kMaxPieces) as one packet, with descriptors. 0 or -errno; -EAGAIN only
/// without `block`, -EPIPE when the other side is gone.
int send_packet(int socket, const Piece* pieces, int count, const int* fds, int fd_count,
                bool block) noexcept;
/// Receives one packet into `head` and then `body`: its size, 0 at the end, -EAGAIN only without
/// `block`, -EMSGSIZE when it did not fit. Descriptors in it go to `passed`, and are lost when this
/// process can have no more.
long receive_packet(int socket, void* head, std::size_t head_size, void* body,
                    std::size_t body_size, Fd (&passed)[kMaxPassed], bool block) noexcept;
/// Tells the other side that nothing comes any more, whoever else has the socket open.
void shut_down(int socket) noexcept;
/// Waits until one of the descriptors can be read or was closed: poll(2); 1 in `ready` for those.
int wait_readable(const int* fds, bool* ready, std::size_t count) noexcept;

/// A file in memory that holds the pieces and can never change again. 0 or -errno: -ENOSPC,
/// -ENOMEM, -EMFILE.
int make_sealed_file(const Piece* pieces, std::size_t count, Fd& out) noexcept;
/// Maps such a file; refuses with -EINVAL what could still change. Of an empty one, null.
int map_sealed_file(int fd, const void** data, std::size_t* size) noexcept;
void unmap_file(const void* data, std::size_t size) noexcept;

/// fork(2): 0 in the child; else its number, and its pidfd. Without either there is no child.
int fork_process(Fd& pidfd) noexcept;
int process_id() noexcept;
/// How many threads this process has, or -errno when that cannot be seen; with ThreadSanitizer, its
/// own is not counted.
int thread_count() noexcept;
/// Ends the process without running destructors, but with what was printed.
[[noreturn]] void exit_process(int code) noexcept;
/// Writes out what stdio holds back.
void flush_output() noexcept;
/// SIGKILLs this process when the thread that made it ends. Gives false when `parent` is gone
/// already.
bool die_with_parent(int parent) noexcept;
/// For a worker: no signal blocked or handled, SIGINT ignored, /dev/null for standard input.
void become_worker() noexcept;
/// Keeps signals away from the calling thread, so that the program's own threads get them.
void block_all_signals() noexcept;

/// The variable's value, null when there is none or the program runs with raised privileges.
const char* secure_environment(const char* name) noexcept;
void remove_environment(const char* name) noexcept;
/// This process's environment, as execve wants it.
char** environment() noexcept;
/// `SIGKILL` for 9.
const char* signal_name(int signal) noexcept;

extern const int kTryAgain;         // -EAGAIN
extern const int kInterrupted;      // -EINTR
extern const int kMessageTooBig;    // -EMSGSIZE
extern const int kTooManyFiles;     // -EMFILE
extern const int kBrokenPipe;       // -EPIPE
extern const int kConnectionReset;  // -ECONNRESET

}  // namespace hob::sys
