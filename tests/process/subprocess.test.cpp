// SPDX-License-Identifier: MIT
// Subprocesses: real ones, from /bin/sh.
#include <hob/hob.hpp>
#include <hob/process/environment.hpp>
#include <hob/process/subprocess.hpp>

#include <doctest/doctest.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::DEVNULL;
using hob::PIPE;
using hob::Process;
using hob::STDOUT;

namespace subprocess_test {
namespace {

template <class R>
int error_code(const R& result) {
  try {
    std::rethrow_exception(result.exception());
  } catch (const hob::OSError& error) {
    return error.code();
  }
}

bool no_children() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

int open_descriptors() {
  int count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  while (::readdir(dir)) ++count;
  ::closedir(dir);
  return count;
}

Coro<std::string> output_of(std::string command) {
  auto process = co_await hob::create_subprocess_shell(command, {.stdout_ = PIPE});
  auto output = co_await process.communicate();
  co_return std::move(output.stdout_);
}

/// The mask of a line "SigIgn:<tab>hexadecimal", without the two signals that glibc keeps for
/// itself: its posix_spawn ignores them in the child, so whatever make or a shell starts may
/// inherit that.
unsigned long long ignored_signals(const std::string& line) {
  constexpr unsigned long long kInternal = 3ull << 31;  // 32 and 33
  return std::stoull(line.substr(line.find('\t') + 1), nullptr, 16) & ~kInternal;
}

}  // namespace

TEST_CASE("exit codes and signals are told") {
  const int before = open_descriptors();
  const auto main = []() -> Coro<> {
    Process process = co_await hob::create_subprocess_exec("true");
    CHECK(process.pid() > 0);
    CHECK_FALSE(process.returncode().has_value());
    int code = co_await process.wait();
    CHECK(code == 0);
    CHECK(process.returncode() == 0);
    code = co_await process.wait();
    CHECK(code == 0);
    process = co_await hob::create_subprocess_exec("sh", "-c", "exit 7");
    code = co_await process.wait();
    CHECK(code == 7);
    process = co_await hob::create_subprocess_shell("kill -TERM $$");
    code = co_await process.wait();
    CHECK(code == -SIGTERM);
    process = co_await hob::create_subprocess_exec("sleep", "1000");
    process.terminate();
    code = co_await process.wait();
    CHECK(code == -SIGTERM);
    CHECK_THROWS_AS(process.kill(), hob::OSError);
    process = co_await hob::create_subprocess_exec("sleep", "1000");
    process.kill();
    code = co_await process.wait();
    CHECK(code == -SIGKILL);
    const std::vector<std::string> arguments{"sh", "-c", "exit $#", "0", "1", "2", "3", "4"};
    process = co_await hob::create_subprocess_exec(arguments);
    code = co_await process.wait();
    CHECK(code == 4);
  };
  hob::run(main());
  CHECK(no_children());
  CHECK(open_descriptors() == before);
}

TEST_CASE("communicate feeds and reads at once") {
  const auto main = []() -> Coro<> {
    auto cat = co_await hob::create_subprocess_exec("cat", {.stdin_ = PIPE, .stdout_ = PIPE});
    CHECK_FALSE(static_cast<bool>(cat.stderr_));
    const std::string input(5 << 20, 'x');  // more than pipes hold
    auto output = co_await cat.communicate(input);
    CHECK((output.stdout_ == input));
    CHECK(output.stderr_.empty());
    CHECK(cat.returncode() == 0);

    auto both = co_await hob::create_subprocess_shell(
        "cat >&2; echo out", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE});
    output = co_await both.communicate("in");
    CHECK(output.stdout_ == "out\n");
    CHECK(output.stderr_ == "in");

    auto merged = co_await hob::create_subprocess_shell("echo a; echo b >&2; echo c",
                                                        {.stdout_ = PIPE, .stderr_ = STDOUT});
    output = co_await merged.communicate();
    CHECK(output.stdout_ == "a\nb\nc\n");

    auto nothing = co_await hob::create_subprocess_exec(
        "cat", {.stdin_ = DEVNULL, .stdout_ = PIPE, .stderr_ = DEVNULL});
    output = co_await nothing.communicate();
    CHECK(output.stdout_ == "");
  };
  hob::run(main());
  CHECK(no_children());
}

