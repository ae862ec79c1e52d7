// SPDX-License-Identifier: MIT
// Every call of the kernel fails while processes are started, talked to and waited for, and while
// signals are received. Processes take real time.
#include <hob/hob.hpp>

#include "support/faults.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

using namespace std::chrono_literals;
using hob::PIPE;

namespace process_faults_test {
namespace {

hob::Coro<> talk() {
  hob::SubprocessOptions options;
  options.stdin_ = PIPE;
  options.stdout_ = PIPE;
  options.stderr_ = hob::DEVNULL;
  const auto process = co_await hob::create_subprocess_exec("/bin/cat", options);
  // Whatever fails, nobody stays behind: without its input cat ends.
  const auto talked = co_await hob::as_result(process.communicate("some words"));
  if (!talked) process.stdin_.abort();
  const int code = co_await process.wait();
  const auto& output = talked.value();
  CHECK((code == 0 || code == 255));
  // Input that nobody reads (EPIPE) is no error.
  CHECK((output.stdout_ == "some words" || output.stdout_.empty()));
}

hob::Coro<> stop() {
  hob::SubprocessOptions options;
  options.cwd = "/";
  const auto process = co_await hob::create_subprocess_exec("/bin/sleep", "600", options);
  const auto told = co_await hob::as_result([](hob::Process p) -> hob::Coro<> {
    p.terminate();
    co_return;
  }(process));
  if (!told) ::kill(process.pid(), SIGTERM);
  co_await process.wait();
  told.value();
}

hob::Coro<> receive_signals() {
  auto receiver = hob::signals(SIGUSR1, SIGUSR2);
  ::raise(SIGUSR2);
  const auto signal = co_await receiver.anext();
  CHECK(signal == SIGUSR2);
}

hob::testing::FaultOptions real_time() {
  hob::testing::FaultOptions options;
  options.virtual_time = false;
  options.calls_max = 4;
  return options;
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG) >= 0; }

}  // namespace

TEST_CASE("a subprocess: every call fails") {
  auto options = real_time();
  options.may_throw = [](const hob::testing::Fault& fault, const std::exception_ptr& error) {
    return support::is_fault_or_lost(fault, error);
  };
  support::fail_everywhere(talk, std::move(options));
  CHECK_FALSE(has_children());
}

TEST_CASE("terminate: every call fails") {
  support::fail_everywhere(stop, real_time());
  CHECK_FALSE(has_children());
}

TEST_CASE("signals: every call fails") { support::fail_everywhere(receive_signals); }

}  // namespace process_faults_test
