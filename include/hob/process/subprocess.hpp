// SPDX-License-Identifier: MIT
// create_subprocess_exec, create_subprocess_shell, Process: other programs, and streams to them.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/core/text.hpp>
#include <hob/stream/reader.hpp>
#include <hob/stream/writer.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hob {

class Environment;
class Process;

/// What one of a subprocess's standard streams is: INHERIT, PIPE, DEVNULL, STDOUT, or a descriptor,
/// which stays the caller's.
class Stdio {
 public:
  constexpr Stdio(int fd) noexcept : value_(fd) {}  // NOLINT(google-explicit-constructor)
  constexpr int value() const noexcept { return value_; }
  friend constexpr bool operator==(Stdio, Stdio) noexcept = default;

 private:
  int value_;
};

/// A stream of this process to the other one's.
inline constexpr Stdio PIPE{-1};
/// stderr_ only: to where its standard output goes.
inline constexpr Stdio STDOUT{-2};
/// Nothing: reading gives the end, writing vanishes.
inline constexpr Stdio DEVNULL{-3};
/// What this process has. The default (Python's None).
inline constexpr Stdio INHERIT{-4};

/// Descriptors, borrowed from an array or a vector.
class Descriptors {
 public:
  constexpr Descriptors() noexcept = default;
  template <class C>
    requires requires(const C& c) {
      static_cast<const int*>(c.data());
      c.size();
    }
  constexpr Descriptors(const C& c) noexcept  // NOLINT(google-explicit-constructor)
      : data_(c.data()), size_(c.size()) {}
  template <std::size_t n>
  constexpr Descriptors(const int (&array)[n]) noexcept  // NOLINT(google-explicit-constructor)
      : data_(array), size_(n) {}
  constexpr const int* begin() const noexcept { return data_; }
  constexpr const int* end() const noexcept { return data_ + size_; }

 private:
  const int* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Options of create_subprocess_exec and create_subprocess_shell; all is copied by the call. Those
/// of subprocess.Popen that make sense.
struct SubprocessOptions {
  Stdio stdin_ = INHERIT;
  Stdio stdout_ = INHERIT;
  Stdio stderr_ = INHERIT;
  /// Of the readers: how long a line may be.
  std::size_t limit = StreamReader::kLimit;
  /// The directory to start in; empty: this one. The program is looked up from there.
  Text cwd = {};
  /// All its variables; null: this process's. The program is looked up in its PATH.
  const Environment* env = nullptr;
  /// Descriptors that the program gets too, under the same numbers.
  Descriptors pass_fds = {};
  /// All other descriptors are closed in it. Those of this library are in any case.
  bool close_fds = true;
  /// setsid(2): no controlling terminal, its own process group.
  bool start_new_session = false;
  /// Its process group; 0: one of its own; -1: this process's.
  int process_group = -1;
  /// Undo an ignored SIGPIPE and SIGXFSZ.
  bool restore_signals = true;
  /// The program to run, when its name, the first argument, is to be another.
  Text executable = {};
};

/// What communicate gives: all that came out of stdout and stderr; "" for those that are no PIPE.
struct ProcessOutput {
  ProcessOutput() noexcept = default;
  ProcessOutput(std::string out, std::string err) noexcept
      : stdout_(std::move(out)), stderr_(std::move(err)) {}
  std::string stdout_;
  std::string stderr_;
};

namespace detail {
class ProcessState;
/// The arguments and what else is to be done, copied.
struct SpawnPlan;
Coro<Process> spawn_process(const Text* arguments, std::size_t count,
                            const SubprocessOptions& options);
}  // namespace detail

/// A subprocess. A cheap handle: copies name the same one. Dropping it neither kills nor waits: the
/// loop reaps the process when it ends. Nor does the end of the loop kill it, or the cancellation
/// of who waits for it: do that with `kill`. Signals go by pidfd, so never to another process that
/// got the same number. Belongs to the loop's thread. Semantics of asyncio.subprocess.Process.
class Process {
 public:
  /// An empty handle.
  Process() noexcept;
  Process(const Process& other) noexcept;
  Process(Process&& other) noexcept;
  Process& operator=(Process other) noexcept;
  ~Process();

  int pid() const noexcept;
  /// The exit code, minus the signal that killed it; nothing while it runs, as far as the loop
  /// knows. 255 when somebody else has waited for it.
  std::optional<int> returncode() const noexcept;
  /// Waits for its end and gives the exit code. Any number of tasks may wait; a cancellation has no
  /// effect on the process. What stands in the pipes can still be read. A program that writes more
  /// to a PIPE than that holds does not end before somebody reads: use `communicate`.
  Coro<int> wait() const;
  /// Writes `input`, which must live until then, to stdin_ and closes it, reads stdout_ and stderr_
  /// until their ends, all at once, and waits. That the program does not read its input is no
  /// error. A cancellation leaves the process running, with stdin_ open or closed.
  Coro<ProcessOutput> communicate(Text input = {}) const;
  /// Throws OSError: ESRCH after the end (Python's ProcessLookupError), EPERM.
  void send_signal(int signal) const;
  /// SIGTERM and SIGKILL.
  void terminate() const;
  void kill() const;

  explicit operator bool() const noexcept { return static_cast<bool>(state_); }

  /// Its standard streams, as seen from here; empty but for those that are a PIPE.
  StreamWriter stdin_;
  StreamReader stdout_;
  StreamReader stderr_;

  /// For create_subprocess_exec.
  explicit Process(detail::Ref<detail::ProcessState> state) noexcept;

 private:
  detail::ProcessState& state() const;

  detail::Ref<detail::ProcessState> state_;
};

/// Starts `program`, looked up in PATH when it has no slash, with the arguments that follow, and
/// runs no shell: `co_await create_subprocess_exec("sort", "-n", {.stdin_ = PIPE})`. Does not
/// suspend; holds the thread until the program runs. Safe beside other threads. Throws OSError with
/// the errno of what failed, the exec included; ValueError for arguments with NUL, or STDOUT for
/// another stream than stderr_. Behaviour of asyncio.create_subprocess_exec.
inline Coro<Process> create_subprocess_exec(Text program, const SubprocessOptions& options = {}) {
  return detail::spawn_process(&program, 1, options);
}
inline Coro<Process> create_subprocess_exec(Text program, Text a,
                                            const SubprocessOptions& options = {}) {
  const Text arguments[] = {program, a};
  return detail::spawn_process(arguments, 2, options);
}
inline Coro<Process> create_subprocess_exec(Text program, Text a, Text b,
                                            const SubprocessOptions& options = {}) {
  const Text arguments[] = {program, a, b};
  return detail::spawn_process(arguments, 3, options);
}
inline Coro<Process> create_subprocess_exec(Text program, Text a, Text b, Text c,
                                            const SubprocessOptions& options = {}) {
  const Text arguments[] = {program, a, b, c};
  return detail::spawn_process(arguments, 4, options);
}
inline Coro<Process> create_subprocess_exec(Text program, Text a, Text b, Text c, Text d,
                                            const SubprocessOptions& options = {}) {
  const Text arguments[] = {program, a, b, c, d};
  return detail::spawn_process(arguments, 5, options);
}
/// The same with all arguments, the program first, in a vector: for more, or a number known at run
/// time. Throws ValueError when it is empty.
Coro<Process> create_subprocess_exec(const std::vector<std::string>& arguments,
                                     const SubprocessOptions& options = {});

/// The same with `/bin/sh -c command`. What comes from outside does not belong into a command.
Coro<Process> create_subprocess_shell(Text command, const SubprocessOptions& options = {});

}  // namespace hob
