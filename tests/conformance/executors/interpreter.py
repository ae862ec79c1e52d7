#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs scripts for executors under CPython's concurrent.futures: the oracle.

Reads scripts from standard input, each after a line `=== ID`, and prints each trace after the same
line. hob_executor_scenario does the same with Hob.
"""
import concurrent.futures as cf
import logging
import sys
import threading
import time

LIMIT = 60


def error_text(error):
    return f"{type(error).__name__}({str(error)})"


class Job:
    def __init__(self):
        self.gate, self.begun = threading.Event(), threading.Event()
        self.future, self.calls = None, 0


class Script:
    def __init__(self):
        self.jobs, self.trace, self.waits = {}, [], {}
        self.pool, self.called = None, threading.Condition()
        self.init_gate = threading.Event()

    def job(self, name):
        return self.jobs.setdefault(name, Job())

    def submit(self, name, kind, inner=None):
        job = self.job(name)
        if inner:
            self.job(inner)

        def work():
            if inner:
                try:
                    self.submit(inner, "ok")
                except RuntimeError:
                    pass  # the pool was shut down meanwhile
            job.begun.set()
            job.gate.wait(LIMIT)
            if kind == "fail":
                raise ValueError(name)
            if kind == "cancelled_error":
                raise cf.CancelledError()
            return name
        job.future = self.pool.submit(work)

    def on_done(self, name):
        with self.called:
            self.job(name).calls += 1
            self.called.notify_all()

    def until(self, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f"stuck: {self.trace}")
            time.sleep(0.0001)

    def names(self, futures):
        by_future = {job.future: name for name, job in self.jobs.items() if job.future}
        return "[" + " ".join(sorted((by_future[f] for f in futures),
                                     key=lambda n: int(n[1:]))) + "]"

    def wait(self, mode, names, timeout):
        futures = [self.job(name).future for name in names]
        result = cf.wait(futures, timeout, getattr(cf, mode))
        return f"done {self.names(result.done)} not_done {self.names(result.not_done)}"

    def as_completed(self, names):
        got = []
        try:
            for future in cf.as_completed([self.job(name).future for name in names], 0):
                got.append(future)
        except cf.TimeoutError as error:
            return f"{self.names(got)} {error_text(error)}"
        return self.names(got)

    def map(self, count, bad, chunk):
        def work(n):
            if n == bad:
                raise ValueError(str(n))
            return n * n
        got = []
        try:
            for n in self.pool.map(work, range(count), chunksize=chunk):
                got.append(str(n))
        except ValueError as error:
            got.append(error_text(error))
        return " ".join(got)

    def initializer(self):
        self.init_gate.wait(LIMIT)
        raise ValueError("init")

    def run(self, verb, *words):
        """What the command gives, as text."""
        name = words[0] if words else None
        future = self.jobs[name].future if name in self.jobs else None
        if verb == "pool":
            options = {"initializer": self.initializer} if "broken" in words else {}
            self.pool = cf.ThreadPoolExecutor(int(name), **options)
        elif verb == "submit":
            self.submit(*words)
        elif verb == "cancel":
            return future.cancel()
        elif verb == "open":
            (self.init_gate if name == "init" else self.job(name).gate).set()
        elif verb == "begun":
            assert self.job(name).begun.wait(LIMIT), self.trace
        elif verb == "settled":
            self.until(future.done)
        elif verb == "noticed":
            self.until(lambda: future._state == "CANCELLED_AND_NOTIFIED")
        elif verb == "callback":
            future.add_done_callback(lambda _: self.on_done(name))
        elif verb == "called":
            job, count = self.job(name), int(words[1])
            with self.called:
                assert self.called.wait_for(lambda: job.calls >= count, LIMIT), self.trace
                job.calls = 0
        elif verb == "state":
            return future._state
        elif verb == "result":
            return future.result(0)
        elif verb == "exception":
            error = future.exception(0)
            return error and error_text(error)
        elif verb == "wait":
            return self.wait(name, words[1:], 0)
        elif verb == "as_completed":
            return self.as_completed(words)
        elif verb == "background":
            thread = threading.Thread(target=lambda: self.waits.update(
                {name: (self.wait(words[1], words[2:], LIMIT), thread)}))
            self.waits[name] = (None, thread)
            thread.start()
        elif verb in ("join", "ended"):
            self.waits[name][1].join()
            return self.waits[name][0] if verb == "join" else None
        elif verb == "map":
            return self.map(*map(int, words))
        elif verb == "shutdown":
            self.pool.shutdown(wait=False, cancel_futures=name == "cancel")
            if name == "cancel":  # the deviation: Hob notices, so that nobody waits for ever
                for job in self.jobs.values():
                    if job.future and job.future._state == "CANCELLED":
                        job.future.set_running_or_notify_cancel()
        elif verb == "end":
            for job in self.jobs.values():
                job.gate.set()
            self.pool.shutdown()
            return " ".join(f"{n}:{j.future._state}" for n, j in self.jobs.items() if j.future)
        return None

    def step(self, line):
        try:
            value = self.run(*line.split())
            self.trace.append(line if value is None else f"{line} -> {value}")
        except Exception as error:  # noqa: BLE001: the trace tells
            self.trace.append(f"{line} ! {error_text(error)}")


def main():
    logging.disable(logging.CRITICAL)
    script = None
    for line in sys.stdin.read().splitlines() + ["==="]:
        if line.startswith("==="):
            if script:
                print("\n".join(script.trace), flush=True)
            if line != "===":
                print(line, flush=True)
            script = Script()
        else:
            script.step(line)


if __name__ == "__main__":
    main()
