# SPDX-License-Identifier: MIT
"""The process cases of the executors benchmark on CPython's ProcessPoolExecutor. Wall time."""

import argparse
import json
import multiprocessing
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


def pool_of(workers):
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("forkserver"))


def round_trip(count):
    with pool_of(1) as pool:
        value = pool.submit(add_one, -1).result()
        started = time.perf_counter_ns()
        for _ in range(count):
            value = pool.submit(add_one, value).result()
        assert value == count
        return time.perf_counter_ns() - started


def map_chunks(count):
    with pool_of(2) as pool:
        list(pool.map(add_one, range(4)))
        started = time.perf_counter_ns()
        assert sum(pool.map(collatz, range(count), chunksize=20_000 * count // 1_000_000 or 1)) > 0
        return time.perf_counter_ns() - started


def large(count):
    data = bytes(64 << 20)
    with pool_of(1) as pool:
        pool.submit(add_one, 1).result()
        started = time.perf_counter_ns()
        for _ in range(count):
            assert len(pool.submit(back, data).result()) == len(data)
        return time.perf_counter_ns() - started


CASES = {
    "process_round_trip": (1_000, round_trip),
    "process_map": (50_000, map_chunks),
    "process_64_mib": (3, large),
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