TEST_CASE("that a program does not read its input is no error") {
  const auto main = []() -> Coro<> {
    const std::string input(1 << 20, 'x');
    auto process = co_await hob::create_subprocess_exec("true", {.stdin_ = PIPE});
    co_await process.communicate(input);
    CHECK(process.returncode() == 0);
  };
  hob::run(main());
}

TEST_CASE("a conversation through the streams") {
  const auto main = []() -> Coro<> {
    auto process = co_await hob::create_subprocess_shell(
        "while read line; do echo \"<$line>\"; done", {.stdin_ = PIPE, .stdout_ = PIPE});
    for (const char* word : {"one", "two", "three"}) {
      process.stdin_.writelines(word, "\n");
      co_await process.stdin_.drain();
      const std::string line = co_await process.stdout_.readline();
      CHECK(line == "<" + std::string(word) + ">\n");
    }
    process.stdin_.close();
    const std::string rest = co_await process.stdout_.read();
    CHECK(rest == "");
    const int code = co_await process.wait();
    CHECK(code == 0);
  };
  hob::run(main());
}

TEST_CASE("wait does not wait for the pipes") {
  const auto main = []() -> Coro<> {
    // The grandchild keeps stdout open.
    auto process = co_await hob::create_subprocess_shell("sleep 1000 & echo $!", {.stdout_ = PIPE});
    const std::string line = co_await process.stdout_.readline();
    const int code = co_await process.wait();
    CHECK(code == 0);
    ::kill(std::stoi(line), SIGKILL);
    const std::string rest = co_await process.stdout_.read();
    CHECK(rest == "");
  };
  hob::run(main());
}

TEST_CASE("what stands in the pipe outlives the process") {
  const auto main = []() -> Coro<> {
    auto process = co_await hob::create_subprocess_exec("echo", "hello", {.stdout_ = PIPE});
    co_await process.wait();
    const std::string text = co_await process.stdout_.read();
    CHECK(text == "hello\n");
  };
  hob::run(main());
}

TEST_CASE("errors of the start come with their errno, and leave nothing") {
  const int before = open_descriptors();
  const auto main = []() -> Coro<> {
    auto result = co_await hob::as_result(
        hob::create_subprocess_exec("no-such-program-here", {.stdin_ = PIPE, .stdout_ = PIPE}));
    CHECK(error_code(result) == ENOENT);
    CHECK(hob::describe(result.exception()).find("no-such-program-here") != std::string::npos);
    result = co_await hob::as_result(hob::create_subprocess_exec("/tmp"));
    CHECK(error_code(result) == EACCES);
    result = co_await hob::as_result(hob::create_subprocess_exec("true", {.cwd = "/no/where"}));
    CHECK(error_code(result) == ENOENT);
    CHECK(hob::describe(result.exception()).find("chdir '/no/where'") != std::string::npos);
    const int closed[] = {1000};
    result = co_await hob::as_result(hob::create_subprocess_exec("true", {.pass_fds = closed}));
    CHECK(error_code(result) == EBADF);
    CHECK_THROWS_AS(hob::create_subprocess_exec(std::string("a\0b", 3)).close(), hob::ValueError);
    CHECK_THROWS_AS(hob::create_subprocess_exec("true", {.stdout_ = STDOUT}).close(),
                    hob::ValueError);
    CHECK_THROWS_AS(hob::create_subprocess_exec(std::vector<std::string>()).close(),
                    hob::ValueError);
  };
  hob::run(main());
  CHECK(no_children());
  CHECK(open_descriptors() == before);
}

