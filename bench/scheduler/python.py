# SPDX-License-Identifier: MIT
"""The scheduler benchmark on CPython: subjects asyncio and, where it is installed, uvloop.

The same cases and the same output as the C++ programs (support/measure.hpp); sizes as in cases.hpp.
Where a case is a plain repetition of one operation, SCALE says how many times fewer of them are
done: the figure is per operation. Structure (outstanding timers, gathered tasks, sleepers) is never
scaled.
"""

import argparse
import asyncio
import gc
import importlib.util
import json
import os
import random
import statistics
import sys
import time

SCALE = 20
YIELDERS = 100
BATCH = 100
OUTSTANDING = 100_000


class Run:
    """One run of a case; see bench::Run."""

    def __init__(self, count, settle):
        self.count = count
        self.settle = settle
        self.ns = self.bytes = None
        self.spoiled = False

    def start(self):
        self._cpu = time.process_time_ns()

    def stop(self):
        self.ns = (time.process_time_ns() - self._cpu) / self.count

    def memory_start(self):
        self._resident = resident_bytes()

    def memory_stop(self):
        self.bytes = (resident_bytes() - self._resident) / self.count


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def far():
    return 60 + random.random() * 60


def soon(count):
    return random.random() * count * 100e-9


async def child(n):
    return n + 1


async def await_ready(run):
    total = 0
    run.start()
    for i in range(run.count):
        total += await child(i)
    run.stop()
    assert total == run.count * (run.count + 1) // 2


async def spawn_join(run):
    total = 0
    run.start()
    for i in range(run.count):
        total += await asyncio.create_task(child(i))
    run.stop()
    assert total == run.count * (run.count + 1) // 2


async def yield_(run):
    run.start()
    for _ in range(run.count):
        await asyncio.sleep(0)
    run.stop()


