// SPDX-License-Identifier: MIT
// Paths, directories, temporary things.
#include <hob/file/file.hpp>
#include <hob/file/paths.hpp>
#include <hob/file/scandir.hpp>
#include <hob/file/temporary.hpp>
#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <unistd.h>
#include <cerrno>
#include <set>
#include <string>

using hob::Coro;

namespace paths_test {
namespace {

template <class R>
int error_code(const R& result) {
  try {
    std::rethrow_exception(result.exception());
  } catch (const hob::OSError& error) {
    return error.code();
  }
}

bool there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

TEST_CASE("paths are made, renamed, looked at and removed") {
  const auto main = []() -> Coro<> {
    auto directory = co_await hob::temporary_directory();
    const std::string dir = directory.name();
    co_await hob::mkdir(dir + "/sub", 0700);
    const auto again = co_await hob::as_result(hob::mkdir(dir + "/sub"));
    CHECK(error_code(again) == EEXIST);
    co_await hob::makedirs(dir + "/a/b/c");
    const auto deep = co_await hob::as_result(hob::makedirs(dir + "/a/b/c"));
    CHECK(error_code(deep) == EEXIST);
    co_await hob::makedirs(dir + "/a/b/c", true);
    co_await hob::write_file(dir + "/a/file", "12345");
    const auto not_dir = co_await hob::as_result(hob::makedirs(dir + "/a/file", true));
    CHECK(error_code(not_dir) == EEXIST);
    co_await hob::symlink("file", dir + "/a/link");
    const std::string target = co_await hob::readlink(dir + "/a/link");
    CHECK(target == "file");

    hob::StatResult status = co_await hob::stat(dir + "/a/link");
    CHECK(status.is_file());
    CHECK(status.size == 5);
    CHECK(status.modified.count_ns() > 1'500'000'000'000'000'000);
    status = co_await hob::lstat(dir + "/a/link");
    CHECK(status.is_symlink());
    status = co_await hob::stat(dir + "/sub");
    CHECK(status.is_dir());
    CHECK((status.mode & 0777) == 0700);

    co_await hob::rename(dir + "/a/file", dir + "/sub/moved");
    bool exists = co_await hob::exists(dir + "/a/link");
    CHECK_FALSE(exists);  // it leads nowhere now
    exists = co_await hob::exists(dir + "/sub/moved");
    CHECK(exists);
    exists = co_await hob::exists(dir + "/sub/moved/beyond");
    CHECK_FALSE(exists);
    const auto missing = co_await hob::as_result(hob::rename(dir + "/no", dir + "/where"));
    CHECK(error_code(missing) == ENOENT);
    const std::string text = hob::describe(missing.exception());
    CHECK(text.find("rename '" + dir + "/no' -> '" + dir + "/where'") != std::string::npos);
    const auto full = co_await hob::as_result(hob::rmdir(dir + "/sub"));
    CHECK(error_code(full) == ENOTEMPTY);
    co_await hob::unlink(dir + "/sub/moved");
    co_await hob::rmdir(dir + "/sub");
    CHECK_FALSE(there(dir + "/sub"));
    co_await hob::rmtree(dir + "/a");
    CHECK_FALSE(there(dir + "/a"));
  };
  hob::run(main());
}

TEST_CASE("rmtree follows no links") {
  const auto main = []() -> Coro<> {
    auto keep = co_await hob::temporary_directory();
    co_await hob::write_file(keep.name() + "/precious", "x");
    auto directory = co_await hob::temporary_directory();
    co_await hob::makedirs(directory.name() + "/in/side");
    co_await hob::symlink(keep.name(), directory.name() + "/in/link");
    co_await directory.cleanup();
    CHECK(there(keep.name() + "/precious"));
  };
  hob::run(main());
}

TEST_CASE("scandir gives everything once") {
  const auto main = []() -> Coro<> {
    auto directory = co_await hob::temporary_directory();
    const std::string dir = directory.name();
    std::set<std::string> expected;
    for (int i = 0; i < 2000; ++i) {  // more than one batch
      const std::string name = "a name that takes some room in the batch " + std::to_string(i);
      expected.insert(name);
      co_await hob::write_file(dir + "/" + name, "");
    }
    std::set<std::string> seen;
    auto entries = hob::scandir(dir);
    while (auto entry = co_await entries.anext()) {
      CHECK(seen.insert(entry->name()).second);
      CHECK(entry->path() == dir + "/" + entry->name());
    }
    CHECK((seen == expected));
    const auto end = co_await entries.anext();
    CHECK_FALSE(end.has_value());

    co_await hob::mkdir(dir + "/d");
    co_await hob::symlink("d", dir + "/l");
    co_await hob::write_file(dir + "/f", "");
    auto kinds = hob::scandir(dir);
    while (auto entry = co_await kinds.anext()) {
      if (entry->kind() == hob::DirEntry::Kind::unknown) continue;
      CHECK(entry->is_dir() == (entry->name() == "d"));
      CHECK(entry->is_symlink() == (entry->name() == "l"));
      CHECK(entry->is_file() == (entry->name() != "d" && entry->name() != "l"));
    }
    const auto names = co_await hob::listdir(dir);
    CHECK(names.size() == 2003);
    const auto none = co_await hob::as_result(hob::listdir(dir + "/f"));
    CHECK(error_code(none) == ENOTDIR);
    const auto missing = co_await hob::as_result(hob::listdir(dir + "/nothing"));
    CHECK(error_code(missing) == ENOENT);
  };
  hob::run(main());
}

TEST_CASE("temporary things vanish") {
  const auto main = []() -> Coro<> {
    std::string file_path;
    std::string kept;
    {
      auto named = co_await hob::named_temporary_file({.prefix = "hob-", .suffix = ".txt"});
      file_path = named.name();
      CHECK(file_path.find("/hob-") != std::string::npos);
      CHECK(file_path.ends_with(".txt"));
      co_await named.file.write("text");
      const std::string text = co_await hob::read_file(file_path);
      CHECK(text == "text");
      auto other = co_await hob::named_temporary_file();
      CHECK(other.name() != file_path);
      kept = other.keep();
    }
    CHECK_FALSE(there(file_path));
    CHECK(there(kept));
    co_await hob::unlink(kept);

    std::string dir_path;
    {
      auto dir = co_await hob::temporary_directory({.dir = "/tmp"});
      dir_path = dir.name();
      co_await hob::makedirs(dir_path + "/x/y");
      auto inside = co_await hob::named_temporary_file({.dir = dir_path});
      CHECK(inside.name().starts_with(dir_path + "/tmp"));
    }
    CHECK_FALSE(there(dir_path));

    auto unnamed = co_await hob::temporary_file();
    co_await unnamed.write("secret");
    co_await unnamed.seek(0);
    const std::string text = co_await unnamed.read();
    CHECK(text == "secret");
    const auto nowhere = co_await hob::as_result(hob::temporary_file("/nowhere"));
    CHECK(error_code(nowhere) == ENOENT);

    const auto body = [](hob::TemporaryDirectory& dir) -> Coro<std::string> {
      co_await hob::write_file(dir.name() + "/f", "x");
      co_return dir.name();
    };
    auto scoped = co_await hob::temporary_directory();
    const std::string gone = co_await hob::async_with(scoped, body);
    CHECK_FALSE(there(gone));
  };
  hob::run(main());
}

}  // namespace paths_test
