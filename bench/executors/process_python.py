# SPDX-License-Identifier: MIT
"""The process cases of the executors benchmark on CPython's ProcessPoolExecutor and Pool. Wall time."""

import argparse
import json
import multiprocessing
import multiprocessing.pool
import statistics
import time
from concurrent.futures import ProcessPoolExecutor


def add_one(n):
    return n + 1


def back(data):
    return data


def collatz(n):
    steps, n = 0, n + 1
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


class Executor(ProcessPoolExecutor):
    def __init__(self, workers):
        super().__init__(workers, mp_context=CONTEXT)

    def call(self, fn, argument):
        return self.submit(fn, argument).result()


class Pool(multiprocessing.pool.Pool):
    def __init__(self, workers):
        super().__init__(workers, context=CONTEXT)

    def call(self, fn, argument):
        return self.apply(fn, (argument,))


CONTEXT = multiprocessing.get_context("forkserver")
SUBJECTS = {"python": Executor, "python_pool": Pool}


def round_trip(pool, count):
    value = pool.call(add_one, -1)
    started = time.perf_counter_ns()
    for _ in range(count):
        value = pool.call(add_one, value)
    assert value == count
    return time.perf_counter_ns() - started


def map_chunks(pool, count):
    list(pool.map(add_one, range(4)))
    started = time.perf_counter_ns()
    assert sum(pool.map(collatz, range(count), chunksize=20_000 * count // 1_000_000 or 1)) > 0
    return time.perf_counter_ns() - started


def large(pool, count):
    data = bytes(64 << 20)
    pool.call(add_one, 1)
    started = time.perf_counter_ns()
    for _ in range(count):
        assert len(pool.call(back, data)) == len(data)
    return time.perf_counter_ns() - started


CASES = {
    "process_round_trip": (1_000, 1, round_trip),
    "process_map": (50_000, 2, map_chunks),
    "process_64_mib": (2, 1, large),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--case")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--count", type=int)
    parser.add_argument("--settle")
    args = parser.parse_args()
    for subject, make in SUBJECTS.items():
        for name, (count, workers, body) in CASES.items():
            if args.list:
                print(subject, name, "warm")
            elif args.case in (None, name, f"{subject}:{name}"):
                measure(subject, make, name, args.count or count, workers, body, args.runs)


def measure(subject, make, name, count, workers, body, runs):
    values = []
    for _ in range(runs):
        with make(workers) as pool:
            values.append(body(pool, count) / count)
    print(json.dumps({"bench": "executors", "case": name, "subject": subject,
                      "value": min(values), "median": statistics.median(values),
                      "unit": "ns", "runs": runs}), flush=True)


if __name__ == "__main__":
    main()
