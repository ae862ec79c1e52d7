"""Ways to break the library, each with a test that must notice: the table of tools/mutants.py.

For each room of the bug museum the bug itself, as well as one line can bring it in; then what else
everything rests on. Whoever changes one of these lines changes the mutant, too.
"""
from typing import NamedTuple


class Mutant(NamedTuple):
    name: str
    test: tuple[str, str]  # the folder of tests/, and the title of the test case
    source: str
    text: str
    mutation: str


EPOLL_END = "edge-triggered epoll everywhere: a short read with a hang-up loses the end"
STALE = "epoll everywhere: an event for a closed descriptor reaches whoever has its number"
OPEN_ELSEWHERE = "epoll everywhere: a descriptor that was closed is reported, as a child has it, too"
EARLIER_WAIT = "seastar 08ec5dfd1: a wait is ended by the wake-up of the one before it"
OVERFLOW = "libuv #4598: completions are lost when their queue overflows"
BUSY = "libuv #4598, tokio: completions are lost when the kernel says EBUSY"
NO_BUFFERS = "liburing #758: a receive ends for want of buffers, and nobody begins it again"
USED_AGAIN = "seastar 08ec5dfd1, photon: a completion comes for memory that is used again"
ACCEPT = "asio, tokio: a cancelled accept leaks the connection"
RING_ACCEPT = "io_uring everywhere: a server that closes leaks what the ring has accepted"
RIGHTS = "libuv CVE-2024-22017: the kernel polls for a ring, with the rights of its maker"
FOREIGN = "asyncio gh-155433: TaskGroup drops a foreign cancellation with its own"
SWARM = "no seed loses a byte, and each ends when its faults do"

