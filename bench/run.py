#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the benchmarks below bench/ and prints one table per suite, ratios to the baseline included.

A suite is a directory bench/SUITE with one program per file: FILE.cpp, built to
BUILD/bench/bench_SUITE_FILE, or FILE.py. Each program speaks the protocol of support/measure.hpp:
`--list` prints lines `SUBJECT CASE fresh|warm`, `--case SUBJECT:CASE --runs N` prints JSON lines;
what --list says on standard error is why a subject is not there.
goals.json in the suite, when there is one, says what the subject `hob`, or the one that a goal
names, shall reach.

All subjects of a case are run one after the other, and that several times over, so that a busy
machine disturbs them alike. A figure is the minimum over all runs. No figure ever makes this fail.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
BASELINE = "bare"
OURS = "hob"
# Columns: ours beside the baselines, then the peers.
COLUMNS = ["bare", "bare-wheel", "bare-uring", "hob", "hob-uring", "hob-sock", "hob-sock-into",
           "asio", "beast", "libuv", "libcurl", "nginx", "go", "tokio", "node", "node-fetch",
           "asyncio", "uvloop", "aiohttp"]
# What "best peer" in a goal does not mean.
NOT_PEERS = {BASELINE, "bare-wheel", "bare-uring", OURS, "hob-sock", "hob-sock-into",
             "hob-uring"}
UNIT_TITLES = {
    "ns": "CPU ns per operation",
    "ms": "CPU ms each",
    "bytes": "resident bytes each",
    "allocs": "allocations per operation, warm",
    "instructions": "instructions per operation (callgrind)",
}
# Runs inside one process: the first one warms up. A fresh case is one run per process.
RUNS_PER_PROCESS = 3
TIMEOUT_SECONDS = 300


class Program:
    """One subject of a suite: how to start it and what it can measure."""

    def __init__(self, subject, command, native):
        self.subject = subject
        self.command = command
        self.native = native
        self.cases = {}  # name -> fresh

    def run(self, case, runs, *more, prefix=()):
        command = [*prefix, *self.command, "--case", f"{self.subject}:{case}", "--runs", str(runs)]
        return subprocess.run([*command, *more], capture_output=True, text=True,
                              timeout=TIMEOUT_SECONDS)


class Results:
    """All samples by (case, subject, unit)."""

    def __init__(self):
        self.minima = {}
        self.medians = {}

    def add(self, case, subject, unit, value, median):
        key = case, subject, unit
        self.minima.setdefault(key, []).append(value)
        self.medians.setdefault(key, []).append(median)

    def get(self, case, subject, unit, stat="min"):
        key = case, subject, unit
        if key not in self.minima:
            return None
        return min(self.minima[key]) if stat == "min" else statistics.median(self.medians[key])

    def keys(self):
        return self.minima.keys()


def say(*words):
    print(*words, flush=True)


def find_programs(suite, build, wanted):
    """Programs of a suite; a line for each that cannot run, saying why."""
    programs = []
    reasons = {}
    for source in sorted((ROOT / suite).iterdir()):
        if source.suffix == ".cpp":
            binary = build / "bench" / f"bench_{suite}_{source.stem}"
            if not os.access(binary, os.X_OK):
                reasons[source.stem] = "not built"
                say(f"skipped {source.stem}: {binary} is not built (its library is missing, or "
                    "cmake/sources.cmake does not list it: run make sources)")
                continue
            command, native = [str(binary)], True
        elif source.suffix == ".py":
            command, native = [sys.executable, str(source)], False
        else:
            continue
        listed = subprocess.run([*command, "--list"], capture_output=True, text=True)
        for line in listed.stderr.splitlines():
            reasons[line.split(":")[0]] = line
            say("skipped", line)
        if listed.returncode != 0:
            say(f"skipped {source.stem}: --list failed with status {listed.returncode}")
            continue
        by_subject = {}
        for line in listed.stdout.splitlines():
            subject, case, kind = line.split()
            program = by_subject.setdefault(subject, Program(subject, command, native))
            program.cases[case] = kind == "fresh"
        programs += by_subject.values()
    if wanted:
        for subject in wanted - {p.subject for p in programs}:
            say(f"skipped {subject}: no such subject in {suite}")
        programs = [p for p in programs if p.subject in wanted]
    elif OURS not in {p.subject for p in programs} and not reasons.get(OURS):
        say(f"skipped {OURS}: no such subject in {suite}")
    order = {name: i for i, name in enumerate(COLUMNS)}
    return sorted(programs, key=lambda p: order.get(p.subject, len(order)))


