"""The statements that never suspend: allowed in every body, also in callbacks.

Each is a function (runtime, frame, args) -> result; a result other than None is logged.
"""

import asyncio

import compat
import render
from runtime import ERRORS, Unbound
from scenario import ScenarioError

PLAIN = {}


def plain(function):
    """Registers a statement under its function's name without trailing underscore."""
    PLAIN[function.__name__.rstrip("_")] = function
    return function


def number(token):
    """An integer, or None for `none`."""
    return None if token == "none" else int(token)


def make_error(tokens):
    """The exception that `Boom 3`, `CancelledError stop` or `ValueError` stands for."""
    kind, rest = tokens[0], tokens[1:]
    if kind == "Boom":
        return render.Boom(int(rest[0]))
    if kind == "CancelledError":
        return asyncio.CancelledError(*rest)
    if kind not in ERRORS:
        raise ScenarioError(f"there is no error {kind}")
    return ERRORS[kind]()


@plain
def log(rt, frame, args):
    pass


@plain
def raise_(rt, frame, args):
    raise make_error(args)


@plain
def reraise(rt, frame, args):
    raise frame.errors[-1]


# Tasks and futures.

def _options(rt, args):
    options = {"name": rt.task_name(args[0])}
    if len(args) > 2:
        options["eager_start"] = True
    return options


@plain
def spawn(rt, frame, args):
    options = _options(rt, args)
    rt.bind(args[0], rt.loop.create_task(rt.coroutine(args[1] + "()"), **options))


@plain
def gspawn(rt, frame, args):
    group = rt.find(rt.blocks, args[0])
    options = _options(rt, args[1:])
    rt.bind(args[1], group.create_task(rt.coroutine(args[2] + "()"), **options))


@plain
def set_eager(rt, frame, args):
    rt.loop.eager = args[0] == "on"


@plain
def future(rt, frame, args):
    rt.bind(args[0], rt.loop.create_future())


@plain
def cancel(rt, frame, args):
    return rt.awaitable(args[0]).cancel(*args[1:])


def _task(rt, name):
    found = rt.awaitable(name)
    if not hasattr(found, "uncancel"):
        raise Unbound
    return found


@plain
def uncancel(rt, frame, args):
    return _task(rt, args[0]).uncancel()


@plain
def cancelling(rt, frame, args):
    return _task(rt, args[0]).cancelling()


@plain
def name(rt, frame, args):
    return rt.display(_task(rt, "self"))


@plain
def all_tasks(rt, frame, args):
    return rt.loop.count_pending_tasks()


@plain
def state(rt, frame, args):
    found = rt.awaitable(args[0])
    if not found.done():
        return "pending"
    if found.cancelled():
        return "cancelled"
    if found.exception() is not None:
        return "exception " + render.error(found.exception())
    return "result " + render.value(found.result())


def _plain_future(rt, name):
    found = rt.awaitable(name)
    if name not in rt.plain_futures:
        raise Unbound
    return found


@plain
def set_result(rt, frame, args):
    _plain_future(rt, args[0]).set_result(number(args[1]))


@plain
def set_exception(rt, frame, args):
    _plain_future(rt, args[0]).set_exception(make_error(args[1:]))


@plain
def add_cb(rt, frame, args):
    rt.awaitable(args[0]).add_done_callback(rt.callback(args[1]))


@plain
def remove_cb(rt, frame, args):
    return rt.awaitable(args[0]).remove_done_callback(rt.callback(args[1]))


def members(rt, tokens):
    """Awaitables of a list of names and `coro()` tokens; names first, so that an unbound one
    has no effect."""
    found = [None if t.endswith("()") else rt.awaitable(t) for t in tokens]
    return [rt.coroutine(t) if f is None else f for t, f in zip(tokens, found)]


@plain
def gather(rt, frame, args):
    rt.bind(args[0], compat.gather(*members(rt, args[1:])))


@plain
def gather_rex(rt, frame, args):
    rt.bind(args[0], compat.gather(*members(rt, args[1:]), return_exceptions=True))


