# Written by tools/update_sources.py; run it after adding or removing a file.
# A list instead of a GLOB: adding a file makes the build configure itself again.

set(HOB_PUBLIC_HEADERS
  include/hob/core/cancelled_error.hpp
  include/hob/core/context.hpp
  include/hob/core/duration.hpp
  include/hob/core/error.hpp
  include/hob/core/exception_group.hpp
  include/hob/core/function.hpp
  include/hob/core/invoke.hpp
  include/hob/core/memory.hpp
  include/hob/core/message.hpp
  include/hob/core/node.hpp
  include/hob/core/raise.hpp
  include/hob/core/ref.hpp
  include/hob/core/result.hpp
  include/hob/core/text.hpp
  include/hob/hob.hpp
  include/hob/loop/event_loop.hpp
  include/hob/loop/exception_context.hpp
  include/hob/loop/handle.hpp
  include/hob/task/as_result.hpp
  include/hob/task/awaitable.hpp
  include/hob/task/call_graph.hpp
  include/hob/task/coro.hpp
  include/hob/task/ensure_future.hpp
  include/hob/task/future.hpp
  include/hob/task/future_base.hpp
  include/hob/task/gather.hpp
  include/hob/task/promise.hpp
  include/hob/task/run.hpp
  include/hob/task/shield.hpp
  include/hob/task/sleep.hpp
  include/hob/task/task.hpp
  include/hob/task/task_base.hpp
  include/hob/task/task_group.hpp
  include/hob/task/this_task.hpp
  include/hob/task/timeout.hpp
  include/hob/task/value.hpp
  include/hob/task/wait.hpp)

set(HOB_SOURCES
  src/core/context.cpp
  src/core/error.cpp
  src/core/exception_group.cpp
  src/core/memory.cpp
  src/core/message.cpp
  src/loop/event_loop.cpp
  src/loop/exception_handler.cpp
  src/loop/handle.cpp
  src/loop/poller.cpp
  src/loop/remote_loop.cpp
  src/loop/signals.cpp
  src/loop/timer_wheel.cpp
  src/sys/syscall.cpp
  src/task/async_generator.cpp
  src/task/call_graph.cpp
  src/task/future_base.cpp
  src/task/gather.cpp
  src/task/report.cpp
  src/task/run.cpp
  src/task/shield.cpp
  src/task/task.cpp
  src/task/task_base.cpp
  src/task/task_group.cpp
  src/task/timeout.cpp
  src/task/wait.cpp)

set(HOB_TEST_SUPPORT
  tests/support/main.cpp)

set(HOB_TEST_FOLDERS)

set(HOB_CANARY_SOURCES)

set(HOB_CONFORMANCE_SOURCES)

set(HOB_EXAMPLES)

set(HOB_BENCH_SOURCES
  bench/scheduler/asio.cpp
  bench/scheduler/bare.cpp
  bench/scheduler/hob.cpp
  bench/scheduler/libuv.cpp)