TEST_CASE("out of descriptors: an error, and nothing is left") {
  const auto main = []() -> Coro<> {
    const int before = open_descriptors();
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (rlim_t more = 0; more < 8; ++more) {
      // open_descriptors counts three of its own: ".", ".." and the directory.
      const rlimit low{static_cast<rlim_t>(before) - 3 + more, limit.rlim_max};
      REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
      auto process = co_await hob::as_result(hob::create_subprocess_exec(
          "cat", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = DEVNULL}));
      REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
      if (process) {
        auto output = co_await process->communicate("x");
        CHECK(output.stdout_ == "x");
        process = hob::Result<Process>(Process());
      } else {
        CHECK(error_code(process) == EMFILE);
      }
      CHECK(open_descriptors() == before);
    }
  };
  hob::run(main());
  CHECK(no_children());
}

TEST_CASE("environment, directory, name") {
  const auto main = []() -> Coro<> {
    hob::Environment environment;
    environment.set("PATH", "/nowhere:/bin:/usr/bin");
    environment.set("A", "1");
    environment.set("A", "2");
    environment.set("B", "");
    CHECK(environment.unset("B"));
    CHECK_FALSE(environment.unset("B"));
    auto process =
        co_await hob::create_subprocess_exec("env", {.stdout_ = PIPE, .env = &environment});
    auto output = co_await process.communicate();
    CHECK(output.stdout_ == "PATH=/nowhere:/bin:/usr/bin\nA=2\n");
    CHECK_THROWS_AS(environment.set("", "x"), hob::ValueError);
    CHECK_THROWS_AS(environment.set("a=b", "x"), hob::ValueError);

    hob::Environment copy = hob::Environment::current();
    CHECK(copy.get("PATH") == std::string(::getenv("PATH")));
    copy.set("PATH", "/nowhere");
    const auto missing =
        co_await hob::as_result(hob::create_subprocess_exec("env", {.env = &copy}));
    CHECK(error_code(missing) == ENOENT);

    process = co_await hob::create_subprocess_exec("pwd", {.stdout_ = PIPE, .cwd = "/usr"});
    output = co_await process.communicate();
    CHECK(output.stdout_ == "/usr\n");
    process = co_await hob::create_subprocess_exec("other name", "-c", "echo $0",
                                                   {.stdout_ = PIPE, .executable = "sh"});
    output = co_await process.communicate();
    CHECK(output.stdout_ == "other name\n");
  };
  hob::run(main());
}

TEST_CASE("sessions and process groups") {
  const auto main = []() -> Coro<> {
    const std::string command = "cut -d' ' -f1,5,6 /proc/$$/stat";  // pid, group, session
    auto process = co_await hob::create_subprocess_shell(
        command, {.stdout_ = PIPE, .start_new_session = true});
    auto output = co_await process.communicate();
    const std::string pid = std::to_string(process.pid());
    CHECK(output.stdout_ == pid + " " + pid + " " + pid + "\n");
    process = co_await hob::create_subprocess_shell(command, {.stdout_ = PIPE, .process_group = 0});
    output = co_await process.communicate();
    const std::string own = std::to_string(process.pid());
    CHECK(output.stdout_ == own + " " + own + " " + std::to_string(::getsid(0)) + "\n");
  };
  hob::run(main());
}

