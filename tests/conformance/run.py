"""Compares Hob with CPython over scenarios.

    run.py --hob BUILD/hob_scenario --seeds 5000 --first 1     random ones
    run.py --hob BUILD/hob_scenario --recorded                 scenarios/*.scn against their .trace
    run.py --hob BUILD/hob_scenario --scenario FILE            one file against the oracle
    run.py --record                                            writes the .trace files anew
    run.py --oracles --seeds 5000                              this Python against the newest
    run.py --oracles --recorded                                this Python against .trace files

The oracle is this Python, or --python EXE; or the newest CPython, in WebAssembly, when the npm
package pyodide is found (README.md says where). Ends with `N passed, N failed`.
"""

import argparse
import concurrent.futures
import difflib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generate import generate  # noqa: E402
from interpreter import split  # noqa: E402

SCENARIOS = HERE / "scenarios"
BATCH = 1000
SHOWN_MAX = 5          # differences printed in full
CRASHES_MAX = 20       # in one batch, then its rest is not run
SECONDS_MAX = 300      # for one batch


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=1000, help="how many random scenarios")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--hob", help="the program hob_scenario")
    parser.add_argument("--scenario", type=pathlib.Path, help="one scenario file instead")
    parser.add_argument("--recorded", action="store_true", help="scenarios/ against their traces")
    parser.add_argument("--record", action="store_true", help="write the recorded traces anew")
    parser.add_argument("--oracles", action="store_true", help="this Python against the newest")
    parser.add_argument("--python", default=sys.executable, help="the oracle's Python")
    parser.add_argument("--pyodide", default=pyodide(), help="its directory; none: do not use it")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--keep", type=pathlib.Path, help="keep what differs in this directory")
    return parser.parse_args()


def pyodide():
    """Where the npm package pyodide is, if anywhere."""
    local = HERE / "node_modules" / "pyodide"
    return os.environ.get("HOB_PYODIDE") or (str(local) if local.is_dir() else None)


def oracle_command(options):
    return [options.python, str(HERE / "interpreter.py"), "--batch"]


def newest_command(options):
    return ["node", str(HERE / "newest.mjs"), options.pyodide]


def traces(command, scenarios):
    """Runs scenarios through a program: id -> trace. After a crash it goes on with the next."""
    found, left = {}, list(scenarios)
    for _ in range(CRASHES_MAX):
        if not left:
            break
        output, problem = output_of(command, left)
        fresh = dict(split(output.splitlines(keepends=True)))
        if problem:
            ident = list(fresh)[-1] if fresh else left[0][0]
            fresh[ident] = fresh.get(ident, "") + problem
        found.update(fresh)
        left = [(ident, text) for ident, text in left if ident not in found]
    return found


def output_of(command, scenarios):
    """What a program prints for a batch, and how it ended if not well."""
    batch = "".join(f"=== {ident}\n{text}" for ident, text in scenarios)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace") as process:
        try:
            output, errors = process.communicate(batch, timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            return output, f"{command[0]} took more than {SECONDS_MAX} s\n"
    if process.returncode == 0:
        return output, ""
    return output, f"{command[0]} ended with {process.returncode}: {errors[-3000:]}\n"


def compare(scenarios, expected_by, actual_by):
    """[(id, text, expected, actual)] of the scenarios whose traces differ.

    `expected_by` is a command, or the traces themselves.
    """
    expected = expected_by if isinstance(expected_by, dict) else traces(expected_by, scenarios)
    actual = traces(actual_by, scenarios)
    return [(ident, text, expected.get(ident, ""), actual.get(ident, ""))
            for ident, text in scenarios
            if ident not in expected or expected[ident] != actual.get(ident)]


def show(options, differences):
    """Prints the first differences, with the command that runs each again."""
    for ident, text, expected, actual in differences[:SHOWN_MAX]:
        print(f"\n{ident} differs; again: {replay(options, ident)}")
        lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected",
                                     "actual", n=8, lineterm="")
        for line in list(lines)[:60]:
            print("  " + line)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for ident, text, expected, actual in differences:
            stem = options.keep / pathlib.Path(ident).stem
            stem.with_suffix(".scn").write_text(text)
            stem.with_suffix(".expected").write_text(expected)
            stem.with_suffix(".actual").write_text(actual)


def replay(options, ident):
    tail = f" --hob {options.hob}" if options.hob else " --oracles"
    script = os.path.relpath(HERE / "run.py")
    if ident.isdigit():
        return f"python3 {script} --seeds 1 --first {ident}{tail}"
    return f"python3 {script} --scenario {os.path.relpath(SCENARIOS / ident)}{tail}"


def recorded():
    """The hand-written scenarios: (file name, text)."""
    return [(path.name, path.read_text()) for path in sorted(SCENARIOS.glob("*.scn"))]


def record(options):
    """Writes the trace of every hand-written scenario beside it."""
    found = traces(oracle_command(options), recorded())
    for name, trace in found.items():
        (SCENARIOS / name).with_suffix(".trace").write_text(trace)
    print(f"{len(found)} traces written")


def chunks(options):
    """The random scenarios, in batches."""
    for first in range(options.first, options.first + options.seeds, BATCH):
        last = min(first + BATCH, options.first + options.seeds)
        yield [(str(seed), generate(seed)) for seed in range(first, last)]


def jobs(options):
    """(scenarios, expected by, actual by) for every batch."""
    newest = newest_command(options) if options.pyodide not in (None, "none") else None
    expected = newest or oracle_command(options)
    actual = oracle_command(options) if options.oracles else [options.hob, "--batch"]
    if options.scenario:
        yield [(options.scenario.name, options.scenario.read_text())], expected, actual
    elif options.recorded:
        known = {name: (SCENARIOS / name).with_suffix(".trace").read_text()
                 for name, _ in recorded()}
        yield recorded(), known, actual
    else:
        for batch in chunks(options):
            yield batch, expected, actual


def run(options):
    """Compares everything; gives the number of differences."""
    total, differences = 0, []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        pending = set()
        for job in jobs(options):
            total += len(job[0])
            if len(pending) >= options.jobs:
                done, pending = concurrent.futures.wait(
                    pending, return_when=concurrent.futures.FIRST_COMPLETED)
                differences += [d for future in done for d in future.result()]
            pending.add(pool.submit(compare, *job))
        differences += [d for future in pending for d in future.result()]
    differences.sort(key=lambda d: (len(d[0]), d[0]))
    show(options, differences)
    print(f"{total - len(differences)} passed, {len(differences)} failed")
    return len(differences)


def main():
    options = arguments()
    if options.record:
        record(options)
    elif options.oracles and not options.pyodide and not options.recorded:
        sys.exit("--oracles needs HOB_PYODIDE, the directory of the npm package pyodide")
    elif not options.oracles and not options.hob:
        sys.exit("--hob: which program hob_scenario?")
    else:
        sys.exit(1 if run(options) else 0)


if __name__ == "__main__":
    main()
