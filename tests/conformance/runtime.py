"""What a running scenario has: named objects, the trace, and the execution of blocks.

The statements themselves are in statements.py (those that never suspend) and awaits.py (the rest).
"""

import asyncio
import contextvars
import types

import compat
import render
from scenario import ScenarioError

ERRORS = {
    "BaseException": BaseException, "Exception": Exception,
    "CancelledError": asyncio.CancelledError, "TimeoutError": TimeoutError,
    "ValueError": ValueError, "RuntimeError": RuntimeError, "Boom": render.Boom,
    "ExceptionGroup": BaseExceptionGroup, "InvalidStateError": asyncio.InvalidStateError,
    "QueueEmpty": asyncio.QueueEmpty, "QueueFull": asyncio.QueueFull,
    "QueueShutDown": compat.QueueShutDown, "BrokenBarrierError": asyncio.BrokenBarrierError,
}

# Flows: how a block ended. An exception is Python's own.
NEXT, BREAK, RETURN = 0, 1, 2

HANDLER_MESSAGES = (
    ("Exception in callback", "callback"),
    ("unhandled exception during asyncio.run() shutdown", "shutdown"),
    ("an error occurred during closing of asynchronous generator", "asyncgen"),
    ("user: ", "user"),
)


class Unbound(BaseException):
    """A statement names an object that does not exist at this moment; it has no effect."""


class Frame:
    """One activation of a body: the errors being handled in it, and its result."""

    __slots__ = ("errors", "result", "dead")

    def __init__(self):
        self.errors = []
        self.result = None
        self.dead = False      # destroyed at a yield, as a C++ frame is: no more statements run


class Runtime:
    def __init__(self, scenario, loop):
        self.scenario = scenario
        self.loop = loop
        self.trace = []
        self.open = True          # false once the run is over: stragglers must not write
        self.objects = {}         # locks, events, queues, ... by name
        self.awaitables = {}      # futures, tasks, gathers, shields by name
        self.named = []           # (name, awaitable) in order of creation
        self.blocks = {}          # entered timeouts and groups by name
        self.generators = {}
        self.handles = {}
        self.tokens = {}
        self.callbacks = {}
        self._aliases = {}        # Task-N -> T1, T2, ... in order of appearance
        self._names_used = {}
        self.handler_tag = ""
        self.handler_var = None
        loop.set_exception_handler(self._on_loop_error)
        for kind, name, args in scenario.objects:
            self.objects[name] = self._make(kind, name, args)

    def _make(self, kind, name, args):
        if kind == "future":
            self.bind(name, self.loop.create_future())
            return None
        if kind == "var":
            return contextvars.ContextVar(name, default=args[0])
        if kind == "counter":
            return [args[0]]
        return OBJECT_TYPES[kind](*args)

    # Names.

    def bind(self, name, awaitable):
        """Gives a name to a future; a later one may take it over."""
        self.awaitables[name] = awaitable
        self.named.append((name, awaitable))

    def awaitable(self, name):
        if name == "self":
            task = asyncio.current_task(self.loop)
            if task is None:
                raise Unbound
            return task
        return self.find(self.awaitables, name)

    def object(self, name, *types):
        found = self.find(self.objects, name)
        if not isinstance(found, types):
            raise Unbound
        return found

    def find(self, table, name):
        found = table.get(name)
        if found is None:
            raise Unbound
        return found

    def task_name(self, name):
        """A name for a new task: the second `t` is called `t.2`."""
        count = self._names_used[name] = self._names_used.get(name, 0) + 1
        return name if count == 1 else f"{name}.{count}"

    def display(self, task):
        name = task.get_name()
        if not name.startswith("Task-"):
            return name
        return self._aliases.setdefault(name, f"T{len(self._aliases) + 1}")

    # The trace.

    def log(self, text):
        if self.open:
            try:
                task = asyncio.current_task(self.loop)
            except RuntimeError:
                task = None
            who = "-" if task is None else self.display(task)
            self.trace.append(f"{render.value(self.loop.now)} {who} {text}")

    def log_value(self, text, result):
        self.log(text if result is None else f"{text} -> {render.value(result)}")

    def _on_loop_error(self, _, context):
        message, exc = context["message"], context.get("exception")
        for prefix, kind in HANDLER_MESSAGES:
            if message.startswith(prefix):
                break
        else:
            if not message.endswith("exception in shielded future"):
                return    # "never retrieved", "destroyed but pending": when is up to the GC
            kind = "shielded"
        if kind == "user":
            kind = message
        text = f"handler{self.handler_tag} {kind}"
        if self.handler_var is not None:
            text += f" {self.handler_var.name}={self.handler_var.get()}"
        self.log(text if exc is None else f"{text} {render.error(exc)}")

    # Bodies.

    def coroutine(self, token):
        """The coroutine object that a token `name()` stands for."""
        name = token[:-2]
        body = self.scenario.bodies["coro"].get(name)
        if body is None:
            raise ScenarioError(f"there is no coro {name}")
        return self.run_body(name, body)

    async def run_body(self, name, body):
        frame = Frame()
        self.log(f"begin {name}")
        try:
            await self.run_block(frame, body)
        except BaseException as exc:
            if not frame.dead:
                self.log(f"fail {name} {render.error(exc)}")
            raise
        self.log_value(f"end {name}", frame.result)
        return frame.result

    def generator(self, name):
        body = self.scenario.bodies["agen"].get(name)
        if body is None:
            raise ScenarioError(f"there is no agen {name}")
        return _generate(self, name, body)

    def callback(self, name):
        """The one function that stands for a callback body; its arguments are ignored."""
        if name not in self.callbacks:
            body = self.scenario.bodies["callback"][name]

            def call(*_):
                self.log(f"callback {name}")
                self.run_plain(Frame(), body)
            self.callbacks[name] = call
        return self.callbacks[name]

    def run_plain(self, frame, block):
        """Runs statements that never suspend."""
        for stmt in block:
            self._plain(frame, stmt)

    def _plain(self, frame, stmt):
        try:
            result = stmt.run(self, frame, stmt.args)
        except Unbound:
            self.log(f"{stmt.text} -> unbound")
        except Exception as exc:
            if not stmt.quiet:
                raise
            self.log(f"{stmt.text} ! {render.error(exc)}")
        else:
            self.log_value(stmt.text, result)

    async def _suspending(self, frame, stmt):
        try:
            result = await stmt.run(self, frame, stmt.args)
        except Unbound:
            self.log(f"{stmt.text} -> unbound")
        except Exception as exc:
            if not stmt.quiet:
                raise
            self.log(f"{stmt.text} ! {render.error(exc)}")
        else:
            self.log_value(stmt.text, result)

    async def run_block(self, frame, block):
        """Runs statements in order; gives the flow with which the block was left."""
        for stmt in block:
            kind = stmt.kind
            if kind == "plain":
                self._plain(frame, stmt)
            elif kind == "await":
                await self._suspending(frame, stmt)
            elif kind == "block":
                try:
                    flow = await stmt.run(self, frame, stmt)
                except Unbound:
                    self.log(f"{stmt.text} -> unbound")
                    continue
                if flow != NEXT:
                    return flow
            else:
                if kind == RETURN:
                    frame.result = None if stmt.args[0] == "none" else int(stmt.args[0])
                return kind
        return NEXT


