// A pipeline of programs, as a shell has them: what one prints is what the next one reads. Then the
// same data sent through a program and back, both directions at once.
#include <hob/hob.hpp>

#include <unistd.h>

#include <cstdio>
#include <string>

// [pipeline]
// printf ... | sort | uniq -c, without a shell.
hob::Coro<std::string> count_words() {
  int words[2];
  int sorted[2];
  if (pipe(words) != 0 || pipe(sorted) != 0) throw hob::OSError(errno, "pipe");
  auto print = co_await hob::create_subprocess_exec("printf", "%s\\n", "tea", "hob", "tea",
                                                    {.stdout_ = words[1]});
  auto sort =
      co_await hob::create_subprocess_exec("sort", {.stdin_ = words[0], .stdout_ = sorted[1]});
  auto count = co_await hob::create_subprocess_exec("uniq", "-c",
                                                    {.stdin_ = sorted[0], .stdout_ = hob::PIPE});
  // The programs have their ends; these here would keep the pipes open.
  for (int fd : {words[0], words[1], sorted[0], sorted[1]}) close(fd);
  auto output = co_await count.communicate();
  co_await hob::gather(print.wait(), sort.wait());
  co_return output.stdout_;
}
// [pipeline]

hob::Coro<> main_coro() {
  auto counts = co_await count_words();
  std::printf("%s", counts.c_str());

  auto tr = co_await hob::create_subprocess_exec("tr", "a-z", "A-Z",
                                                 {.stdin_ = hob::PIPE, .stdout_ = hob::PIPE});
  auto output = co_await tr.communicate("one cook, one hob, many pots\n");
  std::printf("%s", output.stdout_.c_str());

  auto sleeper = co_await hob::create_subprocess_exec("sleep", "1000");
  sleeper.terminate();
  int code = co_await sleeper.wait();
  std::printf("terminated: %d\n", code);

  auto missing = co_await hob::as_result(hob::create_subprocess_exec("no-such-program"));
  std::printf("started: %s\n", missing ? "yes" : "no");
}

int main() { hob::run(main_coro()); }