TEST_CASE("only what is passed on is inherited") {
  // High numbers: ls opens the directory as 3. The first without O_CLOEXEC, as a foreign library's.
  const int leak = ::fcntl(0, F_DUPFD, 50);
  const int wanted = ::fcntl(0, F_DUPFD_CLOEXEC, 50);
  const auto main = [=]() -> Coro<> {
    const std::string list = "ls /proc/self/fd";
    auto process = co_await hob::create_subprocess_exec("ls", "/proc/self/fd", {.stdout_ = PIPE});
    auto output = co_await process.communicate();
    CHECK(output.stdout_ == "0\n1\n2\n3\n");  // 3 is the directory
    const std::vector<int> fds{wanted};
    process = co_await hob::create_subprocess_exec("ls", "/proc/self/fd",
                                                   {.stdout_ = PIPE, .pass_fds = fds});
    output = co_await process.communicate();
    CHECK(("\n" + output.stdout_).find("\n" + std::to_string(wanted) + "\n") != std::string::npos);
    CHECK(("\n" + output.stdout_).find("\n" + std::to_string(leak) + "\n") == std::string::npos);
    process = co_await hob::create_subprocess_exec("ls", "/proc/self/fd",
                                                   {.stdout_ = PIPE, .close_fds = false});
    output = co_await process.communicate();
    CHECK(("\n" + output.stdout_).find("\n" + std::to_string(leak) + "\n") != std::string::npos);
    CHECK((::fcntl(wanted, F_GETFD) & FD_CLOEXEC) != 0);  // unchanged here
  };
  hob::run(main());
  ::close(leak);
  ::close(wanted);
}

TEST_CASE("descriptors as standard streams, also crossed") {
  const auto main = []() -> Coro<> {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    auto process = co_await hob::create_subprocess_shell("echo out; echo err >&2",
                                                         {.stdout_ = fds[1], .stderr_ = fds[1]});
    co_await process.wait();
    ::close(fds[1]);
    std::array<char, 100> buffer;
    const ssize_t size = ::read(fds[0], buffer.data(), buffer.size());
    CHECK(std::string(buffer.data(), static_cast<std::size_t>(size)) == "out\nerr\n");
    ::close(fds[0]);
    // The inner shell's 1 and 2 are the outer one's, exchanged.
    auto outer = co_await hob::create_subprocess_shell("(echo out; echo err >&2) 3>&1 1>&2 2>&3",
                                                       {.stdout_ = PIPE, .stderr_ = PIPE});
    auto output = co_await outer.communicate();
    CHECK(output.stdout_ == "err\n");
    CHECK(output.stderr_ == "out\n");
  };
  hob::run(main());
}

TEST_CASE("signals are as a program expects them") {
  ::signal(SIGPIPE, SIG_IGN);
  const auto main = []() -> Coro<> {
    auto& loop = hob::get_running_loop();
    loop.add_signal_handler(SIGUSR1, [] {});
    const std::string blocked = co_await output_of("grep SigBlk /proc/self/status");
    CHECK(blocked == "SigBlk:\t0000000000000000\n");
    const std::string ignored = co_await output_of("grep SigIgn /proc/self/status");
    CHECK(ignored_signals(ignored) == 0);
    auto process = co_await hob::create_subprocess_exec(
        "grep", "SigIgn", "/proc/self/status", {.stdout_ = PIPE, .restore_signals = false});
    const auto output = co_await process.communicate();
    CHECK(ignored_signals(output.stdout_) == 1ull << (SIGPIPE - 1));
  };
  hob::run(main());
  ::signal(SIGPIPE, SIG_DFL);
}

TEST_CASE("many may wait; a cancelled wait changes nothing") {
  const auto main = []() -> Coro<> {
    auto process = co_await hob::create_subprocess_exec("cat", {.stdin_ = PIPE});
    std::vector<hob::Task<int>> waiting;
    for (int i = 0; i < 5; ++i) waiting.push_back(hob::create_task(process.wait()));
    const auto early = co_await hob::as_result(hob::wait_for(process.wait(), 1ms));
    CHECK_FALSE(early.has_value());
    waiting[0].cancel();
    co_await hob::sleep(0s);
    co_await hob::sleep(0s);
    CHECK(waiting[0].cancelled());
    CHECK_FALSE(process.returncode().has_value());
    process.stdin_.close();
    for (int i = 1; i < 5; ++i) {
      const int code = co_await waiting[static_cast<std::size_t>(i)];
      CHECK(code == 0);
    }
  };
  hob::run(main());
}

