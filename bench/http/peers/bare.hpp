// SPDX-License-Identifier: MIT
// What the hand-written programs of the HTTP benchmark share: sockets, and how a client repeats.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace bare {

constexpr unsigned kConcurrency = 64;
constexpr std::size_t kBodySize = 1024;  // of the JSON that clients fetch

[[noreturn]] inline void fail(const char* what) {
  std::perror(what);
  std::_Exit(3);
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

inline void set_nodelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// Tells run.py where the server listens.
inline void print_port(unsigned port) {
  std::printf("%u\n", port);
  std::fflush(stdout);
}

inline std::uint64_t cpu_ns() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::uint64_t(now.tv_sec) * 1'000'000'000u + std::uint64_t(now.tv_nsec);
}

/// `PROGRAM PORT COUNT RUNS`: what a client is told.
struct ClientArguments {
  ClientArguments(int argc, char** argv) {
    if (argc != 4) std::fprintf(stderr, "usage: %s PORT COUNT RUNS\n", argv[0]), std::exit(2);
    port = std::uint16_t(std::atoi(argv[1]));
    count = unsigned(std::atoi(argv[2]));
    runs = unsigned(std::atoi(argv[3]));
  }
  std::uint16_t port;
  unsigned count, runs;
};

/// A line for a run that began at `started`: nanoseconds of CPU time for a request.
inline void print_run(std::uint64_t started, unsigned count) {
  std::printf("%.1f\n", double(cpu_ns() - started) / count);
  std::fflush(stdout);
}

}  // namespace bare