MUTANTS = [
    # Readiness.
    Mutant("short read after the hang-up", ("museum", EPOLL_END), "src/loop/descriptor.hpp",
           "short_means_empty_ && !ended_ && result > 0", "short_means_empty_ && result > 0"),
    Mutant("hang-up of one side is no end", ("museum", EPOLL_END), "src/loop/epoll_poller.cpp",
           "events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);", "events & (EPOLLHUP | EPOLLERR);"),
    Mutant("level-triggered descriptors",
           ("museum", "seastar 157c7a376: a hang-up that nobody reads makes the loop spin"),
           "src/loop/epoll_poller.cpp",
           "EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, tag_of",
           "EPOLLIN | EPOLLOUT | EPOLLRDHUP, tag_of"),
    Mutant("slots without generation", ("museum", OPEN_ELSEWHERE), "src/loop/epoll_poller.cpp",
           "if (!slot.descriptor || tag_of(static_cast<std::uint32_t>(tag), slot.generation) != tag) "
           "return;",
           "if (!slot.descriptor) return;"),
    Mutant("removed watch keeps its handler", ("museum", STALE), "src/loop/watch_table.hpp",
           "    watch.handles[write]->cancel();\n    watch.handles[write] = {};",
           "    watch.handles[write] = {};"),
    Mutant("given-up wait stays queued", ("museum", EARLIER_WAIT), "src/loop/wait_slot.hpp",
           "    waiter_ = nullptr;\n    if (linked()) unlink();", "    waiter_ = nullptr;"),
    Mutant("closing wakes nobody", ("net", "closing a socket ends the wait for it"),
           "src/loop/descriptor.cpp",
           "    if (slot_ != kNoSlot || input_) end_wait();\n    wait.fire(core_->ready);",
           "    if (slot_ != kNoSlot || input_) end_wait();"),
    Mutant("writers are not woken", ("testing", SWARM), "src/loop/descriptor.cpp",
           "    ready_[kWrite] = true;\n    if (waits_[kWrite].fire(queue)) end_wait();",
           "    ready_[kWrite] = true;"),
    Mutant("detached descriptor stays owned",
           ("museum", "uvloop #645: a connection that is given up closes its descriptor twice"),
           "src/net/socket_state.hpp",
           "descriptor_->release() : fd_.release(); }", "descriptor_->release() : fd_.get(); }"),

    # The loop.
    Mutant("short sleeps are none",
           ("museum", "libuv: a timeout that is rounded to zero makes the loop spin"),
           "src/loop/event_loop.cpp", "timers.next_ns() - now_ns(), 0, kSleepMaxNs)",
           "(timers.next_ns() - now_ns()) / 1'000'000 * 1'000'000, 0, kSleepMaxNs)"),
    Mutant("due timers keep descriptors waiting",
           ("museum", "libuv: timers without delay starve descriptors"), "src/loop/event_loop.cpp",
           "  if (timeout_ns == 0 || (spin_ns > 0 && !inbox.empty())) {\n"
           "    poller.poll(0, core.ready);\n",
           "  if (timeout_ns >= 0 && timeout_ns < 1'000'000) {\n"),
    Mutant("busy loop does not poll",
           ("loop", "busy callbacks do not keep the loop from polling"), "src/loop/event_loop.cpp", "} else if (stopping || should_poll()) {",
           "} else if (stopping) {"),
    Mutant("sleeper is not woken",
           ("loop", "a call from another thread wakes a loop that sleeps"), "src/loop/inbox.hpp",
           "    sleeping_.store(true, std::memory_order_seq_cst);\n    if",
           "    sleeping_.store(false, std::memory_order_seq_cst);\n    if"),
    Mutant("accept is tried again at once",
           ("museum", "libuv, tokio, Node: accept without descriptors spins"),
           "src/net/listener.cpp", "loop.time().count_ns() + kPauseNs",
           "loop.time().count_ns() + kPauseNs / 1000"),

    # io_uring.
    Mutant("overflow is not fetched", ("museum", OVERFLOW), "src/sys/ring.cpp",
           "(IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN)", "IORING_SQ_TASKRUN"),
    Mutant("completions make room and go", ("museum", BUSY), "src/loop/uring_poller.cpp",
           "for (sys::Ring::Event event; ring_.next(event);) held_.push_back(event);",
           "for (sys::Ring::Event event; ring_.next(event);) continue;"),
    Mutant("ENOBUFS ends a connection", ("museum", NO_BUFFERS), "src/loop/ring_input.cpp",
           "event.result == -ENOBUFS || event.result == -ECANCELED ||",
           "event.result == -ECANCELED ||"),
    Mutant("buffers are not given back", ("museum", NO_BUFFERS), "src/loop/ring_input.cpp",
           "if (piece.begin != piece.end) break;\n    poller_.give_back(piece.buffer);",
           "if (piece.begin != piece.end) break;"),
    Mutant("bytes are given twice", ("museum", NO_BUFFERS), "src/loop/ring_input.cpp",
           "    kept_begin_ += count;\n    if", "    kept_begin_ += count - 1;\n    if"),
    Mutant("what comes meanwhile is read past", ("net",
           "small messages that nobody reads wait in the loop, then in the kernel"),
           "src/loop/ring_input.cpp", "    } else if (keep_bytes(poller_.buffer(buffer), size)) {",
           "    } else if (size > 0) {"),
    Mutant("cancelled reader drops bytes",
           ("net", "a reader that is cancelled loses nothing that has come meanwhile"),
           "src/loop/ring_input.cpp",
           "    if (!keep_bytes(poller_.buffer(piece.buffer) + piece.begin, piece.end - piece.begin)) "
           "break;\n", "    static_cast<void>(piece.begin);\n"),
    Mutant("polls that were let go report", ("museum", STALE), "src/loop/uring_poller.cpp",
           "  if (poll.let_go) {\n    delete &poll;\n    return;\n  }\n", ""),
    Mutant("poll is freed before its end", ("museum", USED_AGAIN), "src/loop/uring_poller.cpp",
           "  if (!poll->in_flight()) {\n    delete poll;\n    return;\n  }\n  poll->let_go = true;\n"
           "  cancel(*poll);",
           "  cancel(*poll);\n  delete poll;"),
    Mutant("receive is freed before its end", ("museum", USED_AGAIN), "src/loop/ring_input.cpp",
           "  if (!goes_on()) {\n    delete this;\n    return;\n  }\n  poller_.cancel(operation_);",
           "  poller_.cancel(operation_);\n  delete this;"),
    Mutant("receive goes on when closed",
           ("net", "a connection that is closed while the ring receives is closed for its peer"),
           "src/loop/ring_input.cpp",
           "    delete this;\n    return;\n  }\n  poller_.cancel(operation_);",
           "    delete this;\n    return;\n  }"),
    Mutant("late connection is leaked", ("museum", RING_ACCEPT), "src/loop/ring_input.cpp",
           "    if (!descriptor_) return;\n    try {",
           "    if (!descriptor_) return static_cast<void>(fd.release());\n    try {"),
    Mutant("accepted connections are leaked", ("museum", RING_ACCEPT), "src/loop/ring_input.cpp",
           "const sys::Fd closes(connections_[connections_taken_]);",
           "static_cast<void>(connections_[connections_taken_]);"),
    Mutant("EAGAIN is an outcome",
           ("museum", "seastar b4eaa9f59: EAGAIN of a non-blocking descriptor reaches whoever awaits"),
           "src/stream/stream_state.cpp", "if (n == -EAGAIN) return false;\n    if (n < 0) {",
           "if (n < 0) {"),
    Mutant("kernel polls", ("museum", RIGHTS), "src/sys/ring_probe.cpp",
           "kAlways = IORING_SETUP_CQSIZE", "kAlways = IORING_SETUP_SQPOLL | IORING_SETUP_CQSIZE"),
    Mutant("ring for everybody",
           ("museum", "uvloop #752: a ring is made though nobody asked for one"),
           "src/loop/poller.cpp",
           'name == "uring" ? Driver::uring : Driver::epoll', 'name == "epoll" ? Driver::epoll '
           ': Driver::uring'),

    # Cancellation.
    Mutant("wait_for loses a result",
           ("museum", "asyncio bpo-37658: wait_for loses a result that comes in time"),
           "src/task/timeout.cpp", "if (self.keep_result_ && !self.deferred_ &&",
           "if (self.keep_result_ && self.deferred_ &&"),
    Mutant("wait_for swallows a cancellation",
           ("museum", "asyncio gh-86296: wait_for swallows a cancellation"),
           "src/task/task_base.cpp",
           "    if (is_cancelled_error(error)) return;\n  }\n  raise_cancelled(message_);",
           "    if (is_cancelled_error(error)) return;\n  }"),
    Mutant("group keeps its own cancellation",
           ("museum", "asyncio gh-155418: an eager child that fails aborts the group before "
            "joining it"),
           "src/task/task_group.cpp", "if (parent_.uncancel() > cancelling_before_)",
           "if (parent_.cancelling() > cancelling_before_)"),
    Mutant("cancelled group swallows a cancellation from outside",
           ("task", "a cancellation from outside is not swallowed (gh-155433)"),
           "src/task/task_group.cpp",
           "if (!cancellation) cancellation = detail::make_cancelled_error",
           "if (cancellation) cancellation = detail::make_cancelled_error"),
    Mutant("errors drop a cancellation", ("museum", FOREIGN), "src/task/task_group.cpp",
           "    parent_.uncancel();\n    parent_.cancel({});\n  }", "    parent_.uncancel();\n  }"),
    Mutant("failed child does not stop the body",
           ("museum", "asyncio gh-155418: an eager child that fails aborts the group before "
            "joining it"),
           "src/task/task_group.cpp", "  abort();\n  parent_cancel_requested_ = true;\n  parent_.cancel({});",
           "  abort();\n  parent_cancel_requested_ = true;"),
    Mutant("sleep outlives its cancellation",
           ("museum", "corosio #126: a timer outlives the cancellation of who waits for it"),
           "src/task/task_base.cpp",
           "  if (task.woken_) return false;\n  cancel_timer",
           "  if (!task.woken_) return false;\n  cancel_timer"),
    Mutant("cancellation of a running task is lost",
           ("museum", "corosio #132: a cancellation is lost when the operation completes inline"),
           "src/task/task_base.cpp", "  if (wait_->cancel(*this, message_)) must_cancel_ = false;",
           "  must_cancel_ = false;"),
    Mutant("two tasks wait for one side of a socket",
           ("net", "one task at a time waits for a side of a socket"),
           "src/net/socket_awaiter.cpp", "if (descriptor_->waited_for(side)) {",
           "if (false) {"),
    Mutant("socket that was not tried stays in the queue",
           ("net", "a call that was cancelled before it was tried has had no effect"),
           "src/net/socket_awaiter.cpp", "    task_->node().unlink();\n", ""),
    Mutant("small buffer looks like the end of what there is",
           ("net", "of a stream comes what there is, however much was asked for"),
           "src/net/socket_awaiter.cpp", "descriptor_->tried(side, n, size);",
           "descriptor_->tried(side, n, size_);"),
    Mutant("woken wait is cancelled",
           ("museum", "cobalt #206: what the losers of a race were given is lost"),
           "src/sync/waiters.cpp", "  if (task.wake_pending()) return false;\n  const auto& kind",
           "  const auto& kind"),
    Mutant("wake-up goes with a cancelled getter",
           ("sync", "a cancelled get loses no item"), "src/sync/queue.cpp",
           "  if (link_.live() && possible()) line().wake_next();\n", ""),
    Mutant("woken read is cancelled", ("museum", EARLIER_WAIT), "src/stream/read_awaiter.cpp",
           "  if (task.wake_pending()) return false;\n", ""),
    Mutant("woken wait for a descriptor is cancelled", ("museum", ACCEPT),
           "src/stream/descriptor_wait.hpp", "    if (task.wake_pending()) return false;\n", ""),
    Mutant("woken custom wait is cancelled",
           ("museum", "g++ PR 121961, cobalt: a coroutine goes on inside its await_suspend"),
           "include/hob/task/awaitable.hpp", "    if (task.wake_pending()) return false;\n", ""),
    Mutant("wait stays in its futures",
           ("museum", "asio #1332: cancelling a group whose members end touches freed memory"),
           "src/task/wait.cpp", "    ~Child() { detach(); }\n    void on_done(FutureBase& future) "
           "override { state->child_done", "    void on_done(FutureBase& future) override { "
           "state->child_done"),

    # Tasks and threads.
    Mutant("loop holds no task",
           ("museum", "unifex, seastar #3106: a task is destroyed inside its await_suspend"),
           "include/hob/task/task_base.hpp",
           "    retain();  // the loop's, until done\n", ""),
    Mutant("coroutines resume each other on the stack",
           ("museum", "libcoro #273: operations that complete at once eat up the stack"),
           "include/hob/task/task_base.hpp",
           "  return std::coroutine_handle<PromiseBase>::from_promise(next);\n#endif",
           "  std::coroutine_handle<PromiseBase>::from_promise(next).resume();\n"
           "  return std::noop_coroutine();\n#endif"),
    Mutant("task goes on inside await_suspend",
           ("museum", "g++ PR 121961, cobalt: a coroutine goes on inside its await_suspend"),
           "include/hob/task/awaitable.hpp",
           "void wake() noexcept { std::exchange(task_, nullptr)->wake(); }",
           "void wake() noexcept { detail::TaskBase* task = std::exchange(task_, nullptr); "
           "task->wake(); task->node().unlink(); detail::TaskBase::step(&task->node()); }"),
    Mutant("job without a thread",
           ("museum", "tokio #8406: a job is orphaned when no thread can be made"),
           "src/executor/thread_pool_core.cpp",
           "    if (slot == 0) raise_runtime_error(\"can't start new thread\");\n", ""),

    # The simulated network.
    Mutant("network tells nobody of bytes", ("testing", SWARM),
           "src/testing/network/stream_flow.cpp",
           "  if (!other->held_back_) other->tell(EPOLLIN);\n", ""),
    Mutant("network loses bytes of a segment", ("testing", SWARM),
           "src/testing/network/stream_flow.cpp", "  other->in_.append(out_.first(size));",
           "  other->in_.append(out_.first(size > 1000 ? size - 1 : size));"),
    Mutant("half-sent bytes are sent again", ("testing", SWARM), "src/stream/stream_output.cpp",
           "    sent = n > 0 ? static_cast<std::size_t>(n) : 0;\n",
           "    sent = n > 0 && static_cast<std::size_t>(n) == size ? size : 0;\n"),
]
