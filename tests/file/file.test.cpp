// SPDX-License-Identifier: MIT
// open and File, read_file, write_file.
#include <hob/file/file.hpp>
#include <hob/file/paths.hpp>
#include <hob/file/temporary.hpp>
#include <hob/hob.hpp>
#include <hob/testing/cancel_everywhere.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::File;

namespace file_test {
namespace {

// Runs `body(directory)` with a directory of its own.
template <class F>
void in_directory(F body) {
  const auto main = [&body]() -> Coro<> {
    auto directory = co_await hob::temporary_directory();
    const std::string path = directory.name();
    co_await body(path);
    co_await directory.cleanup();
    const bool left = co_await hob::exists(path);
    CHECK_FALSE(left);
  };
  hob::run(main());
}

template <class R>
int error_code(const R& result) {
  try {
    std::rethrow_exception(result.exception());
  } catch (const hob::OSError& error) {
    return error.code();
  }
}

std::string numbers(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + "\n";
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("what is written can be read") {
  in_directory([](std::string dir) -> Coro<> {
    const std::string path = dir + "/a";
    File out = co_await hob::open(path, "w");
    CHECK(out.name() == path);
    const std::size_t written = co_await out.write("hello ");
    CHECK(written == 6);
    co_await out.write("world\n");
    CHECK(out.tell() == 12);
    co_await out.fsync();
    co_await out.fdatasync();
    co_await out.close();
    co_await out.close();
    CHECK(out.closed());

    File in = co_await hob::open(path);
    std::string text = co_await in.read(5);
    CHECK(text == "hello");
    CHECK(in.tell() == 5);
    text = co_await in.read();
    CHECK(text == " world\n");
    text = co_await in.read();
    CHECK(text == "");
    text = co_await in.read(10);
    CHECK(text == "");
    text = co_await in.readline();
    CHECK(text == "");
  });
}

TEST_CASE("files of many sizes, whole and in pieces") {
  in_directory([](std::string dir) -> Coro<> {
    const std::string path = dir + "/sizes";
    for (const std::size_t size : {0u, 1u, 65'535u, 65'536u, 65'537u, 262'144u, 1'000'003u}) {
      const std::string text = numbers(size);
      co_await hob::write_file(path, text);
      const std::string whole = co_await hob::read_file(path);
      CHECK((whole == text));
      File file = co_await hob::open(path);
      for (const std::size_t piece : {1'000u, 100'000u, 1u << 20}) {
        co_await file.seek(0);
        std::string got;
        while (true) {
          const std::string part = co_await file.read(piece);
          if (part.empty()) break;
          CHECK((part.size() == piece || got.size() + part.size() == size));
          got += part;
          CHECK(file.tell() == static_cast<std::int64_t>(got.size()));
        }
        CHECK((got == text));
      }
      co_await file.seek(0);
      std::string lines;
      while (auto line = co_await file.anext()) lines += *line;
      CHECK((lines == text));
    }
  });
}

TEST_CASE("lines and pieces mix") {
  in_directory([](std::string dir) -> Coro<> {
    const std::string path = dir + "/lines";
    co_await hob::write_file(path, "one\n\ntwo\nthree");
    File file = co_await hob::open(path, "r+");
    std::string line = co_await file.readline();
    CHECK(line == "one\n");
    line = co_await file.readline();
    CHECK(line == "\n");
    std::string text = co_await file.read(2);
    CHECK(text == "tw");
    CHECK(file.tell() == 7);
    co_await file.write("X");  // at the position, not behind what was read ahead
    CHECK(file.tell() == 8);
    line = co_await file.readline();
    CHECK(line == "\n");
    line = co_await file.readline();
    CHECK(line == "three");
    co_await file.seek(0);
    text = co_await file.readall();
    CHECK(text == "one\n\ntwX\nthree");
  });
}

TEST_CASE("seek, tell, truncate") {
  in_directory([](std::string dir) -> Coro<> {
    File file = co_await hob::open(dir + "/s", "w+");
    co_await file.write("0123456789");
    std::int64_t at = co_await file.seek(-3, 2);
    CHECK(at == 7);
    at = co_await file.seek(-2, 1);
    CHECK(at == 5);
    const std::string text = co_await file.read(2);
    CHECK(text == "56");
    std::int64_t size = co_await file.truncate();
    CHECK(size == 7);
    size = co_await file.truncate(3);
    CHECK(size == 3);
    CHECK(file.tell() == 7);
    const auto before = co_await hob::as_result(file.seek(-1));
    CHECK(error_code(before) == EINVAL);
    CHECK(file.tell() == 7);
    co_await file.write("x");
    const std::string all = co_await hob::read_file(dir + "/s");
    CHECK(all == std::string("012\0\0\0\0x", 8));
    const std::string part = co_await file.pread(2, 1);
    CHECK(part == "12");
    co_await file.pwrite("ab", 0);
    CHECK(file.tell() == 8);
    const std::string changed = co_await file.pread(3, 0);
    CHECK(changed == "ab2");
  });
}

TEST_CASE("modes are Python's") {
  in_directory([](std::string dir) -> Coro<> {
    const std::string path = dir + "/m";
    const auto missing = co_await hob::as_result(hob::open(path));
    CHECK(error_code(missing) == ENOENT);
    CHECK(hob::describe(missing.exception()).find("open '" + path + "'") != std::string::npos);
    File exclusive = co_await hob::open(path, "x", 0600);
    co_await exclusive.write("12");
    struct ::stat status{};
    ::fstat(exclusive.fileno(), &status);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK((::fcntl(exclusive.fileno(), F_GETFD) & FD_CLOEXEC) != 0);
    const auto again = co_await hob::as_result(hob::open(path, "x"));
    CHECK(error_code(again) == EEXIST);
    File append = co_await hob::open(path, "ab");
    CHECK(append.tell() == 2);
    co_await exclusive.write("34");
    co_await append.write("56");
    CHECK(append.tell() == 6);
    const auto unreadable = co_await hob::as_result(append.read(1));
    CHECK(error_code(unreadable) == EBADF);
    std::string text = co_await hob::read_file(path);
    CHECK(text == "123456");
    File both = co_await hob::open(path, "r+");
    const auto read_only = co_await hob::as_result((co_await hob::open(path)).write("x"));
    CHECK(error_code(read_only) == EBADF);
    co_await both.write("x");
    text = co_await hob::read_file(path);
    CHECK(text == "x23456");
    File emptied = co_await hob::open(path, "w");
    text = co_await hob::read_file(path);
    CHECK(text == "");
    for (const char* wrong : {"", "q", "rw", "wa", "+"})
      CHECK_THROWS_AS(hob::open(path, wrong).close(), hob::ValueError);
    const auto directory = co_await hob::as_result(hob::open(dir));
    CHECK(error_code(directory) == EISDIR);
  });
}

TEST_CASE("a closed file refuses") {
  in_directory([](std::string dir) -> Coro<> {
    File file = co_await hob::open(dir + "/c", "w");
    co_await file.close();
    CHECK_THROWS_AS(file.write("x").close(), hob::ValueError);
    CHECK_THROWS_AS(file.read().close(), hob::ValueError);
    CHECK_THROWS_AS(static_cast<void>(file.tell()), hob::ValueError);
    CHECK_THROWS_AS(static_cast<void>(file.fileno()), hob::ValueError);
    File empty;
    CHECK(empty.closed());
    co_await empty.close();
    CHECK_THROWS_AS(empty.read().close(), hob::ValueError);
  });
}

TEST_CASE("calls of several tasks come one after the other") {
  in_directory([](std::string dir) -> Coro<> {
    File file = co_await hob::open(dir + "/log", "a");
    const auto log = [&file](int writer) -> Coro<> {
      for (int i = 0; i < 20; ++i)
        co_await file.write(std::to_string(writer) + ":" + std::to_string(i) + "\n");
    };
    std::vector<hob::Task<>> writers;
    for (int i = 0; i < 5; ++i) writers.push_back(hob::create_task(log, i));
    co_await hob::gather(writers);
    File back = co_await hob::open(dir + "/log");
    std::vector<int> next(5);
    int lines = 0;
    while (auto line = co_await back.anext()) {
      const int writer = line->at(0) - '0';
      CHECK(*line == std::to_string(writer) + ":" + std::to_string(next.at(writer)++) + "\n");
      ++lines;
    }
    CHECK(lines == 100);
  });
}

TEST_CASE("a close waits for the calls before it") {
  in_directory([](std::string dir) -> Coro<> {
    const std::string text = numbers(1 << 20);
    File file = co_await hob::open(dir + "/big", "w");
    auto writing = hob::create_task(file.write(text));
    co_await hob::sleep(0s);
    co_await file.close();
    CHECK(writing.done());
    const std::string back = co_await hob::read_file(dir + "/big");
    CHECK((back == text));
  });
}

TEST_CASE("pipes and devices have no position") {
  in_directory([](std::string dir) -> Coro<> {
    const std::string path = dir + "/fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    auto opening = hob::create_task(hob::open(path, "w"));
    File in = co_await hob::open(path);
    File out = co_await std::move(opening);
    co_await out.write("first\nsecond");
    const std::string line = co_await in.readline();
    CHECK(line == "first\n");
    CHECK_THROWS_AS(static_cast<void>(in.tell()), hob::OSError);
    const auto sought = co_await hob::as_result(in.seek(0));
    CHECK(error_code(sought) == ESPIPE);
    co_await out.close();
    const std::string rest = co_await in.read();
    CHECK(rest == "second");
    File broken = co_await hob::open(path, "r+");
    co_await in.close();
    {
      auto opening_again = hob::create_task(hob::open(path, "w"));
      File writer = co_await std::move(opening_again);
      co_await broken.close();
      const auto nobody_reads = co_await hob::as_result(writer.write("x"));
      CHECK(error_code(nobody_reads) == EPIPE);
    }
    const std::string status = co_await hob::read_file("/proc/self/stat");  // its size is 0
    CHECK(status.size() > 10);
    File full = co_await hob::open("/dev/full", "w");
    const auto no_space = co_await hob::as_result(full.write("x"));
    CHECK(error_code(no_space) == ENOSPC);
  });
}

TEST_CASE("the loop goes on while a file makes somebody wait") {
  in_directory([](std::string dir) -> Coro<> {
    const std::string path = dir + "/fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    auto opening = hob::create_task(hob::open(path));  // until somebody opens it for writing
    for (int i = 0; i < 10; ++i) co_await hob::sleep(1ms);
    CHECK_FALSE(opening.done());
    opening.cancel();
    if (hob::get_running_loop().driver() != hob::Driver::uring) {
      // It is under way, so a thread cannot take it back: the cancellation waits for it.
      co_await hob::sleep(1ms);
      CHECK_FALSE(opening.done());
      File out = co_await hob::open(path, "w");
    }
    const auto outcome = co_await hob::as_result(std::move(opening));
    CHECK(outcome.cancelled());  // its task had no more suspension where it could strike
  });
}

TEST_CASE("a cancelled write happened, or had no effect") {
  in_directory([](std::string dir) -> Coro<> {
    const std::string block(1 << 16, 'x');
    for (int i = 0; i < 50; ++i) {
      const std::string path = dir + "/c" + std::to_string(i);
      File file = co_await hob::open(path, "w");
      bool told = false;
      const auto write = [&]() -> Coro<> {
        co_await file.write(block);
        told = true;
      };
      auto task = hob::create_task(write);
      for (int turn = 0; turn < i % 5; ++turn) co_await hob::sleep(0s);
      task.cancel();
      const std::vector<hob::Task<>> tasks(1, task);
      co_await hob::wait(tasks);
      const hob::StatResult status = co_await hob::stat(path);
      CHECK(status.size == (told ? 1 << 16 : 0));
      CHECK(file.tell() == status.size);
    }
  });
}

TEST_CASE("a cancelled read moves nothing") {
  in_directory([](std::string dir) -> Coro<> {
    const std::string text = numbers(4 << 20);
    co_await hob::write_file(dir + "/r", text);
    File file = co_await hob::open(dir + "/r");
    std::string got;
    const auto read = [&]() -> Coro<> { got += co_await file.read(1 << 20); };
    for (int i = 0; i < 50; ++i) {
      const std::size_t before = got.size();
      auto task = hob::create_task(read);
      for (int turn = 0; turn < i % 4; ++turn) co_await hob::sleep(0s);
      task.cancel();
      const std::vector<hob::Task<>> tasks(1, task);
      co_await hob::wait(tasks);
      CHECK(file.tell() == static_cast<std::int64_t>(got.size()));
      CHECK(
          (got.size() == before || got.size() == before + (1 << 20) || got.size() == text.size()));
    }
    got += co_await file.read();
    CHECK((got == text));
  });
}

TEST_CASE("files, cancelled everywhere") {
  const auto scenario = []() -> Coro<> {
    auto directory = co_await hob::temporary_directory();
    const std::string path = directory.name() + "/x";
    co_await hob::write_file(path, "a\nb\n");
    File file = co_await hob::open(path, "r+");
    co_await file.readline();
    co_await file.seek(0, 2);
    co_await file.write("c\n");
    co_await file.truncate(4);
    co_await file.close();
    const std::string text = co_await hob::read_file(path);
    if (text != "a\nb\n") throw hob::RuntimeError("wrong");
    co_await directory.cleanup();
  };
  hob::testing::CancelOptions options;
  options.count_blocks = false;
  try {
    CHECK(hob::testing::cancel_everywhere(scenario, options) > 0);
  } catch (const hob::testing::CancelFailure& failure) {
    FAIL(std::string(failure.what()));
  }
}

TEST_CASE("async_with closes a file") {
  in_directory([](std::string dir) -> Coro<> {
    File file = co_await hob::open(dir + "/w", "w");
    const auto body = [](File& f) -> Coro<> { co_await f.write("body"); };
    co_await hob::async_with(file, body);
    CHECK(file.closed());
    const std::string text = co_await hob::read_file(dir + "/w");
    CHECK(text == "body");
  });
}

TEST_CASE("a loop may end while files are under way") {
  const std::string text = numbers(8 << 20);
  char name[] = "/tmp/hob-file-test-XXXXXX";
  const int fd = ::mkstemp(name);
  REQUIRE(fd >= 0);
  ::close(fd);
  for (int i = 0; i < 5; ++i) {
    hob::EventLoop loop;
    loop.set_exception_handler([](hob::EventLoop&, const hob::ExceptionContext&) {});
    const std::string copy = text;  // destroyed after the frames that write it
    auto task = loop.create_task(hob::write_file(name, copy));
    loop.call_later(hob::Duration::nanoseconds(i * 200'000), [&loop] { loop.stop(); });
    loop.run_forever();
    loop.close();
  }
  ::unlink(name);
}

// ThreadSanitizer refuses threads in the child of a program that had some.
#ifndef __SANITIZE_THREAD__
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#endif
#ifndef __SANITIZE_THREAD__
TEST_CASE("a child of fork may use files") {
  in_directory([](std::string dir) -> Coro<> {
    co_await hob::write_file(dir + "/f", "from the parent");
    co_return;
  });
  const pid_t pid = ::fork();
  if (pid == 0) {
    int code = 1;
    try {
      const auto main = []() -> Coro<int> {
        const std::string text = co_await hob::read_file("/proc/self/comm");
        co_return text.empty() ? 2 : 0;
      };
      code = hob::run(main());
    } catch (...) {
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif

}  // namespace file_test