TEST_CASE("a cancelled communicate leaves the process alone") {
  const auto main = []() -> Coro<> {
    auto process = co_await hob::create_subprocess_shell("cat; exec sleep 1000",
                                                         {.stdin_ = PIPE, .stdout_ = PIPE});
    const auto early = co_await hob::as_result(hob::wait_for(process.wait(), 1ms));
    CHECK_FALSE(early.has_value());
    const std::string input(1 << 20, 'x');
    auto talking = hob::create_task(process.communicate(input));
    co_await hob::sleep(1ms);
    talking.cancel();
    const auto outcome = co_await hob::as_result(std::move(talking));
    CHECK_FALSE(process.returncode().has_value());
    process.kill();
    const int code = co_await process.wait();
    CHECK(code == -SIGKILL);
  };
  hob::run(main());
}

TEST_CASE("a storm of exits: no child is lost") {
  const auto one = [](int i) -> Coro<int> {
    auto process = co_await hob::create_subprocess_exec("sh", "-c", "exit " + std::to_string(i));
    co_return co_await process.wait();
  };
  const auto main = [&]() -> Coro<> {
    std::vector<hob::Task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(hob::create_task(one, i));
    const auto codes = co_await hob::gather(tasks);
    for (int i = 0; i < 100; ++i) CHECK(codes[static_cast<std::size_t>(i)] == i);
    // All at one time.
    std::vector<Process> sleepers;
    for (int i = 0; i < 100; ++i)
      sleepers.push_back(co_await hob::create_subprocess_exec("sleep", "1000"));
    for (const Process& sleeper : sleepers) sleeper.kill();
    for (const Process& sleeper : sleepers) {
      const int code = co_await sleeper.wait();
      CHECK(code == -SIGKILL);
    }
  };
  hob::run(main());
  CHECK(no_children());
}

TEST_CASE("a dropped process is reaped by its loop, one that is left by the next start") {
  const auto drop = []() -> Coro<> {
    int pid = 0;
    {
      auto process = co_await hob::create_subprocess_exec("true");
      pid = process.pid();
    }
    while (::kill(pid, 0) == 0) co_await hob::sleep(1ms);  // until it is no zombie either
  };
  hob::run(drop());
  CHECK(no_children());

  int pid = 0;
  const auto leave = [&]() -> Coro<> {
    auto process = co_await hob::create_subprocess_exec("sleep", "1000");
    pid = process.pid();
  };
  hob::run(leave());
  CHECK(::kill(pid, SIGKILL) == 0);  // the end of the loop did not kill it
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  const auto start = []() -> Coro<> {
    auto process = co_await hob::create_subprocess_exec("true");
    co_await process.wait();
  };
  hob::run(start());
  CHECK(no_children());
}

TEST_CASE("a child that somebody else waits for") {
  const auto main = []() -> Coro<> {
    auto process = co_await hob::create_subprocess_exec("true");
    REQUIRE(::waitpid(process.pid(), nullptr, 0) == process.pid());
    const int code = co_await process.wait();
    CHECK(code == 255);
  };
  hob::run(main());
}

TEST_CASE("processes start from many threads that allocate") {
  std::atomic<bool> stop{false};
  std::vector<std::thread> noise;
  for (int i = 0; i < 2; ++i) {
    noise.emplace_back([&] {
      while (!stop) std::string(1000, 'x').append(std::string(5000, 'y'));
    });
  }
  std::atomic<int> good{0};
  const auto main = []() -> Coro<int> {
    int sum = 0;
    for (int i = 0; i < 10; ++i) {
      const std::string text = co_await output_of("echo " + std::to_string(i));
      sum += text == std::to_string(i) + "\n";
    }
    co_return sum;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { good += hob::run(main()); });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  for (std::thread& thread : noise) thread.join();
  CHECK(good == 40);
  CHECK(no_children());
}

}  // namespace subprocess_test
