// SPDX-License-Identifier: MIT
// How a program becomes a worker: process pools start the program again, with a mark in its
// environment, and what is here sees the mark before `main` is called. Then `main` never is: the
// rest of the program's static objects are made, and the process serves the pool until it ends.
#pragma once

namespace hob::detail {

/// No effect without the mark. `entry` is the initialiser that calls.
void enter_worker_process(void (*entry)()) noexcept;

// One in each file that can make a pool: whichever object file comes first takes over. It must not
// be in the library, which, when shared, is initialised before the program's own static objects.
[[gnu::constructor, gnu::used]] static void hob_worker_entry() {
  enter_worker_process(&hob_worker_entry);
}

}  // namespace hob::detail