async def yield_100(run):
    async def yielder(times):
        for _ in range(times):
            await asyncio.sleep(0)

    run.start()
    await asyncio.gather(*(yielder(run.count // YIELDERS) for _ in range(YIELDERS)))
    run.stop()


async def queue_ping_pong(run):
    there, back = asyncio.Queue(1), asyncio.Queue(1)

    async def echo():
        for _ in range(run.count):
            await back.put(await there.get() + 1)

    run.start()
    echoing = asyncio.create_task(echo())
    value = 0
    for _ in range(run.count):
        await there.put(value)
        value = await back.get()
    await echoing
    run.stop()
    assert value == run.count


async def call_soon(run):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    called = 0
    left = run.count

    def callback():
        nonlocal called
        called += 1

    def post():
        nonlocal left
        if left <= 0:
            done.set_result(None)
            return
        for _ in range(BATCH):
            loop.call_soon(callback)
        left -= BATCH
        loop.call_soon(post)

    run.start()
    post()
    await done
    run.stop()
    assert called == run.count


def never():
    raise AssertionError("a timer fired")


# Turns of the loop let asyncio drop cancelled timers from its heap.
async def timer_set_cancel(run):
    loop = asyncio.get_running_loop()
    outstanding = [loop.call_later(far(), never) for _ in range(OUTSTANDING)]
    await asyncio.sleep(0)
    run.start()
    for _ in range(0, run.count, BATCH):
        for timer in [loop.call_later(far(), never) for _ in range(BATCH)]:
            timer.cancel()
        await asyncio.sleep(0)
    run.stop()
    for timer in outstanding:
        timer.cancel()


async def timer_rearm(run):
    loop = asyncio.get_running_loop()
    outstanding = [loop.call_later(far(), never) for _ in range(OUTSTANDING)]
    await asyncio.sleep(0)
    run.start()
    for i in range(run.count):
        at = random.randrange(OUTSTANDING)
        outstanding[at].cancel()
        outstanding[at] = loop.call_later(far(), never)
        if i % BATCH == 0:
            await asyncio.sleep(0)
    run.stop()
    for timer in outstanding:
        timer.cancel()


async def timer_fire(run):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = run.count

    def fire():
        nonlocal left
        left -= 1
        if left == 0:
            done.set_result(None)

    run.start()
    for _ in range(run.count):
        loop.call_later(soon(run.count), fire)
    await done
    run.stop()


async def gather(run):
    run.start()
    total = sum(await asyncio.gather(*(child(i) for i in range(run.count))))
    run.stop()
    assert total == run.count * (run.count + 1) // 2


async def sleepers(run):
    asleep = 0

    async def sleeper(delay):
        nonlocal asleep
        asleep += 1
        await asyncio.sleep(delay)
        asleep -= 1

    run.memory_start()
    run.start()
    tasks = [asyncio.create_task(sleeper(run.settle + soon(run.count))) for _ in range(run.count)]
    await asyncio.sleep(0)
    run.memory_stop()
    run.spoiled = asleep != run.count
    await asyncio.gather(*tasks)
    run.stop()
    assert asleep == 0


# name: (operations per run, body, each run in a process of its own)
CASES = {
    "await_ready": (2_000_000 // SCALE, await_ready, False),
    "spawn_join": (1_000_000 // SCALE, spawn_join, False),
    "yield": (2_000_000 // SCALE, yield_, False),
    "yield_100": (2_000_000 // SCALE, yield_100, False),
    "queue_ping_pong": (500_000 // SCALE, queue_ping_pong, False),
    "call_soon": (2_000_000 // SCALE, call_soon, False),
    "timer_set_cancel": (500_000 // SCALE, timer_set_cancel, False),
    "timer_rearm": (500_000 // SCALE, timer_rearm, False),
    "timer_fire": (1_000_000, timer_fire, True),
    "gather_100k": (100_000, gather, True),
    "gather_100k_warm": (100_000, gather, False),
    "sleepers_100k": (100_000, sleepers, True),
    "sleepers_1m": (1_000_000, sleepers, True),
}


def run_here(body, count, settle):
    run = Run(count, settle)
    asyncio.run(body(run))
    gc.collect()
    return run.ns, run.bytes, run.spoiled


def run_in_child(body, count, settle):
    """A forked process, so that memory is measured in a heap that no other run has grown."""
    reader, writer = os.pipe()
    child_pid = os.fork()
    if child_pid == 0:
        status = 3
        try:
            os.write(writer, json.dumps(run_here(body, count, settle)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with open(reader) as result:
        text = result.read()
    if os.waitpid(child_pid, 0)[1] != 0:
        sys.exit(3)
    return json.loads(text)


def measure(name, subject, runs, count):
    default, body, fresh = CASES[name]
    count = count or default
    settle = 0.2 + count * 15e-6
    samples = {"ns": [], "bytes": []}
    spoilt = 0
    while len(samples["ns"]) < runs:
        run_once = run_in_child if fresh and runs > 1 else run_here
        ns, resident, spoiled = run_once(body, count, settle)
        if spoiled and spoilt < 5:
            spoilt += 1
            settle *= 2
            continue
        samples["ns"].append(ns)
        if resident is not None:
            samples["bytes"].append(resident)
    for unit, values in samples.items():
        if values:
            print(json.dumps({
                "bench": "scheduler", "case": name, "subject": subject,
                "value": round(min(values), 3), "median": round(statistics.median(values), 3),
                "unit": unit, "runs": len(values)}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--case", help="NAME or SUBJECT:NAME")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--count", type=int, default=0)
    args = parser.parse_args()
    subjects = ["asyncio"]
    if importlib.util.find_spec("uvloop"):
        subjects.append("uvloop")
    elif args.list:
        print("uvloop: not installed for", sys.executable, file=sys.stderr)
    if args.list:
        for subject in subjects:
            for name, (_, _, fresh) in CASES.items():
                print(subject, name, "fresh" if fresh else "warm")
        return
    subject, _, wanted = (args.case or "").rpartition(":")
    subject = subject or "asyncio"
    if subject not in subjects or wanted and wanted not in CASES:
        sys.exit(f"no case named {args.case}")
    if subject == "uvloop":
        import uvloop
        uvloop.install()
    for name in [wanted] if wanted else CASES:
        measure(name, subject, args.runs, args.count)


if __name__ == "__main__":
    main()
