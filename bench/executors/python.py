# SPDX-License-Identifier: MIT
"""The executors benchmark on CPython: concurrent.futures and asyncio. Sizes as in cases.hpp, 20
times fewer operations; figures are wall time per operation."""

import argparse
import asyncio
import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

WORKERS, SUBMITTERS, IN_FLIGHT = 2, 8, 1000


def add_one(n):
    return n + 1


def submit_from(count, threads):
    with ThreadPoolExecutor(WORKERS) as pool:
        def submit(mine):
            for begin in range(0, mine, IN_FLIGHT):
                jobs = [pool.submit(add_one, i) for i in range(min(IN_FLIGHT, mine - begin))]
                for i, job in enumerate(jobs):
                    assert job.result() == i + 1
        started = time.perf_counter_ns()
        all_threads = [threading.Thread(target=submit, args=(count // threads,))
                       for _ in range(threads)]
        for thread in all_threads:
            thread.start()
        for thread in all_threads:
            thread.join()
        return time.perf_counter_ns() - started


async def trips(count):
    loop, value = asyncio.get_running_loop(), 0
    with ThreadPoolExecutor(1) as pool:
        started = time.perf_counter_ns()
        for _ in range(count):
            value = await loop.run_in_executor(pool, add_one, value)
        assert value == count
        return time.perf_counter_ns() - started


CASES = {
    "submit_1": (10_000, lambda count: submit_from(count, 1)),
    "submit_8": (10_000, lambda count: submit_from(count, SUBMITTERS)),
    "round_trip": (1_000, lambda count: asyncio.run(trips(count))),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--case")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--count", type=int)
    parser.add_argument("--settle")
    args = parser.parse_args()
    for name, (count, body) in CASES.items():
        if args.list:
            print("python", name, "warm")
        elif args.case in (None, name, f"python:{name}"):
            count = args.count or count
            values = [body(count) / count for _ in range(args.runs)]
            print(json.dumps({"bench": "executors", "case": name, "subject": "python",
                              "value": min(values), "median": statistics.median(values),
                              "unit": "ns", "runs": args.runs}), flush=True)


if __name__ == "__main__":
    main()
