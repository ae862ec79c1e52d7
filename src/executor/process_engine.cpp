// SPDX-License-Identifier: MIT
#include <hob/executor/process_engine.hpp>

#include "sys/process.hpp"

#include <utility>

namespace hob::detail {
namespace {

ProcessPoolOptions options_of(ProcessOptions options) {
  ProcessPoolOptions same;
  same.start_method = options.start_method;
  same.initializer = std::move(options.initializer);
  same.max_tasks_per_child = options.maxtasksperchild;
  return same;
}

}  // namespace

ProcessEngine::ProcessEngine(int workers, ProcessOptions options)
    : processes_(workers, options_of(std::move(options)), WorkerLoss::fails_job) {}

void ProcessEngine::terminate() {
  processes_.shutdown({.wait = false, .cancel_futures = true});
  processes_.signal_workers(sys::kSigTerm);
}

}  // namespace hob::detail
