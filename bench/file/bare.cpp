// SPDX-License-Identifier: MIT
//
// open(2), fstat(2), read(2) into memory that nobody has filled before, close(2).
#include "cases.hpp"

#include <memory>

namespace {

std::size_t read_whole(const std::string& path, std::unique_ptr<char[]>& bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status{};
  if (fd < 0 || fstat(fd, &status) != 0) std::perror("open"), std::_Exit(3);
  const auto size = static_cast<std::size_t>(status.st_size);
  bytes.reset(new char[size]);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = read(fd, bytes.get() + done, size - done);
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  close(fd);
  return done;
}

void read_large(bench::Run& run) {
  const cases::TestFile file(run.count * cases::kMiB);
  std::unique_ptr<char[]> bytes;
  run.start();
  const std::size_t size = read_whole(file.path(), bytes);
  run.stop();
  bench::keep(bytes[size - 1]);
  run.expect(size == run.count * cases::kMiB, "the whole file");
}

void read_small(bench::Run& run) {
  const cases::TestFile file(cases::kSmall);
  std::size_t size = 0;
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i) {
    std::unique_ptr<char[]> bytes;
    size += read_whole(file.path(), bytes);
    bench::keep(bytes[0]);
  }
  run.stop();
  run.expect(size == run.count * cases::kSmall, "every file");
}

constexpr bench::Case kCases[] = {
    {"read_large", cases::kLargeMiB, read_large},
    {"read_small", cases::kSmallFiles, read_small},
};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "file", "bare", kCases); }
