"""What asyncio changed between 3.11.2 and 3.14, in the smallest form that gives the same traces.

Used on Pythons older than 3.14; each piece names the CPython change. Checked by running thousands
of scenarios here and on 3.14 (newest.mjs): the traces are equal.
"""

import asyncio
import collections.abc
import sys
from asyncio import CancelledError, locks, queues, tasks, timeouts

if sys.version_info >= (3, 13):
    from asyncio import Task
else:
    class Task(tasks._PyTask):
        """gh-116720 (3.13): uncancel() that reaches 0 takes the pending cancel back.
        gh-97696 (3.12): eager start."""

        def __init__(self, coro, *, loop, name=None, context=None, eager_start=False):
            super().__init__(coro, loop=loop, name=name, context=context)
            if eager_start and loop.is_running():
                loop._ready.pop()      # the first step, which super().__init__ just queued
                self._start(loop)

        def _start(self, loop):
            outside = asyncio.current_task(loop)
            if outside is not None:
                tasks._leave_task(loop, outside)
            try:
                self._context.run(self._Task__step)
            finally:
                if outside is not None:
                    tasks._enter_task(loop, outside)

        def uncancel(self):
            count = super().uncancel()
            if count == 0:
                self._must_cancel = False
            return count


class Timeout(timeouts.Timeout):
    """gh-102780 (3.12): counts from the cancelling() at entry, so that it converts its own
    expiry also inside of a task that was cancelled before."""

    async def __aenter__(self):
        await super().__aenter__()
        self._cancelling = self._task.cancelling()
        return self

    async def __aexit__(self, kind, exc, _):
        if self._timeout_handler is not None:
            self._timeout_handler.cancel()
            self._timeout_handler = None
        if self._state is timeouts._State.EXPIRING:
            self._state = timeouts._State.EXPIRED
            if self._task.uncancel() <= self._cancelling and isinstance(exc, CancelledError):
                raise TimeoutError from exc
        elif self._state is timeouts._State.ENTERED:
            self._state = timeouts._State.EXITED


class TaskGroup(asyncio.TaskGroup):
    """gh-116720 (3.13): uncancel() after the children ended, and a stable count of cancels.
    gh-115957 (3.13): create_task on a group that shuts down closes the coroutine.
    gh-128550 (3.14): the done callback of a child is scheduled also when it ended eagerly."""

    async def __aexit__(self, kind, exc, _):
        self._exiting = True
        cancelled = exc if isinstance(exc, CancelledError) else None
        if exc is not None and not self._aborting:
            self._abort()
        while self._tasks:
            self._on_completed_fut = self._loop.create_future()
            try:
                await self._on_completed_fut
            except CancelledError as again:
                if not self._aborting:
                    cancelled = again
                    self._abort()
            self._on_completed_fut = None
        if self._parent_cancel_requested and self._parent_task.uncancel() == 0:
            cancelled = None
        if cancelled is not None and not self._errors:
            raise cancelled
        if exc is not None and not isinstance(exc, CancelledError):
            self._errors.append(exc)
        if self._errors:
            if self._parent_task.cancelling():
                self._parent_task.uncancel()
                self._parent_task.cancel()
            raise BaseExceptionGroup("unhandled errors in a TaskGroup", self._errors) from None

    def create_task(self, coro, **options):
        if not self._entered or self._exiting and not self._tasks or self._aborting:
            coro.close()
            raise RuntimeError(f"TaskGroup {self!r} cannot take a task")
        task = self._loop.create_task(coro, **options)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        return task


def gather(*aws, return_exceptions=False):
    """gh-97696 (3.12): children that are done already are counted at once, not by a callback."""
    loop = asyncio._get_running_loop()
    children, done = {}, []
    for aw in aws:
        if aw not in children:
            child = children[aw] = asyncio.ensure_future(aw, loop=loop)
            loop = loop or child.get_loop()
            if child.done():
                done.append(child)
            else:
                child.add_done_callback(lambda child: on_done(child))
    if not children:
        outer = asyncio.get_running_loop().create_future()
        outer.set_result([])
        return outer
    ordered = [children[aw] for aw in aws]
    outer = tasks._GatheringFuture(ordered, loop=loop)
    finished = 0

    def on_done(child):
        nonlocal finished
        finished += 1
        if outer.done():
            if not child.cancelled():
                child.exception()      # marked as retrieved
        elif child.cancelled() and not return_exceptions:
            outer.set_exception(child._make_cancelled_error())
        elif not return_exceptions and child.exception() is not None:
            outer.set_exception(child.exception())
        elif finished == len(children):
            results = [_outcome(each) for each in ordered]
            if outer._cancel_requested:
                outer.set_exception(ordered[-1]._make_cancelled_error())
            else:
                outer.set_result(results)

    for child in done:
        on_done(child)
    return outer


def _outcome(child):
    if child.cancelled():
        return CancelledError(child._cancel_message or "")
    return child.exception() or child.result()


def _report_shielded(inner):
    if not inner.cancelled() and inner.exception() is not None:
        inner.get_loop().call_exception_handler({
            "message": f"{type(inner.exception()).__name__} exception in shielded future",
            "exception": inner.exception(), "future": inner})