OBJECT_TYPES = {
    "lock": compat.Lock, "event": compat.Event, "condition": compat.Condition,
    "semaphore": compat.Semaphore, "bounded_semaphore": compat.BoundedSemaphore,
    "barrier": compat.Barrier, "queue": compat.Queue, "priority_queue": compat.PriorityQueue,
    "lifo_queue": compat.LifoQueue,
}


# An asynchronous generator whose body is a coroutine of the interpreter. The body yields to its
# consumer by a marker that _Step tells from what belongs to the event loop, so that a real
# asynchronous generator, with its hooks and rules, stands between the two.

class _Marker:
    def __init__(self, value):
        self.value = value


class _Raise:
    def __init__(self, error):
        self.error = error


@types.coroutine
def emit(frame, value):
    """Yields a value from an agen body; the result is what asend() sent."""
    try:
        sent = yield _Marker(value)
    except GeneratorExit:      # not aclose(), whose comes as _Raise: the body is being destroyed
        frame.dead = True
        raise
    if isinstance(sent, _Raise):
        raise sent.error
    return sent


class _Step:
    """Runs the body to its next marker (the result) or to its end (None)."""

    def __init__(self, body, value):
        self.body, self.value = body, value

    def __await__(self):
        resume, value = self.body.send, self.value
        while True:
            try:
                out = resume(value)
            except StopIteration:
                return None
            if isinstance(out, _Marker):
                return out
            try:
                value = yield out
                resume = self.body.send
            except BaseException as exc:
                resume, value = self.body.throw, exc


async def _generate(runtime, name, body):
    inner = runtime.run_body(name, body)
    value = None
    while True:
        marker = await _Step(inner, value)
        if marker is None:
            return
        try:
            value = yield marker.value
        except BaseException as exc:
            # Not inner.throw(exc): a GeneratorExit thrown into a coroutine closes what it awaits,
            # and then its `finally` could not await.
            value = _Raise(exc)