def cases_of(programs):
    return list(dict.fromkeys(case for program in programs for case in program.cases))


def measure(programs, cases, rounds, budget, results):
    """Whether all programs ran well."""
    spent = {}
    well = True
    for round_number in range(rounds):
        say(f"round {round_number + 1} of {rounds}")
        for case in cases:
            for program in programs:
                key = case, program.subject
                if case not in program.cases or spent.get(key, 0) > budget:
                    continue
                started = time.monotonic()
                try:
                    done = program.run(case, 1 if program.cases[case] else RUNS_PER_PROCESS)
                except subprocess.TimeoutExpired:
                    say(f"{program.subject} {case}: no result after {TIMEOUT_SECONDS} s")
                    spent[key] = budget + 1
                    continue
                spent[key] = spent.get(key, 0) + time.monotonic() - started
                if done.returncode != 0:
                    say(f"{program.subject} {case}: status {done.returncode} {done.stderr.strip()}")
                    spent[key] = budget + 1
                    well = False
                for line in done.stdout.splitlines():
                    r = json.loads(line)
                    results.add(r["case"], r["subject"], r["unit"], r["value"], r["median"])
    return well


def instructions(program, case, count):
    """Instructions the whole program executes for `count` operations, or None."""
    more = ["--count", str(count), "--settle", "15"]
    prefix = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    try:
        done = program.run(case, 1, *more, prefix=prefix)
    except subprocess.TimeoutExpired:
        return None
    # One line per process; clients that the case has forked end before it.
    counted = [line for line in done.stderr.splitlines() if "Collected :" in line]
    return int(counted[-1].split()[-1]) if counted else None


def measure_instructions(programs, cases, results):
    """Two runs that differ in their count only: start, set-up and end cancel out."""
    if not shutil.which("valgrind"):
        say("skipped instructions: valgrind is not installed")
        return
    for case in cases:
        for program in programs:
            if not program.native or case not in program.cases:
                continue
            few = 20_000
            a, b = instructions(program, case, few), instructions(program, case, 2 * few)
            if a is None or b is None:
                say(f"{program.subject} {case}: no instructions counted")
                continue
            per_operation = round((b - a) / few, 1)
            results.add(case, program.subject, "instructions", per_operation, per_operation)


def figure(value):
    if value >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def ratio(value, base):
    return f"{value / base:.2f}x" if value < 10 * base else f"{value / base:.0f}x"


def goal_text(goal):
    limit = f"{goal['at_most']:g}"
    if "of" in goal:
        text = f"<= {limit}x {goal['of']}"
    else:
        text = f"<= {limit}" if goal["at_most"] else "none"
    return f"{goal['subject']} {text}" if "subject" in goal else text


def goal_reached(goal, results, subjects, stat):
    """A sentence, or None when something needed was not measured."""
    case, unit = goal["case"], goal["unit"]
    ours = results.get(case, goal.get("subject", OURS), unit, stat)
    if ours is None:
        return None
    reference = 1.0
    if "of" in goal:
        names = [goal["of"]]
        if goal["of"] == "best peer":
            names = [s for s in subjects if s not in NOT_PEERS]
        found = [v for s in names if (v := results.get(case, s, unit, stat)) is not None]
        if not found:
            return None
        reference = min(found)
    reached = ours / reference
    verdict = "reached" if reached <= goal["at_most"] else "NOT reached"
    figures = f"{reached:.2f}x" if "of" in goal else figure(reached)
    return f"{verdict}: {case} {unit} {goal_text(goal)}: {figures}"


def table(results, subjects, cases, goals, stat):
    """Rows of cells; the first is the heading. Rows with one cell are titles."""
    rows = [["case", *subjects, f"goal for {OURS}"]]
    for unit, title in UNIT_TITLES.items():
        group = [c for c in cases if any((c, s, unit) in results.keys() for s in subjects)]
        if group:
            rows.append([title])
        for case in group:
            base = results.get(case, BASELINE, unit, stat)
            cells = []
            for subject in subjects:
                value = results.get(case, subject, unit, stat)
                if value is None:
                    missing = not any(s == subject for _, s, _ in results.keys())
                    cells.append("not measured yet" if missing else "-")
                elif subject == BASELINE or not base or unit == "allocs":
                    cells.append(figure(value))
                else:
                    cells.append(f"{figure(value)} ({ratio(value, base)})")
            ours = [g for g in goals if (g["case"], g["unit"]) == (case, unit)
                    and g.get("subject", OURS) == OURS]
            rows.append([case, *cells, ", ".join(map(goal_text, ours))])
    return rows


