// Files without blocking the loop: write, read by lines, look at a directory; all of it vanishes.
#include <hob/hob.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

// [files]
hob::Coro<int> count_lines(std::string path) {
  auto file = co_await hob::open(path);
  int lines = 0;
  while (auto line = co_await file.anext()) ++lines;
  co_return lines;
}
// [files]

hob::Coro<> main_coro() {
  auto directory = co_await hob::temporary_directory();
  const std::string path = directory.name() + "/recipe";

  auto file = co_await hob::open(path, "w");
  co_await file.write("water\n");
  co_await file.write("salt\npasta\n");
  co_await file.close();
  int lines = co_await count_lines(path);
  std::printf("%d lines\n", lines);

  auto appended = co_await hob::open(path, "a+");
  co_await appended.write("basil\n");
  co_await appended.seek(6);
  auto rest = co_await appended.read();
  std::printf("%s", rest.c_str());

  co_await hob::rename(path, directory.name() + "/dinner");
  co_await hob::mkdir(directory.name() + "/pots");
  auto names = co_await hob::listdir(directory.name());
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) std::printf("%s ", name.c_str());
  auto status = co_await hob::stat(directory.name() + "/dinner");
  std::printf("%d bytes\n", static_cast<int>(status.size));

  co_await directory.cleanup();
  auto gone = co_await hob::exists(path);
  std::printf("%s\n", gone ? "still there" : "gone");
}

int main() { hob::run(main_coro()); }
