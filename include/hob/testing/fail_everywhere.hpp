// SPDX-License-Identifier: MIT
// fail_everywhere: finds what a failing system call breaks, by making every one of them fail.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/function.hpp>
#include <hob/task/coro.hpp>
#include <hob/testing/faults.hpp>

#include <cstddef>
#include <exception>
#include <stdexcept>

namespace hob::testing {

/// What fail_everywhere made to fail in one run.
struct Fault {
  Faults::Call call;
  /// The errno (an EAI_* of getaddrinfo and getnameinfo); 0: a count of one byte.
  int error;
  /// The n-th of these calls, and those after it when it stays.
  std::size_t nth;
  bool stays;
};

struct FaultOptions {
  /// Whether this may leave the scenario because of that. Null: an OSError, or a GaiError, with the
  /// code of the fault, and nothing when the code is EINTR, EAGAIN or 0, which programs never see.
  Function<bool(const Fault&, const std::exception_ptr&)> may_throw = {};
  /// Whether this is tried. Null: everything is.
  Function<bool(const Fault&)> only = {};
  /// In virtual time, which does not wait for processes.
  bool virtual_time = true;
  /// A run that takes longer does not end: a failure.
  Duration limit = Duration::nanoseconds(60'000'000'000);
  /// Of calls of one kind only so many, the first, are made to fail.
  std::size_t calls_max = 24;
  /// As in CancelOptions.
  bool count_blocks = true;
};

/// `what()` names the fault and what went wrong.
class FaultFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs `scenario` once and counts its calls of the kernel; then again for each of them and each of
/// the errors that its manual page has (those that come from outside: interruptions, exhausted
/// resources, lost connections, full disks), with just that call failing, and with that call and
/// all later ones of its kind (five of them, for what the kernel says once only). Calls that move
/// bytes also move just one. In each run nothing but the error of the fault may leave the scenario,
/// and after it nothing may be left, as with cancel_everywhere; what is reported to the exception
/// handler is ignored. Gives the number of runs in which something failed. `scenario` is called
/// anew for each run. Throws FaultFailure for the first run that goes wrong, and what leaves the
/// scenario when nothing fails.
std::size_t fail_everywhere(Function<Coro<>()> scenario, FaultOptions options = {});

}  // namespace hob::testing