def print_table(rows, markdown):
    if markdown:
        for i, row in enumerate(rows):
            cells = row if len(row) > 1 else [f"**{row[0]}**"] + [""] * (len(rows[0]) - 1)
            say("| " + " | ".join(cells) + " |")
            if i == 0:
                say("|---" * len(row) + "|")
        return
    widths = [max(len(row[i]) for row in rows if len(row) > 1) for i in range(len(rows[0]))]
    for row in rows:
        if len(row) == 1:
            say(f"\n{row[0]}")
            continue
        cells = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1])]
        say("  ".join([row[0].ljust(widths[0]), *cells, row[-1]]).rstrip())


def run_suite(suite, args):
    """The suite's records for bench.json, and whether all programs ran well."""
    say(f"== {suite}")
    programs = find_programs(suite, Path(args.build), set(filter(None, args.subjects.split(","))))
    cases = cases_of(programs)
    if args.cases:
        cases = [c for c in cases if c in args.cases.split(",")]
    results = Results()
    well = measure(programs, cases, args.runs, args.budget, results)
    counted = cases if "all" in args.callgrind else [c for c in cases if c in args.callgrind]
    if counted:
        measure_instructions(programs, counted, results)

    goals_file = ROOT / suite / "goals.json"
    goals = json.loads(goals_file.read_text()) if goals_file.exists() else []
    measured = {subject for _, subject, _ in results.keys()}
    # A subject may be spread over several programs.
    subjects = list(dict.fromkeys(p.subject for p in programs if p.subject in measured))
    columns = subjects
    if OURS not in subjects:
        columns = sorted([*subjects, OURS], key=lambda s: (COLUMNS + [s]).index(s))
    say()
    print_table(table(results, columns, cases, goals, args.stat), args.markdown)
    reports = [line for g in goals if (line := goal_reached(g, results, subjects, args.stat))]
    if reports:
        say("\ngoals")
    for line in reports:
        say(" ", line)
    say()
    records = [
        {"bench": suite, "case": case, "subject": subject,
         "value": results.get(case, subject, unit), "unit": unit,
         "median": results.get(case, subject, unit, "median")}
        for case, subject, unit in results.keys()
    ]
    return records, well


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", help="where cmake built")
    parser.add_argument("--only", default="", metavar="SUITE,...", help="suites; default: all")
    parser.add_argument("--subjects", default="", metavar="NAME,...", help="default: all")
    parser.add_argument("--cases", default="", metavar="NAME,...", help="default: all")
    parser.add_argument("--runs", type=int, default=5, help="rounds over all subjects (default 5)")
    parser.add_argument("--budget", type=float, default=20, metavar="SECONDS",
                        help="no further round for a subject that took longer in a case")
    parser.add_argument("--callgrind", action="append", default=[], metavar="CASE",
                        help="also count instructions of C++ subjects in CASE, or in `all`")
    parser.add_argument("--stat", choices=["min", "median"], default="min",
                        help="what the table shows; the file has both")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--out", default="build/bench.json", help="where the records go")
    args = parser.parse_args()
    os.environ["HOB_BENCH_BUILD"] = args.build  # for programs that start others

    suites = sorted(p.name for p in ROOT.iterdir() if p.is_dir() and p.name not in
                    ("support", "__pycache__"))
    only = [s for s in args.only.split(",") if s]
    for unknown in set(only) - set(suites):
        parser.error(f"no suite named {unknown}; there are: {', '.join(suites)}")
    os.environ["HOB_BENCH_BUILD"] = args.build  # where Python finds programs of ours
    records, all_well = [], True
    for suite in only or suites:
        suite_records, well = run_suite(suite, args)
        records += suite_records
        all_well = all_well and well
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("[\n" + ",\n".join(json.dumps(r) for r in records) + "\n]\n")
    say(f"{len(records)} records in {out}")
    # Only a program that crashed or failed its own check, never a slow one.
    sys.exit(0 if all_well else 1)


if __name__ == "__main__":
    main()
