// The one doctest main, linked into every test executable.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <hob/loop/event_loop.hpp>
#include <hob/testing/network.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace {

/// With HOB_TEST_NETWORK=1 in the environment every test case has a network in memory, and its
/// sockets are of that. Together with HOB_DRIVER=sim its time is virtual. Any larger number is a
/// seed of faults that lose nothing but time: delays, losses, short reads and writes.
/// With HOB_TEST_NEEDS_RING nothing runs where HOB_DRIVER=uring finds no ring.
class Surroundings final : public doctest::IReporter {
 public:
  explicit Surroundings(const doctest::ContextOptions&) {}
  void test_case_start(const doctest::TestCaseData&) override { start(); }
  void test_case_reenter(const doctest::TestCaseData&) override { start(); }
  void test_case_end(const doctest::CurrentTestCaseStats&) override { network_.reset(); }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {
    if (!std::getenv("HOB_TEST_NEEDS_RING")) return;
    if (hob::EventLoop().driver() == hob::Driver::uring) return;
    std::puts("SKIPPED: no io_uring here");  // tests/CMakeLists.txt looks for it
    std::fflush(stdout);
    std::_Exit(0);
  }
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  void start() {
    network_.reset();
    const char* wanted = std::getenv("HOB_TEST_NETWORK");
    if (!wanted) return;
    const std::uint64_t seed = std::strtoull(wanted, nullptr, 10);
    network_ = std::make_unique<hob::testing::Network>(seed);
    if (seed < 2) return;
    hob::testing::LinkOptions link = hob::testing::random_link(seed);
    link.resets = link.duplicates = 0;
    network_->set_links(link);
  }

  std::unique_ptr<hob::testing::Network> network_;
};

}  // namespace

REGISTER_LISTENER("surroundings", 1, Surroundings);
