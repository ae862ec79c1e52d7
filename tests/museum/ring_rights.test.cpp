// SPDX-License-Identifier: MIT
// The bug museum, room of rings that nobody asked for, and of what they may do.
#include "museum/drivers.hpp"

#include "support/child.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Driver;

namespace museum_ring_rights {
namespace {

/// A bit of everything that could use a ring.
Coro<> some_of_everything() {
  const auto greet = [](hob::StreamReader, hob::StreamWriter writer) {
    writer.write("hello");
    writer.close();
  };
  auto server = co_await hob::start_server(greet, "127.0.0.1", 0);
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
  const std::string greeting = co_await reader.read();
  CHECK(greeting == "hello");
  const std::string own_name = co_await hob::read_file("/proc/self/comm");
  CHECK(!own_name.empty());
  writer.close();
  server.close();
}

int rings_of_a_default_loop() {
  const std::size_t inherited = museum::rings().size();
  ::unsetenv("HOB_DRIVER");
  std::size_t now = 0;
  const auto main = [&now]() -> Coro<> {
    co_await some_of_everything();
    now = museum::rings().size();
  };
  hob::run(main());
  return static_cast<int>(now - inherited);
}

/// Whether a thread of the kernel polls for a ring, as its name or the ring itself says.
bool kernel_polls() {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream comm(thread.path() / "comm");
    std::getline(comm, name);
    if (name.starts_with("iou-sqp")) return true;
  }
  for (const std::string& ring : museum::rings()) {
    std::ifstream all("/proc/self/fdinfo/" + ring);
    for (std::string line; std::getline(all, line);) {
      if (line.starts_with("SqThread:") && line != "SqThread:\t-1") return true;
    }
  }
  return false;
}

/// What a loop on io_uring that was made by root reads after root has become nobody: an errno, 0
/// when it can read a file of root's, and 77 where none of this can be tried.
int errno_after_setuid() {
  hob::Runner runner({.driver = Driver::uring});
  if (::geteuid() != 0 || runner.get_loop().driver() != Driver::uring) return 77;
  char name[] = "/tmp/hob-museum-XXXXXX";
  const int secret = ::mkstemp(name);
  if (secret < 0 || ::write(secret, "secret", 6) != 6 || ::fchmod(secret, 0600) != 0) return 77;
  int error = 77;
  const auto main = [&]() -> Coro<> {
    const auto before = co_await hob::as_result(hob::read_file(name));
    if (!before || *before != "secret" || ::setresuid(65534, 65534, 0) != 0) co_return;
    try {
      co_await hob::read_file(name);
      error = 0;
    } catch (const hob::OSError& refused) {
      error = refused.code();
    }
  };
  runner.run(main());
  if (::seteuid(0) == 0) ::unlink(name);
  return error;
}

}  // namespace

TEST_CASE("uvloop #752: a ring is made though nobody asked for one") {
  const support::Ended ended = support::in_child(rings_of_a_default_loop);
  CHECK(ended.code == 0);
}
TEST_CASE("libuv CVE-2024-22017: the kernel polls for a ring, with the rights of its maker") {
  museum::on_ring([]() -> Coro<> {
    co_await some_of_everything();
    CHECK(museum::rings().size() == 1);
    CHECK(!kernel_polls());
  });
  const support::Ended ended = support::in_child(errno_after_setuid);
  if (ended.code == 77) {
    MESSAGE("setuid not tried: that takes root, and io_uring");
  } else {
    CHECK(ended.code == EACCES);
  }
}

}  // namespace museum_ring_rights
