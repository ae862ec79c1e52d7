// SPDX-License-Identifier: MIT
// Subprocesses, cancelled at every suspension: whoever cleans up finds the process, and nothing is
// left of it.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>

#include <doctest/doctest.h>

#include <string>

namespace process_cancel_test {
namespace {

hob::Coro<> converse(hob::Process process) {
  process.stdin_.write("line\n");
  co_await process.stdin_.drain();
  const std::string line = co_await process.stdout_.readline();
  CHECK(line == "line\n");
  const auto [out, err] = co_await process.communicate("more");
  CHECK(out == "more");
  CHECK(err.empty());
}

hob::Coro<> scenario() {
  const auto process =
      co_await hob::create_subprocess_exec("/bin/cat", {.stdin_ = hob::PIPE, .stdout_ = hob::PIPE});
  const auto ended = co_await hob::as_result(converse(process));
  if (!process.returncode()) process.kill();
  // A second cancellation may come here, too.
  while (!process.returncode()) co_await hob::as_result(process.wait());
  ended.value();
}

}  // namespace

TEST_CASE("a subprocess can be cancelled everywhere") {
  try {
    const std::size_t suspensions = hob::testing::cancel_everywhere(scenario);
    CHECK(suspensions >= 1);
  } catch (const hob::testing::CancelFailure& failure) {
    FAIL(std::string(failure.what()));
  }
}

}  // namespace process_cancel_test
