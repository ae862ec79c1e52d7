#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Peers of the stream benchmark that are no C++: echo servers below servers/, each a process, whose
CPU time and memory are read from /proc. With a last argument `close` they close what they accept.
The clients are bench_stream_clients, as the others have them. The cases are those of load.hpp."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent / "servers"
BUILD = Path(os.environ.get("HOB_BENCH_BUILD", "build/release"))
CLIENTS = BUILD / "bench" / "bench_stream_clients"
# name -> connections, bytes, exchanges. Without bytes the server closes each connection at once.
CASES = {
    "echo_1k_1": (1, 1024, 20_000),
    "echo_1k_10": (10, 1024, 60_000),
    "echo_1k_100": (100, 1024, 60_000),
    "echo_1k_1000": (1000, 1024, 60_000),
    "echo_10k_1": (1, 10_240, 20_000),
    "echo_10k_100": (100, 10_240, 60_000),
    "echo_10k_1000": (1000, 10_240, 60_000),
    "echo_100k_1": (1, 102_400, 5_000),
    "echo_100k_10": (10, 102_400, 10_000),
    "echo_100k_100": (100, 102_400, 10_000),
    "accept_close": (32, 0, 30_000),
    "idle_10k": (10_000, 100, 10_000),
}
UVLOOP_PYTHONS = [sys.executable, "/usr/bin/python3"]


def with_uvloop():
    for python in UVLOOP_PYTHONS:
        if subprocess.run([python, "-c", "import uvloop"], capture_output=True).returncode == 0:
            return python
    return None


def go_program():
    """Builds the Go server; None without a compiler."""
    binary = BUILD / "bench" / "stream_echo_go"
    source = HERE / "echo.go"
    if not shutil.which("go"):
        return None
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        environment = {"GO111MODULE": "off", "GOFLAGS": "", **os.environ}
        built = subprocess.run(["go", "build", "-o", str(binary.resolve()), str(source)],
                               capture_output=True, env=environment)
        if built.returncode != 0:
            return None
    return binary


def tokio_program():
    """Builds the Rust server; None, with the reason, where that fails. It has to fetch crates."""
    if not shutil.which("cargo"):
        return None, "no cargo"
    target = BUILD / "bench" / "stream_echo_tokio"
    built = subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path",
                            str(HERE / "tokio" / "Cargo.toml"), "--target-dir", str(target)],
                           capture_output=True, text=True)
    if built.returncode != 0:
        return None, "cargo: " + " ".join(built.stderr.split())[:200]
    return target / "release" / "stream_echo_tokio", None


def commands():
    """Subject -> how to start its server, and why others are not there."""
    found = {
        "asyncio": [sys.executable, str(HERE / "echo.py"), "protocol"],
        "asyncio-streams": [sys.executable, str(HERE / "echo.py"), "streams"],
    }
    missing = []
    if python := with_uvloop():
        found["uvloop"] = [python, str(HERE / "echo.py"), "uvloop"]
    else:
        missing.append("uvloop: not installed")
    if node := shutil.which("node"):
        found["node"] = [node, str(HERE / "echo.mjs")]
    else:
        missing.append("node: not installed")
    if program := go_program():
        found["go"] = [str(program)]
    else:
        missing.append("go: no Go compiler")
    program, reason = tokio_program()
    if program:
        found["tokio"] = [str(program)]
    else:
        missing.append(f"tokio: {reason}")
    return found, missing


def cpu_ns(pid):
    """CPU time of all threads; schedstat(5) counts nanoseconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def resident(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def run_once(command, name, exchanges):
    """One server, one run of clients: CPU per exchange, or resident bytes per connection."""
    connections, size, _ = CASES[name]
    if connections == 1:  # see share_a_core in load.hpp
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    server = subprocess.Popen(command if size else [*command, "close"], stdout=subprocess.PIPE,
                              text=True)
    try:
        port = server.stdout.readline().strip()
        clients = [str(CLIENTS), port, str(connections), str(size), str(exchanges)]
        if name == "idle_10k":
            before = resident(server.pid)
            held = subprocess.Popen([*clients, "hold"], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
            held.stdout.readline()
            after = resident(server.pid)
            held.communicate("x")
            return "bytes", (after - before) / connections
        # The first run warms up.
        subprocess.run(clients[:4] + [str(exchanges // 4)], check=True)
        before = cpu_ns(server.pid)
        subprocess.run(clients, check=True)
        return "ns", (cpu_ns(server.pid) - before) / exchanges
    finally:
        server.kill()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--case", help="SUBJECT:NAME")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--count", type=int, default=0)
    args = parser.parse_args()
    found, missing = commands()
    if args.list:
        for line in missing:
            print(line, file=sys.stderr)
        for subject in found if CLIENTS.exists() else []:
            for name in CASES:
                print(subject, name, "fresh" if name == "idle_10k" else "warm")
        return
    subject, _, name = (args.case or "").rpartition(":")
    if subject not in found or name not in CASES:
        sys.exit(f"no case named {args.case}")
    values = []
    for _ in range(1 if name == "idle_10k" else max(1, args.runs - 1)):
        unit, value = run_once(found[subject], name, args.count or CASES[name][2])
        values.append(value)
    print(json.dumps({"bench": "stream", "case": name, "subject": subject,
                      "value": round(min(values), 3), "median": round(statistics.median(values), 3),
                      "unit": unit, "runs": len(values)}), flush=True)


if __name__ == "__main__":
    main()
