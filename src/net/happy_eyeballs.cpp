// SPDX-License-Identifier: MIT
#include "net/happy_eyeballs.hpp"

#include <hob/core/error.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/task.hpp>
#include <hob/task/wait.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <string>

namespace hob::detail {
namespace {

using Attempt = Task<Ref<Transport>>;

/// As asyncio: one error, or all the same, is that error; else what all of them say.
[[noreturn]] void raise_all(const std::vector<std::exception_ptr>& errors) {
  std::string text;
  bool same = true;
  for (const std::exception_ptr& error : errors) {
    const std::string one = describe(error);
    if (one != describe(errors.front())) same = false;
    text += (text.empty() ? "" : ", ") + one;
  }
  if (same) std::rethrow_exception(errors.front());
  throw OSError(ECONNREFUSED, "Multiple exceptions: " + text);
}

Coro<Ref<Transport>> one_after_the_other(std::vector<sys::Address> addresses, Connect connect) {
  std::vector<std::exception_ptr> errors;
  for (const sys::Address& address : addresses) {
    auto connected = co_await as_result(connect(address));
    if (connected) co_return std::move(connected).value();
    if (connected.cancelled()) static_cast<void>(connected.value());
    errors.push_back(connected.exception());
  }
  raise_all(errors);
}

/// The attempts that are under way. Those that are left when this goes are cancelled; what they may
/// have connected goes with them.
class Race {
 public:
  Race() = default;
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;
  ~Race() {
    for (const Attempt& each : attempts_) each.cancel();
  }

  void start(Connect& connect, const sys::Address& address) {
    attempts_.push_back(create_task(connect(address)));
  }
  const std::vector<Attempt>& attempts() const noexcept { return attempts_; }
  /// Takes out what has ended: gives the winner, or notes the errors. `newest_failed` tells whether
  /// the one that was started last is among those.
  Ref<Transport> collect(std::vector<std::exception_ptr>& errors, bool& newest_failed) {
    Ref<Transport> winner;
    newest_failed = !attempts_.empty() && attempts_.back().done();
    std::erase_if(attempts_, [&](const Attempt& each) {
      if (!each.done()) return false;
      if (each.cancelled()) {
        errors.push_back(make_cancelled_error({}));
      } else if (std::exception_ptr error = each.exception()) {
        errors.push_back(std::move(error));
      } else if (!winner) {
        winner = each.result();
      }
      return true;
    });
    return winner;
  }

 private:
  std::vector<Attempt> attempts_;
};

Coro<Ref<Transport>> staggered(std::vector<sys::Address> addresses, Duration delay,
                               Connect connect) {
  Race race;
  std::vector<std::exception_ptr> errors;
  std::size_t next = 0;
  while (next < addresses.size() || !race.attempts().empty()) {
    if (next < addresses.size()) race.start(connect, addresses[next++]);
    const Duration until = get_running_loop().time() + delay;
    bool newest_failed = false;
    while (!race.attempts().empty() && !newest_failed) {
      WaitOptions options;
      options.return_when = FIRST_COMPLETED;
      if (next < addresses.size()) options.timeout = until - get_running_loop().time();
      co_await wait(race.attempts(), options);
      Ref<Transport> winner = race.collect(errors, newest_failed);
      if (winner) co_return winner;
      if (next < addresses.size() && get_running_loop().time() >= until) break;
    }
  }
  raise_all(errors);
}

}  // namespace

std::vector<sys::Address> interleave(std::vector<sys::Address> addresses, int first) {
  if (first <= 0) return addresses;
  std::vector<std::vector<sys::Address>> families;
  for (const sys::Address& address : addresses) {
    const auto same = std::find_if(families.begin(), families.end(), [&](const auto& family) {
      return family.front().family() == address.family();
    });
    if (same == families.end()) {
      families.push_back({address});
    } else {
      same->push_back(address);
    }
  }
  std::vector<sys::Address> ordered;
  if (families.empty()) return ordered;
  std::vector<sys::Address>& favourite = families.front();
  const std::size_t ahead = std::min<std::size_t>(first - 1, favourite.size());
  const auto end_ahead = favourite.begin() + static_cast<std::ptrdiff_t>(ahead);
  ordered.assign(favourite.begin(), end_ahead);
  favourite.erase(favourite.begin(), end_ahead);
  for (std::size_t i = 0; ordered.size() < addresses.size(); ++i) {
    for (const auto& family : families) {
      if (i < family.size()) ordered.push_back(family[i]);
    }
  }
  return ordered;
}

Coro<Ref<Transport>> connect_any(std::vector<sys::Address> addresses, Duration delay,
                                 Connect connect) {
  if (addresses.size() < 2 || delay.is_forever())
    return one_after_the_other(std::move(addresses), std::move(connect));
  return staggered(std::move(addresses), delay, std::move(connect));
}

}  // namespace hob::detail
