// SPDX-License-Identifier: MIT
// The bug museum, room of the overflow: what io_uring has to say while there is no room for it.
#include "museum/drivers.hpp"

#include <hob/testing/faults.hpp>

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Socket;
using hob::testing::Faults;

namespace museum_overflow {
namespace {

constexpr std::size_t kMany = 6000;  // the queue of completions holds 4096

/// Whether the kernel keeps completions for which the queue has no room.
bool overflowed() {
  for (const std::string& ring : museum::rings()) {
    std::ifstream all("/proc/self/fdinfo/" + ring);
    for (std::string line; std::getline(all, line);) {
      if (line.starts_with("CqOverflowList:"))
        return std::getline(all, line) && line.find("user_data") != std::string::npos;
    }
  }
  return false;
}

/// Allows this process as many descriptors as the system does.
struct ManyDescriptors {
  ManyDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit raised = before;
    raised.rlim_cur = raised.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &raised);
    enough = raised.rlim_cur >= kMany + 500;
    if (!enough) MESSAGE("skipped: 6500 descriptors are not allowed here");
  }
  ManyDescriptors(const ManyDescriptors&) = delete;
  ManyDescriptors& operator=(const ManyDescriptors&) = delete;
  ~ManyDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before); }
  rlimit before{};
  bool enough = false;
};

// Requests that the kernel answers while it takes them, and more of them than there is room for.
// The loop must not need to wait in order to get the rest.
Coro<> calls_that_overflow_the_queue() {
  const ManyDescriptors limit;
  if (!limit.enough) co_return;
  std::vector<hob::File> files;
  for (std::size_t i = 0; i < kMany; ++i) files.push_back(co_await hob::open("/dev/null", "r+"));
  std::size_t written = 0;
  const auto write = [&written](hob::File& to) -> Coro<> { written += co_await to.write("x"); };
  std::vector<hob::Task<>> writing;
  for (hob::File& each : files) writing.push_back(hob::create_task(write, std::ref(each)));
  bool overflow = false;
  hob::get_running_loop().call_soon([&] { overflow = overflowed(); });
  for (int turns = 0; written < kMany && turns < 100'000; ++turns) co_await hob::sleep(0s);
  CHECK(overflow);
  CHECK(written == kMany);
  co_await hob::wait(writing);
}

// The kernel refuses requests until completions are taken, which happens in the middle of making
// requests: those that are taken there count, too.
Coro<> completions_taken_to_make_room(Faults& faults) {
  std::vector<hob::File> files;
  for (int i = 0; i < 600; ++i) files.push_back(co_await hob::open("/dev/null", "r+"));
  for (std::size_t nth = 1; nth <= 3; ++nth) {
    std::size_t written = 0;
    const auto write = [&written](hob::File& to) -> Coro<> { written += co_await to.write("x"); };
    std::vector<hob::Task<>> writing;
    for (hob::File& each : files) writing.push_back(hob::create_task(write, std::ref(each)));
    faults.fail(Faults::Call::io_uring_enter, EBUSY, nth);
    co_await hob::wait(writing);
    CHECK(written == files.size());
    CHECK(faults.injected() == nth);
  }
}

/// Many descriptors of one socket.
std::vector<Socket> copies_of(const Socket& socket) {
  std::vector<Socket> all;
  for (std::size_t i = 0; i < kMany; ++i)
    all.push_back(Socket::adopt(::fcntl(socket.fileno(), F_DUPFD_CLOEXEC, 0)));
  return all;
}

// The same for descriptors that are ready.
Coro<> watches_that_overflow_the_queue() {
  const ManyDescriptors limit;
  if (!limit.enough) co_return;
  auto& loop = hob::get_running_loop();
  const auto [socket, peer] = Socket::pair();
  const std::vector<Socket> ends = copies_of(socket);
  std::vector<int> calls(kMany);
  std::size_t left = kMany;
  for (std::size_t i = 0; i < kMany; ++i) {
    loop.add_writer(ends[i].fileno(), [&, i] {
      ++calls[i];
      --left;
      loop.remove_writer(ends[i].fileno());
    });
  }
  CHECK(overflowed());
  while (left > 0) co_await hob::sleep(1ms);
  co_await hob::sleep(1ms);
  CHECK(std::count(calls.begin(), calls.end(), 1) == static_cast<std::ptrdiff_t>(kMany));
}

// Polls that go on are ended by Linux before 6.10 when there is no room for what they bring. The
// socket has one byte for each of those who read.
Coro<> reads_that_overflow_the_queue() {
  const ManyDescriptors limit;
  if (!limit.enough) co_return;
  auto& loop = hob::get_running_loop();
  auto [socket, peer] = Socket::pair();
  std::vector<Socket> ends = copies_of(socket);
  const auto read = [&loop](Socket& from) -> Coro<std::string> {
    co_return co_await loop.sock_recv(from, 1);
  };
  std::vector<hob::Task<std::string>> readers;
  for (Socket& each : ends) readers.push_back(hob::create_task(read, std::ref(each)));
  co_await hob::sleep(1ms);
  const std::string bytes(kMany, 'x');
  co_await loop.sock_sendall(peer, bytes);
  co_await hob::wait(readers);
  std::size_t got = 0;
  for (const auto& each : readers) got += each.result() == "x";
  CHECK(got == kMany);
}

}  // namespace

TEST_CASE("libuv #4598: completions are lost when their queue overflows") {
  museum::on_ring(calls_that_overflow_the_queue);
  museum::on_ring(watches_that_overflow_the_queue);
  museum::on_ring(reads_that_overflow_the_queue);
}
TEST_CASE("libuv #4598, tokio: completions are lost when the kernel says EBUSY") {
  Faults faults;
  museum::on_ring([&] { return completions_taken_to_make_room(faults); });
}

}  // namespace museum_overflow
