// SPDX-License-Identifier: MIT
// What ThreadSanitizer does not see by itself, because libstdc++ is not instrumented: how threads
// share an exception. Its owners are counted inside libstdc++, by exception_ptr and by catch
// clauses of rethrown exceptions; to TSan, whoever frees an exception that another thread has read
// and let go races with that reader. So both ways to let one go are wrapped here and annotated: a
// thread's use of an exception happens before its release, and all releases before the free.
// No report is suppressed for it, and nothing but owners of the same exception are ordered by it.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HOB_TSAN
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define HOB_TSAN
#endif

#ifdef HOB_TSAN
#include <dlfcn.h>
#include <cstdlib>
#include <cstring>
#include <exception>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);

// Memory inside of libstdc++, such as the reference-counted text of std::runtime_error.
const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "called_from_lib:libstdc++.so\n";
}
void release_exception(void** pointer) __asm__(
    "_ZNSt15__exception_ptr13exception_ptr10_M_releaseEv");
void __cxa_end_catch();
}

namespace {

template <class F>
F next(F, const char* name) {
  void* found = ::dlsym(RTLD_NEXT, name);
  if (!found) std::abort();
  F function;
  std::memcpy(&function, &found, sizeof function);
  return function;
}

// One release at a time, so that the last one, which frees, comes after the annotations of all
// others. Unknown to TSan: a mutex would order more than the owners of one exception. Recursive,
// because an exception may own another.
__attribute__((disable_sanitizer_instrumentation)) bool turn(bool take) noexcept {
  static int owner = 0;
  static thread_local int depth = 0;
  if (!take) {
    if (--depth == 0) __atomic_store_n(&owner, 0, __ATOMIC_RELEASE);
    return true;
  }
  int nobody = 0;
  if (depth == 0 &&
      !__atomic_compare_exchange_n(&owner, &nobody, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return false;
  ++depth;
  return true;
}

template <class Release>
void let_go(void* exception, Release release) {
  while (!turn(true)) {
  }
  __tsan_acquire(exception);
  __tsan_release(exception);
  release();
  turn(false);
}

void* object_of(const std::exception_ptr& error) noexcept {
  void* object;
  std::memcpy(&object, &error, sizeof object);
  return object;
}

}  // namespace

void release_exception(void** pointer) {
  static const auto release =
      next(&release_exception, "_ZNSt15__exception_ptr13exception_ptr10_M_releaseEv");
  if (*pointer) let_go(*pointer, [pointer] { release(pointer); });
}

void __cxa_end_catch() {
  static const auto end_catch = next(&__cxa_end_catch, "__cxa_end_catch");
  void* exception = object_of(std::current_exception());  // it lives: the clause holds it, too
  if (!exception) return end_catch();
  let_go(exception, [] { end_catch(); });
}
#endif
