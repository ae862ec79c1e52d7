"""An asyncio event loop in virtual time, deterministic to the last callback.

Time is a number of ticks, and jumps to the next timer only when no callback is ready. Timers with
equal deadlines run in creation order, tasks and asynchronous generators are kept in creation order:
where CPython's order depends on a heap or a set, Hob promises this one (deviation (a), compat.py).
"""

import asyncio
import heapq
import sys
import weakref

import compat

TURNS_MAX = 2000
TASKS_MAX = 1000


class Deadlock(BaseException):
    """Nothing is ready and no timer is left, but what the loop runs for is not done."""


class Limit(BaseException):
    """The scenario never ends."""


def _forget_message(task):
    """Deviation (g), compat.py."""
    if not task.cancelled():
        task._cancel_message = None


def _is_suspended(agen):
    """Deviation (f), compat.py; of the generators that runtime.py makes."""
    return agen.ag_frame is not None and "inner" in agen.ag_frame.f_locals


class VirtualLoop(asyncio.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.turns = 0
        self.tasks = []          # every task ever made, in order; None while it is being made
        self.eager = False       # as with set_task_factory(eager_task_factory)
        self._timers = []        # (when, sequence, handle)
        self._sequence = 0
        self._generators = []    # weak references in order of first iteration

    def time(self):
        return self.now

    def pending_tasks(self):
        """The tasks that are not done, in creation order."""
        return [task for task in self.tasks if task is not None and not task.done()]

    def count_pending_tasks(self):
        """As len(all_tasks()): an eager task counts also in its first step."""
        return sum(task is None or not task.done() for task in self.tasks)

    def create_task(self, coro, *, name=None, context=None, eager_start=None):
        self._check_closed()
        eager = self.eager if eager_start is None else eager_start
        options = {"eager_start": True} if eager else {}
        place = len(self.tasks)
        self.tasks.append(None)    # an eager task's first step runs within its constructor
        task = self.tasks[place] = compat.Task(
            coro, loop=self, name=name, context=context, **options)
        task.add_done_callback(_forget_message)
        return task

    def call_at(self, when, callback, *args, context=None):
        self._check_closed()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, self._sequence, handle))
        self._sequence += 1
        return handle

    def _timer_handle_cancelled(self, handle):
        pass                     # _run_once drops cancelled timers when they come up

    def _write_to_self(self):
        pass                     # one thread: call_soon_threadsafe needs no wake-up

    def _process_events(self, event_list):
        pass

    def _run_once(self):
        """One iteration, in the order of BaseEventLoop._run_once (rule L1), without a poll."""
        self.turns += 1
        if self.turns > TURNS_MAX or len(self.tasks) > TASKS_MAX:
            raise Limit
        timers, ready = self._timers, self._ready
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not ready and not self._stopping:
            if not timers:
                raise Deadlock
            self.now = max(self.now, timers[0][0])
        while timers and timers[0][0] <= self.now:
            handle = heapq.heappop(timers)[2]
            if not handle._cancelled:
                ready.append(handle)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
        handle = None

    if sys.version_info < (3, 12):
        # gh-96704 (3.12): the exception handler runs in the context of what failed.
        def call_exception_handler(self, context):
            thing = context.get("task") or context.get("future") or context.get("handle")
            inside = getattr(thing, "_context", None)
            if inside is None:
                return super().call_exception_handler(context)
            return inside.copy().run(super().call_exception_handler, context)

    def _asyncgen_firstiter_hook(self, agen):
        super()._asyncgen_firstiter_hook(agen)
        self._generators.append(weakref.ref(agen))

    def _asyncgen_finalizer_hook(self, agen):
        self._asyncgens.discard(agen)
        if not self.is_closed() and _is_suspended(agen):
            self.call_soon_threadsafe(self.create_task, compat.aclose(agen))

    async def shutdown_asyncgens(self):
        """As BaseEventLoop's, but in order of first iteration instead of a set's."""
        self._asyncgens_shutdown_called = True
        alive = [ref() for ref in self._generators]
        closing = [agen for agen in alive
                   if agen is not None and agen in self._asyncgens and _is_suspended(agen)]
        if not closing:
            return
        self._asyncgens.clear()
        closes = [compat.aclose(agen) for agen in closing]
        for result in await compat.gather(*closes, return_exceptions=True):
            if isinstance(result, Exception):
                self.call_exception_handler({
                    "message": "an error occurred during closing of asynchronous generator",
                    "exception": result})
