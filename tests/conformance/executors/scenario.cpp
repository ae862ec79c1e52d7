// SPDX-License-Identifier: MIT
// hob_executor_scenario: runs scripts for executors (README.md has the commands) with Hob's
// ThreadPoolExecutor and prints their traces, as interpreter.py does with CPython's.
#include <hob/hob.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Words = std::vector<std::string>;
using Future = hob::concurrent::Future<std::string>;
using hob::concurrent::FutureState;

struct Job {
  std::latch gate{1};
  std::latch begun{1};
  bool opened = false;
  std::atomic<int> calls = 0;
  Future future;
};

std::string error_text(const std::exception_ptr& error) {
  const std::string text = hob::describe(error);
  const std::size_t colon = text.find(": ");
  return hob::type_name(error) + "(" + (colon == std::string::npos ? "" : text.substr(colon + 2)) +
         ")";
}

std::string state_name(FutureState state) {
  switch (state) {
    case FutureState::pending:
      return "PENDING";
    case FutureState::running:
      return "RUNNING";
    case FutureState::cancelled:
      return "CANCELLED";
    case FutureState::cancelled_and_notified:
      return "CANCELLED_AND_NOTIFIED";
    case FutureState::finished:
      break;
  }
  return "FINISHED";
}

hob::ReturnWhen mode_of(const std::string& name) {
  if (name == "FIRST_COMPLETED") return hob::FIRST_COMPLETED;
  return name == "FIRST_EXCEPTION" ? hob::FIRST_EXCEPTION : hob::ALL_COMPLETED;
}

