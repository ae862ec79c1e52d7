"""The statements that may suspend, and the blocks: allowed in coro, agen and main bodies.

Statements are coroutines (runtime, frame, args) -> result, blocks (runtime, frame, stmt) -> flow.
"""

import asyncio
import contextlib

import compat
import render
from runtime import BREAK, ERRORS, NEXT, RETURN, Unbound, emit
from statements import LOCKS, PLAIN, QUEUES, make_error, members, number

AWAIT = {}
BLOCK = {}
FLOWS = {"break": BREAK, "return": RETURN}


def awaiting(function):
    """Registers a statement under its function's name without trailing underscore."""
    AWAIT[function.__name__.rstrip("_")] = function
    return function


def block(function):
    """Registers a block under its function's name without trailing underscore."""
    BLOCK[function.__name__.rstrip("_")] = function
    return function


@awaiting
async def sleep(rt, frame, args):
    await compat.sleep(int(args[0]))


@awaiting
async def await_(rt, frame, args):
    awaited = rt.awaitable(args[0])
    if awaited is asyncio.current_task():
        return await compat.await_self()
    return await awaited


@awaiting
async def call(rt, frame, args):
    return await rt.coroutine(args[0] + "()")


@awaiting
async def yield_(rt, frame, args):
    return await emit(frame, int(args[0]))


WAIT_MODES = {"all": asyncio.ALL_COMPLETED, "first": asyncio.FIRST_COMPLETED,
              "exc": asyncio.FIRST_EXCEPTION}


@awaiting
async def wait(rt, frame, args):
    names = list(dict.fromkeys(args[2:]))
    futures = [rt.awaitable(name) for name in names]
    done, _ = await compat.wait(
        futures, timeout=number(args[1]), return_when=WAIT_MODES[args[0]])
    finished = " ".join(n for n, f in zip(names, futures) if f in done)
    pending = " ".join(n for n, f in zip(names, futures) if f not in done)
    return f"done [{finished}] pending [{pending}]"


@awaiting
async def wait_for(rt, frame, args):
    return await compat.wait_for(members(rt, args[1:])[0], number(args[0]))


# Synchronisation.

@awaiting
async def acquire(rt, frame, args):
    return await rt.object(args[0], *LOCKS).acquire()


@awaiting
async def event_wait(rt, frame, args):
    return await rt.object(args[0], compat.Event).wait()


@awaiting
async def cond_wait(rt, frame, args):
    return await rt.object(args[0], compat.Condition).wait()


@awaiting
async def cond_wait_for(rt, frame, args):
    counter, least = rt.object(args[1], list), int(args[2])
    condition = rt.object(args[0], compat.Condition)
    return await condition.wait_for(lambda: counter[0] >= least)


@awaiting
async def barrier_wait(rt, frame, args):
    return await rt.object(args[0], compat.Barrier).wait()


@awaiting
async def barrier_reset(rt, frame, args):
    await rt.object(args[0], compat.Barrier).reset()


@awaiting
async def barrier_abort(rt, frame, args):
    await rt.object(args[0], compat.Barrier).abort()


@awaiting
async def put(rt, frame, args):
    await rt.object(args[0], *QUEUES).put(int(args[1]))


@awaiting
async def get(rt, frame, args):
    return await rt.object(args[0], *QUEUES).get()


@awaiting
async def join(rt, frame, args):
    await rt.object(args[0], *QUEUES).join()


# Asynchronous generators. No local variable may hold one: `drop` must drop the last reference.

async def _item(awaitable):
    try:
        return await awaitable
    except StopAsyncIteration:
        return "stop"
    finally:
        del awaitable          # a traceback would keep it, and with it the generator


@awaiting
async def anext_(rt, frame, args):
    return await _item(rt.find(rt.generators, args[0]).__anext__())


@awaiting
async def asend(rt, frame, args):
    return await _item(rt.find(rt.generators, args[0]).asend(number(args[1])))


@awaiting
async def athrow(rt, frame, args):
    item = await _item(rt.find(rt.generators, args[0]).athrow(make_error(args[1:])))
    return "stop" if item is None else item    # deviation (d), compat.py


