// SPDX-License-Identifier: MIT
// Everything, as a table of contents. Nothing inside the library includes this file.
#pragma once

// Values and errors.
#include <hob/core/context.hpp>   // ContextVar, Context, copy_context
#include <hob/core/duration.hpp>  // Duration: takes 5ms
#include <hob/core/error.hpp>     // CancelledError, TimeoutError, InvalidStateError, OSError, ...
#include <hob/core/exception_group.hpp>  // ExceptionGroup
#include <hob/core/result.hpp>           // Result<T>

// The loop.
#include <hob/loop/event_loop.hpp>         // EventLoop, get_running_loop
#include <hob/loop/exception_context.hpp>  // what an exception handler is told

// Coroutines, futures, tasks.
#include <hob/task/as_result.hpp>          // await without throwing
#include <hob/task/async_generator.hpp>    // AsyncGenerator<T>
#include <hob/task/async_with.hpp>         // async_with, AsyncExitStack
#include <hob/task/awaitable.hpp>          // how to write an awaitable
#include <hob/task/call_graph.hpp>         // print_call_graph
#include <hob/task/concurrent_future.hpp>  // concurrent::Future, wrap_future
#include <hob/task/coro.hpp>               // Coro<T>
#include <hob/task/ensure_future.hpp>      // ensure_future
#include <hob/task/future.hpp>             // Future<T>, create_future
#include <hob/task/gather.hpp>             // gather
#include <hob/task/generator.hpp>          // Generator<T>
#include <hob/task/run.hpp>                // run, Runner
#include <hob/task/runtime.hpp>            // Runtime: loops in threads
#include <hob/task/shield.hpp>             // shield
#include <hob/task/sleep.hpp>              // sleep
#include <hob/task/task.hpp>               // Task<T>, create_task, current_task, all_tasks
#include <hob/task/task_group.hpp>         // task_group, TaskGroup
#include <hob/task/threads.hpp>            // run_coroutine_threadsafe, on
#include <hob/task/timeout.hpp>            // timeout, timeout_at, wait_for
#include <hob/task/wait.hpp>               // wait, as_completed

// Synchronisation.
#include <hob/sync/barrier.hpp>    // Barrier
#include <hob/sync/condition.hpp>  // Condition
#include <hob/sync/event.hpp>      // Event
#include <hob/sync/lock.hpp>       // Lock
#include <hob/sync/queue.hpp>      // Queue, PriorityQueue, LifoQueue
#include <hob/sync/semaphore.hpp>  // Semaphore, BoundedSemaphore

// Streams and networking.
#include <hob/net/datagram.hpp>          // create_datagram_endpoint
#include <hob/net/open_connection.hpp>   // open_connection, open_unix_connection
#include <hob/net/resolver.hpp>          // getaddrinfo, getnameinfo, GaiError
#include <hob/net/serve.hpp>  // serve: on all loops of a Runtime
#include <hob/net/server.hpp>            // start_server, start_unix_server, Server
#include <hob/net/socket.hpp>            // Socket, for the loop's sock_* functions
#include <hob/stream/errors.hpp>         // IncompleteReadError, LimitOverrunError
#include <hob/stream/extra_info.hpp>     // ExtraInfo, SocketAddress
#include <hob/stream/pipe.hpp>           // connect_read_pipe, standard_input, ...
#include <hob/stream/security.hpp>       // Security: what `ssl=` takes
#include <hob/stream/security_info.hpp>  // what a secure connection knows about itself
#include <hob/stream/sendfile.hpp>       // sendfile
#include <hob/stream/stream.hpp>         // StreamReader, StreamWriter
#include <hob/stream/transport.hpp>      // Transport: what a stream is made of

// Processes and signals.
#include <hob/process/environment.hpp>  // Environment
#include <hob/process/signals.hpp>      // signals(SIGTERM, ...)
#include <hob/process/subprocess.hpp>   // create_subprocess_exec, create_subprocess_shell

// Files.
#include <hob/file/file.hpp>       // open, File, read_file, write_file
#include <hob/file/paths.hpp>      // stat, rename, unlink, mkdir, ...
#include <hob/file/scandir.hpp>    // scandir, listdir
#include <hob/file/temporary.hpp>  // temporary_file, named_temporary_file, temporary_directory

// Executors.
#include <hob/executor/concurrent_wait.hpp>  // concurrent::wait, concurrent::as_completed
#include <hob/executor/executor.hpp>         // Executor, ShutdownOptions, MapOptions
#include <hob/executor/pool.hpp>             // ThreadPool, AsyncResult
#include <hob/executor/run_in_executor.hpp>  // run_in_executor, to_thread
#include <hob/executor/thread_pool.hpp>      // ThreadPoolExecutor
#include <hob/executor/archive.hpp>          // OutArchive, InArchive: for a type's own serialize
#include <hob/executor/serialize.hpp>        // dumps, loads
#include <hob/executor/process_pool.hpp>     // ProcessPoolExecutor
#include <hob/executor/remote_error.hpp>     // RemoteError, WorkerLostError, register_exception
#include <hob/executor/process_engine.hpp>   // Pool

#include <chrono>  // 5s, 100ms