@plain
def shield(rt, frame, args):
    rt.bind(args[0], compat.shield(members(rt, args[1:])[0]))


# Callbacks.

@plain
def call_soon(rt, frame, args):
    rt.handles[args[0]] = rt.loop.call_soon(rt.callback(args[1]))


@plain
def call_later(rt, frame, args):
    rt.handles[args[0]] = rt.loop.call_later(int(args[1]), rt.callback(args[2]))


@plain
def call_at(rt, frame, args):
    rt.handles[args[0]] = rt.loop.call_at(int(args[1]), rt.callback(args[2]))


@plain
def hcancel(rt, frame, args):
    rt.find(rt.handles, args[0]).cancel()


@plain
def hcancelled(rt, frame, args):
    return rt.find(rt.handles, args[0]).cancelled()


@plain
def set_handler(rt, frame, args):
    rt.handler_tag = f"[{args[0]}]"
    rt.handler_var = rt.objects.get(args[1]) if len(args) > 1 else None


@plain
def call_handler(rt, frame, args):
    rt.loop.call_exception_handler({"message": "user: " + " ".join(args)})


# Timeouts.

@plain
def expired(rt, frame, args):
    return rt.find(rt.blocks, args[0]).expired()


@plain
def when(rt, frame, args):
    deadline = rt.find(rt.blocks, args[0]).when()
    return "none" if deadline is None else deadline


@plain
def reschedule(rt, frame, args):
    delay = number(args[1])
    deadline = None if delay is None else rt.loop.time() + delay
    rt.find(rt.blocks, args[0]).reschedule(deadline)


# Synchronisation.

LOCKS = (compat.Lock, compat.Semaphore, compat.Condition)
QUEUES = (compat.Queue,)


@plain
def release(rt, frame, args):
    rt.object(args[0], *LOCKS).release()


@plain
def locked(rt, frame, args):
    return rt.object(args[0], *LOCKS).locked()


@plain
def set_(rt, frame, args):
    rt.object(args[0], compat.Event).set()


@plain
def clear(rt, frame, args):
    rt.object(args[0], compat.Event).clear()


@plain
def is_set(rt, frame, args):
    return rt.object(args[0], compat.Event).is_set()


@plain
def inc(rt, frame, args):
    counter = rt.object(args[0], list)
    counter[0] += 1
    return counter[0]


@plain
def notify(rt, frame, args):
    rt.object(args[0], compat.Condition).notify(int(args[1]))


@plain
def notify_all(rt, frame, args):
    rt.object(args[0], compat.Condition).notify_all()


@plain
def barrier_info(rt, frame, args):
    barrier = rt.object(args[0], compat.Barrier)
    return [barrier.parties, barrier.n_waiting, barrier.broken]


@plain
def put_nowait(rt, frame, args):
    rt.object(args[0], *QUEUES).put_nowait(int(args[1]))


@plain
def get_nowait(rt, frame, args):
    return rt.object(args[0], *QUEUES).get_nowait()


@plain
def task_done(rt, frame, args):
    rt.object(args[0], *QUEUES).task_done()


@plain
def qinfo(rt, frame, args):
    queue = rt.object(args[0], *QUEUES)
    return [queue.qsize(), queue.empty(), queue.full()]


@plain
def shutdown(rt, frame, args):
    rt.object(args[0], *QUEUES).shutdown(*(a == "immediate" for a in args[1:]))


# Context variables and generators.

@plain
def ctx_get(rt, frame, args):
    return rt.find(rt.objects, args[0]).get()


@plain
def ctx_set(rt, frame, args):
    rt.tokens[args[2]] = rt.find(rt.objects, args[0]).set(int(args[1]))


@plain
def ctx_reset(rt, frame, args):
    rt.find(rt.objects, args[0]).reset(rt.find(rt.tokens, args[1]))


@plain
def gen(rt, frame, args):
    rt.generators[args[0]] = rt.generator(args[1])


@plain
def drop(rt, frame, args):
    rt.find(rt.generators, args[0])
    del rt.generators[args[0]]