@awaiting
async def aclose(rt, frame, args):
    await rt.find(rt.generators, args[0]).aclose()


# Blocks.

@block
async def try_(rt, frame, stmt):
    try:
        try:
            return await rt.run_block(frame, stmt.body)
        except BaseException as exc:
            unseen = frame.dead or isinstance(exc, Unbound)
            clause = None if unseen else _clause(stmt, exc)
            if clause is None:
                raise
            rt.log(f"except {render.error(exc)}")
            frame.errors.append(exc)
            try:
                return await rt.run_block(frame, clause)
            finally:
                frame.errors.pop()
    finally:
        if stmt.final is not None and not frame.dead:
            rt.log("finally")
            await rt.run_block(frame, stmt.final)


def _clause(stmt, exc):
    for kind, clause in stmt.clauses:
        if isinstance(exc, ERRORS[kind]):
            return clause
    return None


@block
async def repeat(rt, frame, stmt):
    for _ in range(int(stmt.args[0])):
        flow = await rt.run_block(frame, stmt.body)
        if flow == BREAK:
            break
        if flow == RETURN:
            return flow
    return NEXT


async def _entered(rt, frame, stmt, manager):
    """Runs a block inside of a timeout or a group, known by its name meanwhile."""
    name = stmt.args[0]
    async with manager:
        rt.blocks[name] = manager
        rt.log(stmt.text)
        try:
            flow = await rt.run_block(frame, stmt.body)
        finally:
            if stmt.op != "group":
                _leave(rt, name, manager)
    rt.log(f"{stmt.op} {name} exit")
    return flow


def _leave(rt, name, manager):
    if rt.blocks.get(name) is manager:
        del rt.blocks[name]


@block
async def timeout(rt, frame, stmt):
    return await _entered(rt, frame, stmt, compat.timeout(number(stmt.args[1])))


@block
async def timeout_at(rt, frame, stmt):
    return await _entered(rt, frame, stmt, compat.timeout_at(number(stmt.args[1])))


@block
async def group(rt, frame, stmt):
    manager = compat.TaskGroup()
    try:
        return await _entered(rt, frame, stmt, manager)
    finally:
        _leave(rt, stmt.args[0], manager)


@block
async def with_(rt, frame, stmt):
    manager = rt.object(stmt.args[0], *LOCKS, compat.Barrier)
    async with manager as value:
        rt.log_value(stmt.text, value)
        flow = await rt.run_block(frame, stmt.body)
    rt.log(f"{stmt.text} exit")
    return flow


@block
async def for_gen(rt, frame, stmt):
    while True:
        item = await _item(rt.find(rt.generators, stmt.args[0]).__anext__())
        rt.log_value(stmt.text, item)
        if item == "stop":
            return NEXT
        flow = await rt.run_block(frame, stmt.body)
        if flow == BREAK:
            return NEXT
        if flow == RETURN:
            return flow


@block
async def as_completed(rt, frame, stmt):
    name, tokens = stmt.args[0], stmt.args[2:]
    futures = compat.as_completed(members(rt, tokens), timeout=number(stmt.args[1]))
    with contextlib.closing(futures):
        async for future in futures:
            rt.bind(name, future)
            rt.named.pop()         # a second name for it, not a second one to report
            known = next((t for t in tokens if rt.awaitables.get(t) is future), "new")
            rt.log(f"as_completed {name} -> {known}")
            flow = await rt.run_block(frame, stmt.body)
            if flow == BREAK:
                return NEXT
            if flow == RETURN:
                return flow
    rt.log(f"as_completed {name} end")
    return NEXT


def prepare(statements):
    """Attaches to every statement the function that runs it."""
    for stmt in statements:
        op = stmt.op
        if op in PLAIN:
            stmt.kind, stmt.run = "plain", PLAIN[op]
        elif op in AWAIT:
            stmt.kind, stmt.run = "await", AWAIT[op]
        elif op in BLOCK:
            stmt.kind, stmt.run = "block", BLOCK[op]
        else:
            stmt.kind = FLOWS[op]
        prepare(stmt.body or ())
        prepare(stmt.final or ())
        for _, clause in stmt.clauses or ():
            prepare(clause)