def shield(aw):
    """gh-134331 (3.14): a late exception of a future whose shield was cancelled is reported."""
    inner = asyncio.ensure_future(aw)
    if inner.done():
        return inner
    outer = inner.get_loop().create_future()

    def on_inner_done(inner):
        if outer.cancelled():
            return
        if inner.cancelled():
            outer.cancel()
        elif inner.exception() is not None:
            outer.set_exception(inner.exception())
        else:
            outer.set_result(inner.result())

    def on_outer_done(_):
        if not inner.done():
            inner.remove_done_callback(on_inner_done)
            inner.remove_done_callback(_report_shielded)
            inner.add_done_callback(_report_shielded)

    inner.add_done_callback(on_inner_done)
    outer.add_done_callback(on_outer_done)
    return outer


class Condition(locks.Condition):
    """gh-111693, gh-112202 (3.13): the latest CancelledError keeps its message; a waiter that is
    cancelled after its notification hands it on."""

    async def wait(self):
        if not self.locked():
            raise RuntimeError("cannot wait on un-acquired lock")
        fut = self._get_loop().create_future()
        self.release()
        try:
            try:
                self._waiters.append(fut)
                try:
                    await fut
                    return True
                finally:
                    self._waiters.remove(fut)
            finally:
                await self._reacquire()
        except BaseException:
            self._notify(1)
            raise

    async def _reacquire(self):
        latest = None
        while True:
            try:
                await self.acquire()
                break
            except CancelledError as exc:
                latest = exc
        if latest is not None:
            raise latest

    def notify(self, n=1):
        if not self.locked():
            raise RuntimeError("cannot notify on un-acquired lock")
        self._notify(n)

    def _notify(self, n):
        for fut in [fut for fut in self._waiters if not fut.done()][:max(n, 0)]:
            fut.set_result(False)


class Semaphore(locks.Semaphore):
    """gh-111693 (3.13): whoever leaves acquire(), by whichever way, wakes all that may run."""

    async def acquire(self):
        if not self.locked():
            self._value -= 1
            return True
        if self._waiters is None:
            self._waiters = locks.collections.deque()
        fut = self._get_loop().create_future()
        self._waiters.append(fut)
        try:
            try:
                await fut
            finally:
                self._waiters.remove(fut)
        except CancelledError:
            if fut.done() and not fut.cancelled():
                self._value += 1
            raise
        finally:
            while self._value > 0 and self._wake_up_next():
                pass
        return True

    def _wake_up_next(self):
        for fut in self._waiters or ():
            if not fut.done():
                self._value -= 1
                fut.set_result(True)
                return True
        return False


class BoundedSemaphore(Semaphore):
    """As asyncio's, over the semaphore above."""

    def __init__(self, value=1):
        self._bound_value = value
        super().__init__(value)

    def release(self):
        if self._value >= self._bound_value:
            raise ValueError("BoundedSemaphore released too many times")
        super().release()


class Barrier(asyncio.Barrier):
    """As asyncio's, over the condition above."""

    def __init__(self, parties):
        super().__init__(parties)
        self._cond = Condition()


class QueueShutDown(Exception):
    """gh-104228 (3.13)."""


class Queue(asyncio.Queue):
    """gh-104228 (3.13): shutdown()."""

    _down = False

    async def put(self, item):
        while self.full():
            if self._down:
                raise QueueShutDown
            await self._wait(self._putters, lambda: not self.full())
        return self.put_nowait(item)

    async def get(self):
        while self.empty():
            if self._down:
                raise QueueShutDown
            await self._wait(self._getters, lambda: not self.empty())
        return self.get_nowait()

    async def _wait(self, waiters, possible):
        waiter = self._get_loop().create_future()
        waiters.append(waiter)
        try:
            await waiter
        except BaseException:
            waiter.cancel()
            if waiter in waiters:
                waiters.remove(waiter)
            if possible() and not waiter.cancelled():
                self._wakeup_next(waiters)
            raise

    def put_nowait(self, item):
        if self._down:
            raise QueueShutDown
        super().put_nowait(item)

    def get_nowait(self):
        if self._down and self.empty():
            raise QueueShutDown
        return super().get_nowait()

    def shutdown(self, immediate=False):
        self._down = True
        if immediate:
            while not self.empty():
                self._get()
                self._unfinished_tasks = max(self._unfinished_tasks - 1, 0)
            if self._unfinished_tasks == 0:
                self._finished.set()
        for waiters in (self._getters, self._putters):
            while waiters:
                waiter = waiters.popleft()
                if not waiter.done():
                    waiter.set_result(None)


class PriorityQueue(Queue, queues.PriorityQueue):
    """The storage is asyncio's; the rest is the queue above."""


class LifoQueue(Queue, queues.LifoQueue):
    """The storage is asyncio's; the rest is the queue above."""


class aclose(collections.abc.Coroutine):
    """gh-74956, gh-117881 (3.13): what agen.aclose() gives can begin by throw(): that is what a task
    does to it when it is cancelled before its first step."""

    def __init__(self, agen):
        self._agen = agen
        self._steps = None

    def send(self, value):
        if self._steps is None:
            self._steps = self._agen.aclose()
        return self._steps.send(value)

    def throw(self, error, *_):
        if self._steps is not None:
            return self._steps.throw(error)
        self._steps = self._thrown(error)
        return self._steps.send(None)

    async def _thrown(self, error):
        try:
            await self._agen.athrow(error)
        except (GeneratorExit, StopAsyncIteration):
            return
        raise RuntimeError("async generator ignored GeneratorExit")

    def close(self):
        if self._steps is not None:
            self._steps.close()

    def __await__(self):
        return self
