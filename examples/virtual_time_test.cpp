// Testing with virtual time: `testing::run_virtual` runs a program whose clock jumps to the next
// timer whenever nothing is ready. An afternoon of retries takes no time, and gives the same times
// always.
#include <hob/hob.hpp>
#include <hob/testing/run_virtual.hpp>

#include <cstdio>
#include <stdexcept>

using namespace std::chrono_literals;

// What is to be tested: tries again after 1 s, 2 s, 4 s, ... for at most an hour each time.
// [retry]
template <class F>
hob::Coro<int> retry(F attempt, int tries) {
  std::chrono::seconds pause = 1s;
  while (true) {
    auto outcome = co_await hob::as_result(attempt());
    if (outcome || outcome.cancelled() || --tries == 0) co_return outcome.value();
    co_await hob::sleep(pause);
    pause = std::min<std::chrono::seconds>(2 * pause, 1h);
  }
}
// [retry]

// A service that is down for a while.
class Service {
 public:
  explicit Service(hob::Duration up_at) : up_at_(up_at) {}
  hob::Coro<int> ask() {
    ++asked_;
    co_await hob::sleep(10ms);
    if (hob::get_running_loop().time() < up_at_) throw std::runtime_error("service unavailable");
    co_return 42;
  }
  int asked() const { return asked_; }

 private:
  hob::Duration up_at_;
  int asked_ = 0;
};

int failures = 0;

void check(bool holds, const char* what) {
  std::printf("%s: %s\n", holds ? "ok" : "FAILED", what);
  if (!holds) ++failures;
}

// [test]
hob::Coro<> comes_back_after_a_day() {
  Service service(24h);
  auto attempt = [&service] { return service.ask(); };
  int answer = co_await retry(attempt, 100);
  auto elapsed = hob::get_running_loop().time();
  check(answer == 42, "the answer arrives");
  check(elapsed >= 24h && elapsed < 25h, "within an hour after the service is back");
  check(service.asked() == 36, "after 36 questions");
}
// [test]

hob::Coro<> gives_up() {
  Service service(24h);
  auto attempt = [&service] { return service.ask(); };
  auto outcome = co_await hob::as_result(retry(attempt, 3));
  check(!outcome && !outcome.cancelled(), "the last error is thrown");
  check(hob::get_running_loop().time() == 3030ms, "1 s and 2 s of pauses, three attempts of 10 ms");
}

int main() {
  hob::testing::run_virtual(comes_back_after_a_day());
  hob::testing::run_virtual(gives_up());
  return failures;
}
