// SPDX-License-Identifier: MIT
// libstdc++ counts the owners of an exception inside the shared library, with atomics that
// ThreadSanitizer does not see: each exception that two threads hold looks like a race between its
// last reader and its free.

extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "called_from_lib:libstdc++.so\n";
}
