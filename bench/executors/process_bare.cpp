// SPDX-License-Identifier: MIT
// The process cases by hand: a ping-pong over a socketpair, a loop, and a file in memory that is
// written, passed, mapped and copied out of, there and back.
#include "process_cases.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cstdlib>
#include <cstring>

namespace {

using namespace process_cases;

/// Runs `serve(socket)` in another process, and gives this end of the socket.
template <class Serve>
int start(Serve serve) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) std::abort();
  if (::fork() == 0) {
    ::close(ends[0]);
    serve(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  return ends[0];
}

void round_trip(bench::Run& run) {
  const int socket = start([](int other) {
    for (int n; ::read(other, &n, sizeof n) == sizeof n;) {
      n = add_one(n);
      if (::write(other, &n, sizeof n) != sizeof n) break;
    }
  });
  int value = 0;
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i) {
    run.expect(::write(socket, &value, sizeof value) == sizeof value, "a write");
    run.expect(::read(socket, &value, sizeof value) == sizeof value, "a read");
  }
  run.stop();
  run.expect(value == static_cast<int>(run.count), "every round trip");
  ::close(socket);
}

void serial_map(bench::Run& run) {
  const std::vector<int> all = items(run.count);
  long sum = 0;
  run.start();
  for (const int n : all) sum += collatz(n);
  run.stop();
  run.expect(sum > 0, "results");
}

union Passed {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};
void send_bytes(int socket, const void* data) {
  const int file = ::memfd_create("bench", MFD_CLOEXEC);
  for (std::size_t done = 0; done < kLarge;) {
    const ssize_t n = ::write(file, static_cast<const char*>(data) + done, kLarge - done);
    if (n < 0) std::abort();
    done += static_cast<std::size_t>(n);
  }
  char byte = 0;
  iovec part = {&byte, 1};
  Passed passed{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &passed;
  message.msg_controllen = sizeof passed;
  passed.header.cmsg_level = SOL_SOCKET;
  passed.header.cmsg_type = SCM_RIGHTS;
  passed.header.cmsg_len = CMSG_LEN(sizeof file);
  std::memcpy(CMSG_DATA(&passed.header), &file, sizeof file);
  if (::sendmsg(socket, &message, 0) != 1) std::abort();
  ::close(file);
}
/// False at the end. `memory` has room for it.
bool receive_bytes(int socket, void* memory) {
  char byte = 0;
  iovec part = {&byte, 1};
  Passed passed{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &passed;
  message.msg_controllen = sizeof passed;
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return false;
  int file = -1;
  std::memcpy(&file, CMSG_DATA(&passed.header), sizeof file);
  void* mapped = ::mmap(nullptr, kLarge, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (mapped == MAP_FAILED) std::abort();
  std::memcpy(memory, mapped, kLarge);
  ::munmap(mapped, kLarge);
  ::close(file);
  return true;
}

void transfer(bench::Run& run) {
  const std::vector<std::uint64_t> numbers = large();
  std::vector<std::uint64_t> back(numbers.size());
  const int socket = start([&](int other) {
    while (receive_bytes(other, back.data())) send_bytes(other, back.data());
  });
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i) {
    send_bytes(socket, numbers.data());
    run.expect(receive_bytes(socket, back.data()) && back.back() == 7, "the vector");
  }
  run.stop();
  ::close(socket);
}

constexpr bench::Case kCases[] = {
    {.name = "process_round_trip", .count = kRoundTrips, .body = round_trip, .wall = true},
    {.name = "process_map", .count = kItems, .body = serial_map, .wall = true},
    {.name = "process_64_mib", .count = kTransfers, .body = transfer, .wall = true}};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "executors", "bare", kCases); }
