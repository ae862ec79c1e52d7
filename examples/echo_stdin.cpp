// Echoes standard input line by line until its end, through the loop: while no line is there, other
// coroutines could run. Works for a terminal, a pipe, a file and /dev/null alike. There are no
// streams in Hob yet, so this also shows how a descriptor becomes something to await.
#include <hob/hob.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

constexpr std::size_t kChunk = 1 << 16;  // also the longest line that is kept waiting for its end

// [readable]
// Waits until `fd` can be read. A cancellation is held back until the loop no longer watches `fd`.
hob::Coro<> readable(int fd) {
  auto& loop = hob::get_running_loop();
  auto ready = hob::create_future();
  auto tell = [ready] {
    if (!ready.done()) ready.set_result();
  };
  loop.add_reader(fd, tell);
  auto outcome = co_await hob::as_result(ready);
  loop.remove_reader(fd);
  outcome.value();
}
// [readable]

hob::Coro<> writable(int fd) {
  auto& loop = hob::get_running_loop();
  auto ready = hob::create_future();
  auto tell = [ready] {
    if (!ready.done()) ready.set_result();
  };
  loop.add_writer(fd, tell);
  auto outcome = co_await hob::as_result(ready);
  loop.remove_writer(fd);
  outcome.value();
}

hob::Coro<std::size_t> read_some(int fd, char* bytes, std::size_t size) {
  while (true) {
    co_await readable(fd);
    ssize_t count = read(fd, bytes, size);
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno != EAGAIN && errno != EINTR) throw hob::OSError(errno, "read");
  }
}

hob::Coro<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      co_await writable(fd);
    } else if (errno != EINTR) {
      throw hob::OSError(errno, "write");
    }
  }
}

hob::Coro<> echo() {
  std::string line;  // what has come of the line so far
  std::string chunk(kChunk, '\0');
  while (std::size_t count = co_await read_some(STDIN_FILENO, chunk.data(), chunk.size())) {
    std::string_view rest(chunk.data(), count);
    for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      line += rest.substr(0, end + 1);
      rest.remove_prefix(end + 1);
      co_await write_all(STDOUT_FILENO, line);
      line.clear();
    }
    line += rest;
    if (line.size() < kChunk) continue;
    co_await write_all(STDOUT_FILENO, line);
    line.clear();
  }
  co_await write_all(STDOUT_FILENO, line);
}

int main() {
  if (isatty(STDIN_FILENO)) std::fputs("Type something; Ctrl-D ends it.\n", stderr);
  try {
    hob::run(echo());
  } catch (const hob::KeyboardInterrupt&) {
    return 130;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "echo_stdin: %s\n", error.what());
    return 1;
  }
}
