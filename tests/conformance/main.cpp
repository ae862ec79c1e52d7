// SPDX-License-Identifier: MIT
// Runs scenarios on Hob in virtual time and prints their traces; run.py compares these with
// CPython's.
//   hob_scenario FILE        one scenario
//   hob_scenario --batch     many from standard input, each after a line `=== id`; same output
#include "conformance/runtime.hpp"

#include <hob/core/error.hpp>
#include <hob/task/gather.hpp>
#include <hob/task/run.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

namespace conformance {
namespace {

void log_deadlock(Runtime& rt) {
  std::string text = "deadlock";
  for (const hob::AnyTask& task : hob::all_tasks(rt.loop))
    text += " " + rt.display(task.get_name());
  rt.log(text);
}

void run_main(Runtime& rt) {
  hob::TaskOptions options;
  options.name = "main";
  const hob::Task<Value> main =
      rt.loop.create_task(rt.run_body("main", *rt.scenario.main), options);
  try {
    rt.log_value("main", rt.loop.run_until_complete(hob::Future<Value>(main)));
  } catch (const hob::DeadlockError&) {
    log_deadlock(rt);
  } catch (...) {
    rt.log("main ! " + render_error(std::current_exception()));
  }
}

// What nobody asked for is reported, as asyncio.run does, in the task's context.
void report(Runtime& rt, const hob::AnyTask& task) {
  const std::exception_ptr error = task.cancelled() ? nullptr : task.base().exception();
  if (!error) return;
  hob::ExceptionContext context;
  context.message = "unhandled exception during asyncio.run() shutdown";
  context.exception = error;
  task.get_context().copy().run([&] { rt.loop.call_exception_handler(context); });
}

void cancel_all(Runtime& rt) {
  const std::vector<hob::AnyTask> tasks = hob::all_tasks(rt.loop);
  if (tasks.empty()) return;
  // Seen as tasks without a result: their types differ.
  std::vector<hob::Future<>> futures;
  for (const hob::AnyTask& task : tasks) {
    task.cancel();
    futures.emplace_back(hob::detail::Ref<hob::detail::FutureBase>(&task.base()));
  }
  rt.loop.run_until_complete(hob::gather(hob::return_exceptions, futures));
  for (const hob::AnyTask& task : tasks) report(rt, task);
}

/// The steps of hob::run: the main task, then the shutdown in Runner::close's order.
void run(Runtime& rt) {
  run_main(rt);
  try {
    cancel_all(rt);
    rt.loop.run_until_complete(rt.loop.shutdown_asyncgens());
  } catch (const hob::DeadlockError&) {
    log_deadlock(rt);
  }
}

/// What "exception was never retrieved" would report, were the named handles dropped now.
void report_unretrieved(Runtime& rt) {
  for (const auto& [name, future] : rt.named) {
    if (!future->identity()->log_error()) continue;
    rt.log("unretrieved " + name + " " + render_error(future->exception()));
  }
}

std::string run_scenario(const std::string& text) {
  const Scenario scenario = parse(text);
  Runtime runtime(scenario);
  run(runtime);
  report_unretrieved(runtime);
  runtime.open = false;
  runtime.loop.close();
  return std::move(runtime.trace);
}

void run_one(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw ScenarioError("cannot read " + path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::cout << run_scenario(text) << std::flush;
}

void run_batch(std::istream& source) {
  std::string line, text;
  bool more = static_cast<bool>(std::getline(source, line));
  while (more && !line.starts_with("=== ")) more = static_cast<bool>(std::getline(source, line));
  while (more) {
    std::cout << line << '\n' << std::flush;
    text.clear();
    while ((more = static_cast<bool>(std::getline(source, line))) && !line.starts_with("=== ")) {
      text += line + '\n';
    }
    std::cout << run_scenario(text);
  }
  std::cout << std::flush;
}

}  // namespace
}  // namespace conformance

int main(int count, char** arguments) {
  try {
    const std::string argument = count == 2 ? arguments[1] : "";
    if (argument == "--batch") {
      conformance::run_batch(std::cin);
    } else if (!argument.empty()) {
      conformance::run_one(argument);
    } else {
      std::fputs("usage: hob_scenario FILE | --batch\n", stderr);
      return 2;
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hob_scenario: %s\n", error.what());
    return 1;
  }
}
