// SPDX-License-Identifier: MIT
//
// The files of the file benchmark. They are in memory by then, so what is measured is the way.
#pragma once

#include "../support/measure.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace cases {

// read_large  one file of 128 MiB, read whole; per MiB. Every byte goes into fresh memory.
// read_small  a file of 4 KiB, opened, read whole and closed, one after the other; per file.
inline constexpr std::uint64_t kLargeMiB = 128, kSmallFiles = 20'000;
inline constexpr std::size_t kMiB = 1 << 20, kSmall = 4096;

/// A file of so many bytes, which goes when this does.
class TestFile {
 public:
  explicit TestFile(std::size_t size) {
    const char* folder = std::getenv("TMPDIR");
    path_ = std::string(folder ? folder : "/tmp") + "/hob_bench_XXXXXX";
    const int fd = mkstemp(path_.data());
    const std::string block(64 << 10, 'x');
    for (std::size_t done = 0; fd >= 0 && done < size;) {
      const ssize_t n = write(fd, block.data(), std::min(block.size(), size - done));
      if (n <= 0) std::perror("write"), std::_Exit(3);
      done += static_cast<std::size_t>(n);
    }
    if (fd < 0) std::perror("mkstemp"), std::_Exit(3);
    close(fd);
  }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  ~TestFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace cases
