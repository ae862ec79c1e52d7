#!/usr/bin/env python3
"""Checks how many lines each public header has after preprocessing, against header_budget.txt.

A heavy header costs every file that includes it. --table prints all weights, heaviest first.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys


def read_budget(path):
    """{header or folder/: lines}, `*` is the default."""
    budget = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if words := line.split("#")[0].split():
            budget[words[0]] = int(words[1])
    return budget


def allowed(header, budget):
    """The most specific row that fits: the header itself, its nearest folder, the default."""
    rows = [header] + [f"{folder}/" for folder in pathlib.PurePosixPath(header).parents] + ["*"]
    return next(budget[row] for row in rows if row in budget)


def weigh(compiler, include, header):
    command = [compiler, "-std=c++20", "-E", "-P", "-I", include,
               "-x", "c++", include / "hob" / header]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{header}: does not compile alone\n{result.stderr}")
    return result.stdout.count("\n")


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=root)
    parser.add_argument("--budget", type=pathlib.Path, default=root / "tools/header_budget.txt")
    parser.add_argument("--compiler", default="clang++-19")
    parser.add_argument("--table", action="store_true", help="print every weight")
    options = parser.parse_args()
    include = options.root.resolve() / "include"
    headers = sorted(path.relative_to(include / "hob").as_posix()
                     for path in (include / "hob").rglob("*.hpp"))
    budget = read_budget(options.budget)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        lines = dict(zip(headers, pool.map(
            lambda header: weigh(options.compiler, include, header), headers)))

    bad = 0
    for header, weight in sorted(lines.items(), key=lambda item: -item[1]):
        limit = allowed(header, budget)
        if weight > limit:
            print(f"include/hob/{header}: {weight} lines preprocessed, budget {limit}")
            bad += 1
        elif options.table:
            print(f"{weight:6} of {limit:6}  {header}")
    if headers:
        for row in budget:
            if row.endswith(".hpp") and row not in lines:
                print(f"tools/header_budget.txt: {row}: no such header")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
