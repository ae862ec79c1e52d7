// SPDX-License-Identifier: MIT
// Every call of the kernel fails while files and directories are used. The calls are made by helper
// threads, which fail for the thread whose loop asked them.
#include <hob/hob.hpp>

#include "support/faults.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace file_faults_test {
namespace {

/// A directory of this test's own.
class Place {
 public:
  Place() {
    char name[] = "/tmp/hob_faults.XXXXXX";
    REQUIRE(::mkdtemp(name));
    path_ = name;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

hob::Coro<> use_a_file(hob::File file) {
  const std::string text = "one\ntwo\nthree\n";
  co_await file.write(text);
  co_await file.fsync();
  co_await file.seek(0);
  const std::string line = co_await file.readline();
  const std::string rest = co_await file.read();
  CHECK(line + rest == text);
  co_await file.truncate(4);
  const std::string start = co_await file.pread(100, 0);
  CHECK(start == "one\n");
  co_await file.close();
}

hob::Coro<> file() {
  const Place place;
  auto opened = co_await hob::open(place / "f", "w+");
  co_await use_a_file(std::move(opened));
}

hob::Coro<> whole() {
  const Place place;
  const std::string path = place / "w";
  const std::string text(300'000, 'w');
  co_await hob::write_file(path, text);
  const std::string back = co_await hob::read_file(path);
  const bool same = back == text;
  CHECK(same);
}

hob::Coro<> directories() {
  const Place place;
  const std::string dir = place / "d";
  co_await hob::makedirs(dir + "/e");
  co_await hob::write_file(dir + "/x", "x");
  co_await hob::rename(dir + "/x", dir + "/y");
  co_await hob::symlink("y", dir + "/link");
  const std::string target = co_await hob::readlink(dir + "/link");
  CHECK(target == "y");
  const auto names = co_await hob::listdir(dir);
  CHECK(names.size() == 3);
  const auto status = co_await hob::stat(dir + "/y");
  CHECK(status.size == 1);
  co_await hob::unlink(dir + "/y");
  co_await hob::rmdir(dir + "/e");
  co_await hob::rmtree(dir);
  const bool still = co_await hob::exists(dir);
  CHECK(!still);
}

hob::Coro<> temporary() {
  auto unnamed = co_await hob::temporary_file();
  co_await unnamed.write("gone");
  co_await unnamed.close();
  auto named = co_await hob::named_temporary_file();
  co_await named.file.write("here");
  co_await named.file.close();
  co_await named.remove();
  auto directory = co_await hob::temporary_directory();
  co_await directory.cleanup();
}

hob::testing::FaultOptions with_threads() {
  hob::testing::FaultOptions options;
  options.count_blocks = false;
  // Files that were opened here never say EAGAIN; if they did, it would be an error like others.
  options.may_throw = [](const hob::testing::Fault& fault, const std::exception_ptr& error) {
    return support::is_fault(fault, error);
  };
  return options;
}

}  // namespace

TEST_CASE("a file: every call fails") { support::fail_everywhere(file, with_threads()); }
TEST_CASE("read_file and write_file: every call fails") {
  auto options = with_threads();
  options.calls_max = 5;
  support::fail_everywhere(whole, std::move(options));
}
TEST_CASE("directories: every call fails") {
  support::fail_everywhere(directories, with_threads());
}
TEST_CASE("temporary files: every call fails") {
  auto options = with_threads();
  // What could not be removed is removed at the end of the scope, or not at all.
  support::fail_everywhere(temporary, std::move(options));
}

}  // namespace file_faults_test
