// The dumplings: two pots of water come to the boil, dumplings go in, dumplings come out. The
// cook's own moves take no time; waiting does. One cook who watches each pot needs the sum of both;
// one cook who does something else meanwhile needs only the longer one, and so do two cooks.
#include <hob/hob.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using Minutes = std::chrono::minutes;

struct Pot {
  const char* filling;
  Minutes to_boil;
  Minutes to_cook;
};

constexpr Pot kPork{"pork", 5min, 7min};
constexpr Pot kCabbage{"cabbage", 4min, 6min};

std::string line(Minutes at, const Pot& pot, const char* what) {
  char text[80];
  std::snprintf(text, sizeof text, "  %2d min  %s: %s\n", static_cast<int>(at.count()), pot.filling,
                what);
  return text;
}

// One cook: a coroutine per pot, on a loop with virtual time. The waits take no real time at all.

Minutes now() { return hob::get_running_loop().time(); }

// [cook]
hob::Coro<> cook(Pot pot) {
  std::fputs(line(now(), pot, "water on").c_str(), stdout);
  co_await hob::sleep(pot.to_boil);
  std::fputs(line(now(), pot, "it boils, dumplings in").c_str(), stdout);
  co_await hob::sleep(pot.to_cook);
  std::fputs(line(now(), pot, "dumplings out").c_str(), stdout);
}

hob::Coro<Minutes> one_after_the_other() {
  co_await cook(kPork);
  co_await cook(kCabbage);
  co_return now();
}

hob::Coro<Minutes> both_at_once() {
  co_await hob::gather(cook(kPork), cook(kCabbage));
  co_return now();
}
// [cook]

// Two cooks: a thread per pot. A thread that waits really waits (here a minute lasts a
// millisecond), and what it tells comes in any order, so each cook writes down his own minutes.

class Cook {
 public:
  explicit Cook(Pot pot) : pot_(pot), thread_([this] { work(); }) {}
  Cook(const Cook&) = delete;
  Cook& operator=(const Cook&) = delete;

  Minutes join() {
    thread_.join();
    std::fputs(diary_.c_str(), stdout);
    return clock_;
  }

 private:
  void work() {
    diary_ += line(clock_, pot_, "water on");
    watch(pot_.to_boil);
    diary_ += line(clock_, pot_, "it boils, dumplings in");
    watch(pot_.to_cook);
    diary_ += line(clock_, pot_, "dumplings out");
  }
  void watch(Minutes time) {
    std::this_thread::sleep_for(time.count() * 1ms);
    clock_ += time;
  }

  Pot pot_;
  Minutes clock_{0};
  std::string diary_;
  std::thread thread_;  // last: it uses the others
};

Minutes two_cooks() {
  Cook first(kPork);
  Cook second(kCabbage);
  Minutes pork = first.join();
  Minutes cabbage = second.join();
  return std::max(pork, cabbage);
}

void total(Minutes time) { std::printf("  total %d min\n", static_cast<int>(time.count())); }

int main() {
  std::puts("One cook, two pots, one after the other:");
  total(hob::run(one_after_the_other(), {.driver = hob::Driver::sim}));
  std::puts("One cook, two pots, asynchronously:");
  total(hob::run(both_at_once(), {.driver = hob::Driver::sim}));
  std::puts("Two cooks, a pot each (two threads):");
  total(two_cooks());
}
