// SPDX-License-Identifier: MIT
#include <hob/process/subprocess.hpp>

#include "process/process_state.hpp"
#include "process/spawn_plan.hpp"
#include "stream/descriptor_transport.hpp"

#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>
#include <hob/stream/stream.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/gather.hpp>

#include <cerrno>
#include <tuple>

namespace hob {
namespace detail {
namespace {

int checked(int result, const char* operation) {
  if (result < 0) throw OSError(-result, operation);
  return result;
}

// The two ends of one standard stream.
struct StreamEnds {
  sys::Fd own;    // a PIPE's, for the stream
  sys::Fd given;  // closed here once the child has it
  int child = -1;
};

StreamEnds make_ends(Stdio what, int number) {
  StreamEnds ends;
  if (what == PIPE) {
    sys::Fd pipe[2];
    checked(sys::make_pipe(pipe), "pipe2");
    const int own = number == 0 ? 1 : 0;
    ends.own = std::move(pipe[own]);
    ends.given = std::move(pipe[1 - own]);
    checked(sys::set_non_blocking(ends.own.get()), "fcntl");
    ends.child = ends.given.get();
  } else if (what == DEVNULL) {
    ends.given = sys::Fd(checked(sys::open_dev_null(), "open '/dev/null'"));
    ends.child = ends.given.get();
  } else if (what != INHERIT) {
    ends.child = what.value();
  }
  return ends;
}

Stream stream_of(EventLoop& loop, sys::Fd fd, std::size_t limit) {
  return make_stream(DescriptorTransport::make(loop, std::move(fd), sys::FileKind::pipe), limit);
}

Coro<Process> start(SpawnPlan plan) {
  EventLoop& loop = get_running_loop();
  reap_orphans();
  StreamEnds ends[3];
  int stdio[3];
  for (int i = 0; i < 3; ++i) {
    if (plan.stdio[i] == STDOUT) {
      ends[i].child = ends[1].child >= 0 ? ends[1].child : 1;
    } else {
      ends[i] = make_ends(plan.stdio[i], i);
    }
    stdio[i] = ends[i].child;
  }
  sys::Spawned child;
  spawn(plan, stdio, child);
  Process process(ProcessState::watch(loop, std::move(child)));
  if (plan.stdio[0] == PIPE)
    process.stdin_ = stream_of(loop, std::move(ends[0].own), plan.limit).writer;
  if (plan.stdio[1] == PIPE)
    process.stdout_ = stream_of(loop, std::move(ends[1].own), plan.limit).reader;
  if (plan.stdio[2] == PIPE)
    process.stderr_ = stream_of(loop, std::move(ends[2].own), plan.limit).reader;
  co_return std::move(process);
}

bool is_broken_pipe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const OSError& e) {
    return e.code() == EPIPE || e.code() == ECONNRESET;
  } catch (...) {
    return false;
  }
}

Coro<> feed(StreamWriter writer, Text input) {
  if (!writer) co_return;
  writer.write(input);
  const auto drained = co_await as_result(writer.drain());
  if (!drained && !is_broken_pipe(drained.exception())) std::rethrow_exception(drained.exception());
  writer.close();
}

Coro<std::string> read_all(StreamReader reader) {
  if (!reader) co_return std::string();
  co_return co_await reader.read();
}

Coro<ProcessOutput> talk(Process process, Text input) {
  auto talking =
      gather(feed(process.stdin_, input), read_all(process.stdout_), read_all(process.stderr_));
  auto results = co_await std::move(talking);
  co_await process.wait();
  co_return ProcessOutput(std::move(std::get<1>(results)), std::move(std::get<2>(results)));
}

}  // namespace

Coro<Process> spawn_process(const Text* arguments, std::size_t count,
                            const SubprocessOptions& options) {
  return start(SpawnPlan(arguments, count, options));
}

}  // namespace detail

Process::Process() noexcept = default;
Process::Process(const Process& other) noexcept = default;
Process::Process(Process&& other) noexcept = default;
Process& Process::operator=(Process other) noexcept {
  std::swap(stdin_, other.stdin_);
  std::swap(stdout_, other.stdout_);
  std::swap(stderr_, other.stderr_);
  std::swap(state_, other.state_);
  return *this;
}
Process::~Process() = default;
Process::Process(detail::Ref<detail::ProcessState> state) noexcept : state_(std::move(state)) {}

detail::ProcessState& Process::state() const {
  if (!state_) detail::raise_runtime_error("no process");
  return *state_;
}

int Process::pid() const noexcept { return state_ ? state_->pid() : 0; }
std::optional<int> Process::returncode() const noexcept {
  return state_ ? state_->returncode() : std::nullopt;
}
Coro<int> Process::wait() const {
  return detail::ProcessState::wait(detail::Ref<detail::ProcessState>(&state()));
}
Coro<ProcessOutput> Process::communicate(Text input) const {
  state();
  return detail::talk(*this, input);
}
void Process::send_signal(int signal) const { state().send_signal(signal); }
void Process::terminate() const { send_signal(sys::kSigTerm); }
void Process::kill() const { send_signal(sys::kSigKill); }

Coro<Process> create_subprocess_exec(const std::vector<std::string>& arguments,
                                     const SubprocessOptions& options) {
  const std::vector<Text> texts(arguments.begin(), arguments.end());
  return detail::spawn_process(texts.data(), texts.size(), options);
}

Coro<Process> create_subprocess_shell(Text command, const SubprocessOptions& options) {
  const Text arguments[] = {"/bin/sh", "-c", command};
  return detail::spawn_process(arguments, 3, options);
}

}  // namespace hob