template <class Condition>
void until(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

class Script {
 public:
  ~Script() {
    for (auto& job : jobs_) open(*job.second);
    if (!init_opened_) init_gate_.count_down();
  }

  std::string step(const std::string& line) {
    std::istringstream in(line);
    Words words;
    for (std::string word; in >> word;) words.push_back(word);
    try {
      const std::string value = run(words);
      return value.empty() ? line : line + " -> " + (value == "\"\"" ? "" : value);
    } catch (...) {
      return line + " ! " + error_text(std::current_exception());
    }
  }

 private:
  Job& job(const std::string& name) {
    const std::lock_guard lock(mutex_);
    for (auto& entry : jobs_)
      if (entry.first == name) return *entry.second;
    jobs_.emplace_back(name, std::make_unique<Job>());
    return *jobs_.back().second;
  }
  static void open(Job& job) {
    if (!std::exchange(job.opened, true)) job.gate.count_down();
  }

  void submit(const std::string& name, const std::string& kind, const std::string& inner) {
    Job& mine = job(name);
    if (!inner.empty()) job(inner);
    mine.future = pool_->submit([this, &mine, name, kind, inner]() -> std::string {
      if (!inner.empty()) {
        try {
          submit(inner, "ok", "");
        } catch (const hob::RuntimeError&) {  // the pool was shut down meanwhile
        }
      }
      mine.begun.count_down();
      mine.gate.wait();
      if (kind == "fail") throw hob::ValueError(name);
      if (kind == "cancelled_error") throw hob::CancelledError();
      return name;
    });
  }

  std::string names(const std::vector<Future>& futures) {
    std::vector<int> numbers;
    for (const Future& future : futures) {
      for (auto& entry : jobs_)
        if (entry.second->future == future) numbers.push_back(std::stoi(entry.first.substr(1)));
    }
    std::sort(numbers.begin(), numbers.end());
    std::string text;
    for (const int n : numbers) text += (text.empty() ? "j" : " j") + std::to_string(n);
    return "[" + text + "]";
  }
  std::vector<Future> futures(const Words& words, std::size_t from) {
    std::vector<Future> found;
    for (std::size_t i = from; i < words.size(); ++i) found.push_back(job(words[i]).future);
    return found;
  }
  std::string wait(const std::string& mode, const std::vector<Future>& all, hob::Duration timeout) {
    const auto result =
        hob::concurrent::wait(all, {.timeout = timeout, .return_when = mode_of(mode)});
    return "done " + names(result.done) + " not_done " + names(result.not_done);
  }
  std::string as_completed(const Words& words) {
    std::vector<Future> got;
    try {
      for (const Future& f :
           hob::concurrent::as_completed(futures(words, 1), {.timeout = hob::Duration()}))
        got.push_back(f);
    } catch (const hob::TimeoutError&) {
      return names(got) + " " + error_text(std::current_exception());
    }
    return names(got);
  }
  std::string map(int count, int bad, std::size_t chunk) {
    std::vector<int> numbers;
    for (int i = 0; i < count; ++i) numbers.push_back(i);
    auto work = [bad](int n) {
      if (n == bad) throw hob::ValueError(std::to_string(n));
      return n * n;
    };
    std::string text;
    try {
      for (const int n : pool_->map(work, numbers, {.chunksize = chunk}))
        text += (text.empty() ? "" : " ") + std::to_string(n);
    } catch (const hob::ValueError&) {
      text += (text.empty() ? "" : " ") + error_text(std::current_exception());
    }
    return text.empty() ? "\"\"" : text;
  }

  void make_pool(const Words& words) {
    hob::ThreadPoolOptions options;
    if (words.size() > 2) {
      options.initializer = [this] {
        init_gate_.wait();
        throw hob::ValueError("init");
      };
    }
    pool_ = std::make_unique<hob::ThreadPoolExecutor>(std::stoi(words[1]), std::move(options));
  }
  std::string end() {
    for (auto& entry : jobs_) open(*entry.second);
    pool_->shutdown();
    std::string text;
    for (auto& entry : jobs_) {
      if (!entry.second->future) continue;
      text +=
          (text.empty() ? "" : " ") + entry.first + ":" + state_name(entry.second->future.state());
    }
    return text;
  }

  /// What the command gives, as text; empty for nothing.
  std::string run(const Words& words) {
    const std::string& verb = words[0];
    const std::string name = words.size() > 1 ? words[1] : "";
    if (verb == "pool") return make_pool(words), "";
    if (verb == "submit") return submit(name, words[2], words.size() > 3 ? words[3] : ""), "";
    if (verb == "wait") return wait(name, futures(words, 2), hob::Duration());
    if (verb == "as_completed") return as_completed(words);
    if (verb == "map") {
      return map(std::stoi(name), std::stoi(words[2]),
                 static_cast<std::size_t>(std::stoi(words[3])));
    }
    if (verb == "shutdown") {
      return pool_->shutdown({.wait = false, .cancel_futures = name == "cancel"}), "";
    }
    if (verb == "end") return end();
    if (verb == "background") {
      const std::vector<Future> all = futures(words, 3);
      waits_[name].thread = std::jthread([this, name, mode = words[2], all, &mine = waits_[name]] {
        mine.result = wait(mode, all, hob::Duration::forever());
      });
      return "";
    }
    if (verb == "join" || verb == "ended") {
      waits_[name].thread.join();
      return verb == "join" ? waits_[name].result : "";
    }
    if (verb == "open" && name == "init") {
      init_opened_ = true;
      return init_gate_.count_down(), "";
    }
    return run_job(verb, words, job(name));
  }
  std::string run_job(const std::string& verb, const Words& words, Job& mine) {
    if (verb == "open") return open(mine), "";
    if (verb == "begun") return mine.begun.wait(), "";
    if (verb == "cancel") return mine.future.cancel() ? "True" : "False";
    if (verb == "state") return state_name(mine.future.state());
    if (verb == "result") return mine.future.result(hob::Duration());
    if (verb == "settled") {
      until([&mine] { return mine.future.done(); });
    } else if (verb == "noticed") {
      until([&mine] { return mine.future.state() == FutureState::cancelled_and_notified; });
    } else if (verb == "callback") {
      mine.future.add_done_callback([&mine](const Future&) { ++mine.calls; });
    } else if (verb == "called") {
      const int count = std::stoi(words[2]);
      until([&mine, count] { return mine.calls >= count; });
      mine.calls = 0;
    } else if (verb == "exception") {
      const std::exception_ptr error = mine.future.exception(hob::Duration());
      return error ? error_text(error) : "";
    }
    return "";
  }

  struct Waiter {
    std::string result;
    std::jthread thread;
  };

  std::mutex mutex_;
  std::latch init_gate_{1};
  bool init_opened_ = false;
  std::deque<std::pair<std::string, std::unique_ptr<Job>>> jobs_;  // in order of their first use
  std::unique_ptr<hob::ThreadPoolExecutor> pool_;
  std::map<std::string, Waiter> waits_;
};

}  // namespace

int main() {
  std::unique_ptr<Script> script;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with("===")) {
      script = std::make_unique<Script>();
      std::cout << line << '\n' << std::flush;
    } else {
      std::cout << script->step(line) << '\n';
    }
  }
}
