"""The oracle: runs a scenario under CPython's asyncio in virtual time and prints its trace.

    interpreter.py FILE        one scenario
    interpreter.py --batch     many from standard input, each after a line `=== id`; same output
"""

import asyncio
import gc
import logging
import os
import sys
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import awaits  # noqa: E402
import compat  # noqa: E402
import render  # noqa: E402
from runtime import Runtime  # noqa: E402
from scenario import parse  # noqa: E402
from virtual_loop import Deadlock, Limit, VirtualLoop  # noqa: E402


def run_scenario(text):
    """The trace of a scenario, as a list of lines."""
    scenario = parse(text)
    for bodies in scenario.bodies.values():
        for body in bodies.values():
            awaits.prepare(body)
    awaits.prepare(scenario.main)
    loop = VirtualLoop()
    runtime = Runtime(scenario, loop)
    runtime.plain_futures = _plain_futures(scenario)
    try:
        _run(runtime)
    except Limit:
        runtime.log("limit")
    _report_unretrieved(runtime)
    runtime.open = False
    loop.close()
    return runtime.trace


def _plain_futures(scenario):
    """Names that only ever stand for futures made by `future`: set_result is for those."""
    names = {name for kind, name, _ in scenario.objects if kind == "future"}
    pending = [scenario.main, *(b for bs in scenario.bodies.values() for b in bs.values())]
    while pending:
        for stmt in pending.pop():
            if stmt.op == "future":
                names.add(stmt.args[0])
            pending += [b for b in (stmt.body, stmt.final) if b]
            pending += [clause for _, clause in stmt.clauses or ()]
    return names


def _run(runtime):
    """The steps of asyncio.run: the main task, then the shutdown in Runner.close's order."""
    loop = runtime.loop
    main = loop.create_task(runtime.run_body("main", runtime.scenario.main), name="main")
    try:
        result = loop.run_until_complete(main)
        runtime.log_value("main", result)
    except Deadlock:
        pending = " ".join(map(runtime.display, loop.pending_tasks()))
        runtime.log(f"deadlock {pending}")
    except Limit:
        raise
    except BaseException as exc:
        runtime.log(f"main ! {render.error(exc)}")
    try:
        _cancel_all(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
    except Deadlock:
        pending = " ".join(map(runtime.display, loop.pending_tasks()))
        runtime.log(f"deadlock {pending}")


def _cancel_all(loop):
    tasks = loop.pending_tasks()
    if not tasks:
        return
    for task in tasks:
        task.cancel()
    loop.run_until_complete(compat.gather(*tasks, return_exceptions=True))
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler({
                "message": "unhandled exception during asyncio.run() shutdown",
                "exception": task.exception(), "task": task})


def _report_unretrieved(runtime):
    """What "exception was never retrieved" would report, were the named handles dropped now."""
    for name, future in runtime.named:
        if future.done() and not future.cancelled() and future._log_traceback:
            runtime.log(f"unretrieved {name} {render.error(future.exception())}")


def run_batch(source, write):
    """Runs the scenarios of a batch; `write` takes the output, piece by piece."""
    gc.disable()           # a collection may run finalisers: never in the middle of a scenario
    for count, (ident, text) in enumerate(split(source)):
        write("\n".join([f"=== {ident}", *run_scenario(text), ""]))
        if count % 100 == 99:
            gc.collect()
            gc.freeze()


def split(source):
    """(id, text) of each scenario of a batch."""
    ident, lines = None, []
    for line in source:
        if line.startswith("=== "):
            if ident is not None:
                yield ident, "".join(lines)
            ident, lines = line[4:].strip(), []
        else:
            lines.append(line)
    if ident is not None:
        yield ident, "".join(lines)


def quiet():
    """The trace is all that is said."""
    warnings.simplefilter("ignore")
    logging.getLogger("asyncio").disabled = True
    sys.unraisablehook = lambda _: None    # abandoned coroutines, after a deadlock


def main(arguments):
    quiet()
    if arguments == ["--batch"]:
        run_batch(sys.stdin, sys.stdout.write)
    elif len(arguments) == 1:
        with open(arguments[0], encoding="utf-8") as file:
            gc.disable()
            print("\n".join(run_scenario(file.read())))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
