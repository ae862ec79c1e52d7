"""asyncio as Hob means it: the newest CPython's, plus Hob's deliberate deviations.

On Python 3.14 and newer the standard library is used as it is; on older ones `backports.py`
supplies what changed since. The deviations (docs/from-asyncio.md) come on top of either, and are
all here:

(a) Timers with equal deadlines run in creation order; so do things whose order CPython leaves to a
    set: the children a TaskGroup aborts, the arguments of wait and as_completed, the tasks and
    generators closed at the end of a run. (Timers and generators: virtual_loop.py.)
(b) wait_for keeps a result that became ready in the turn of its deadline.
(c) A task that awaited itself, and got its RuntimeError, can be awaited by others afterwards.
(d) athrow on a finished asynchronous generator says `stop`; CPython's gives None, where anext has
    StopAsyncIteration. In C++ both are an empty optional. (awaits.py.)
(e) An as_completed that is left before its end cancels its timer. In CPython that stays, which is
    seen only by the time at which a deadlock comes. (awaits.py.)
(f) Asynchronous generators that have not begun, or are at their end, are not closed by a task when
    they are dropped or at the end of a run. In CPython that task does nothing. (virtual_loop.py.)
(g) A task that ended forgets the message of a cancel that came to nothing. In CPython it turns up
    in the CancelledError of a cancelled gather whose last child it is. (virtual_loop.py.)
(h) Once a task has left wait(FIRST_EXCEPTION), that marks no exception as retrieved any more.
"""

import asyncio
import sys
import types
from asyncio import CancelledError, Event, Lock  # noqa: F401  same in all versions

if sys.version_info >= (3, 14):
    from asyncio import (Barrier, Condition, BoundedSemaphore, Semaphore, LifoQueue,  # noqa: F401
                         PriorityQueue, Queue, QueueShutDown, Task, gather, shield)
    from asyncio import TaskGroup as _TaskGroup
    from asyncio import Timeout

    def aclose(agen):
        return agen.aclose()
else:
    from backports import (Barrier, Condition, BoundedSemaphore, Semaphore, LifoQueue,  # noqa: F401
                           PriorityQueue, Queue, QueueShutDown, Task, gather, shield)
    from backports import TaskGroup as _TaskGroup
    from backports import Timeout, aclose

sleep = asyncio.sleep


def timeout(delay):
    """asyncio.timeout."""
    return Timeout(asyncio.get_running_loop().time() + delay if delay is not None else None)


def timeout_at(when):
    """asyncio.timeout_at."""
    return Timeout(when)


# Deviation (a): order.

class _OrderedSet(dict):
    """The part of set that TaskGroup uses, iterated in order of insertion."""

    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


class TaskGroup(_TaskGroup):
    """Aborts its children in creation order."""

    def __init__(self):
        super().__init__()
        self._tasks = _OrderedSet()


async def wait(futures, *, timeout, return_when):
    """asyncio.wait, which tells by a set's order whose exceptions it marks as retrieved."""
    if not futures:
        raise ValueError("Set of Tasks/Futures is empty.")
    ordered = list(dict.fromkeys(futures))
    loop = asyncio.get_running_loop()
    waiter, left = loop.create_future(), len(ordered)

    def on_done(future):
        nonlocal left
        left -= 1
        if waiter is None:
            return                                       # deviation (h)
        if left == 0 or return_when == asyncio.FIRST_COMPLETED or (
                return_when == asyncio.FIRST_EXCEPTION and not future.cancelled()
                and future.exception() is not None):
            finish()

    def finish():
        if timer is not None:
            timer.cancel()
        if not waiter.done():
            waiter.set_result(None)

    timer = None if timeout is None else loop.call_later(timeout, finish)
    for future in ordered:
        future.add_done_callback(on_done)
    try:
        await waiter
    finally:
        waiter = None
        if timer is not None:
            timer.cancel()
        for future in ordered:
            future.remove_done_callback(on_done)
    return ({f for f in ordered if f.done()}, {f for f in ordered if not f.done()})


class as_completed:
    """asyncio.as_completed of 3.13+ as an async iterator; takes its arguments in their order."""

    def __init__(self, aws, *, timeout=None):
        loop = asyncio.get_running_loop()
        self._done = asyncio.Queue()
        self._timer = None
        self._todo = {asyncio.ensure_future(aw, loop=loop): None for aw in dict.fromkeys(aws)}
        self._left = len(self._todo)
        for future in self._todo:
            future.add_done_callback(self._on_done)
        if self._todo and timeout is not None:
            self._timer = loop.call_later(timeout, self._on_timeout)

    def __aiter__(self):
        return self

    def close(self):
        """Deviation (e): nobody iterates any more."""
        if self._timer is not None:
            self._timer.cancel()

    async def __anext__(self):
        if not self._left:
            raise StopAsyncIteration
        self._left -= 1
        future = await self._done.get()
        if future is None:
            raise TimeoutError
        return future

    def _on_timeout(self):
        for future in self._todo:
            future.remove_done_callback(self._on_done)
            self._done.put_nowait(None)
        self._todo.clear()

    def _on_done(self, future):
        if not self._todo:
            return
        del self._todo[future]
        self._done.put_nowait(future)
        if not self._todo and self._timer is not None:
            self._timer.cancel()


# Deviation (b): wait_for.

class _PatientTimeout(Timeout):
    """Puts its expiry off by one callback, once, when the task's wake-up is already on its way."""

    _patient = True

    def _on_timeout(self):
        waiter = self._task._fut_waiter
        if self._patient and (waiter is None or waiter.done()):
            self._patient = False
            self._timeout_handler = asyncio.get_running_loop().call_soon(self._on_timeout)
        else:
            super()._on_timeout()


async def wait_for(aw, timeout):
    """asyncio.wait_for as 3.12 rewrote it (gh-96764), with the patient timeout."""
    if timeout is not None and timeout <= 0:
        future = asyncio.ensure_future(aw)
        if future.done():
            return future.result()
        await _cancel_and_wait(future)
        try:
            return future.result()
        except CancelledError as exc:
            raise TimeoutError from exc
    when = None if timeout is None else asyncio.get_running_loop().time() + timeout
    async with _PatientTimeout(when):
        return await aw


async def _cancel_and_wait(future):
    waiter = asyncio.get_running_loop().create_future()

    def release(_):
        if not waiter.done():
            waiter.set_result(None)

    future.add_done_callback(release)
    try:
        future.cancel()
        await waiter
    finally:
        future.remove_done_callback(release)


# Deviation (c): a task that awaits itself.

@types.coroutine
def await_self():
    """What `await` of the current task does: RuntimeError at the task's next step.

    CPython's own leaves a mark on the task (_asyncio_future_blocking), by which the next one to
    await it fails, too. This is the same step, taken because of a bad yield.
    """
    yield "not a future"
