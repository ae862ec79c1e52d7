#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares Hob's ThreadPoolExecutor with CPython's: the same random scripts, the same traces?"""
import argparse
import pathlib
import subprocess
import sys

import generate

HERE = pathlib.Path(__file__).resolve().parent


def traces(command, scripts):
    """{seed: trace} from a program that reads `=== SEED` and a script, again and again."""
    text = "".join(f"=== {seed}\n" + "\n".join(lines) + "\n" for seed, lines in scripts.items())
    run = subprocess.run(command, input=text, capture_output=True, text=True)
    found, now = {}, None
    for line in run.stdout.splitlines():
        if line.startswith("=== "):
            now = found.setdefault(int(line[4:]), [])
        elif now is not None:
            now.append(line)
    if run.returncode != 0:
        last = list(found)[-1] if found else None
        print(f"{command[0]} failed ({run.returncode}) at seed {last}: {run.stderr[-2000:]}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hob", required=True, help="the program hob_executor_scenario")
    parser.add_argument("--python", default=sys.executable, help="the CPython to compare with")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=300)
    args = parser.parse_args()
    different = 0
    for begin in range(args.first, args.first + args.seeds, 500):
        end = min(begin + 500, args.first + args.seeds)
        scripts = {seed: generate.generate(seed) for seed in range(begin, end)}
        wanted = traces([args.python, str(HERE / "interpreter.py")], scripts)
        got = traces([args.hob], scripts)
        for seed in scripts:
            a, b = wanted.get(seed, []), got.get(seed, [])
            if a == b and len(a) == len(scripts[seed]):
                continue
            different += 1
            if different > 3:
                continue
            print(f"seed {seed} differs (generate.py {seed} prints the script):")
            for i in range(max(len(a), len(b), len(scripts[seed]))):
                x, y = (t[i] if i < len(t) else "(nothing)" for t in (a, b))
                print(f"    {x}" if x == y else f"  cpython: {x}\n      hob: {y}")
    print(f"{args.seeds} scripts, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
