#!/usr/bin/env python3
"""Breaks the library in known ways, one at a time, and looks whether the tests notice.

The ways are tests/museum/mutants.py: the source, the text to replace, and the test that must fail.
A copy of the tree in build/mutants is what is changed and built. A mutant is noticed when its test
fails, crashes or hangs; the exit code is 1 when one survives, or does not apply or build any more.
With --check nothing is built: every text must be there, once, and every test.
"""
import argparse
import os
import pathlib
import re
import runpy
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HANG = 40  # seconds; each of these tests takes less than two


def load(root):
    return runpy.run_path(str(root / "tests/museum/mutants.py"))["MUTANTS"]


def titles(root, folder):
    """The titles of the folder's test cases; a literal may go over several lines."""
    for path in (root / "tests" / folder).glob("*.test.cpp"):
        text = re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
        yield from re.findall(r'TEST_CASE\("((?:[^"\\]|\\.)*)"', text)


def complaints(root, mutants):
    names = [mutant.name for mutant in mutants]
    for mutant in mutants:
        if names.count(mutant.name) > 1:
            yield f"{mutant.name}: two mutants have this name"
        path = root / mutant.source
        count = path.read_text(encoding="utf-8").count(mutant.text) if path.is_file() else 0
        if count != 1:
            yield f"{mutant.name}: its text is {count} times in {mutant.source}, must be once"
        if mutant.text == mutant.mutation:
            yield f"{mutant.name}: changes nothing"
        folder, title = mutant.test
        if title not in titles(root, folder):
            yield f"{mutant.name}: tests/{folder} has no test case {title!r}"


def copy_tree(root, to):
    """Copies what git knows or would add. Files that are equal keep their time, and their objects."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=root, capture_output=True, check=True).stdout
    names = {name for name in listed.decode().split("\0") if name and (root / name).is_file()}
    for name in names:
        data = (root / name).read_bytes()
        target = to / name
        if target.is_file() and target.read_bytes() == data:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod((root / name).stat().st_mode)
    for path in to.rglob("*"):
        name = path.relative_to(to).as_posix()
        if path.is_file() and not name.startswith("build/") and name not in names:
            path.unlink()


def build(tree, folders):
    """Whether the tests of these folders can be built; the output when not."""
    targets = " ".join(f"test.{folder}" for folder in sorted(folders))
    made = subprocess.run(["make", "--no-print-directory", "build", "PRESET=dev",
                           f"TARGETS={targets}"], cwd=tree, capture_output=True, text=True,
                          check=False)
    return made.returncode == 0, made.stdout + made.stderr


def passes(tree, test):
    """What became of the test: "passes", or how it failed."""
    folder, title = test
    pattern = title.replace(",", "?")  # doctest takes a comma for the end of the pattern
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("HOB_")}
    try:
        ran = subprocess.run([tree / f"build/dev/tests/test.{folder}", f"-tc={pattern}"],
                             cwd=tree / "build/dev/tests", env=environment, capture_output=True,
                             text=True, errors="replace", timeout=HANG, check=False)
    except subprocess.TimeoutExpired:
        return "hangs"
    if ran.returncode < 0:
        return f"ends by signal {-ran.returncode}"
    if ran.returncode != 0:
        return "fails"
    if not re.search(r"test cases: +[1-9]", ran.stdout):
        return "is not found"
    return "skips" if "MESSAGE: skipped" in ran.stdout else "passes"


def try_out(tree, mutant):
    """How the test took the mutation, and whether that is as it should be."""
    path = tree / mutant.source
    original = path.read_text(encoding="utf-8")
    path.write_text(original.replace(mutant.text, mutant.mutation), encoding="utf-8")
    try:
        built, output = build(tree, {mutant.test[0]})
        if not built:
            return "does not build:\n" + output, False
        outcome = passes(tree, mutant.test)
    finally:
        path.write_text(original, encoding="utf-8")
    if outcome in ("passes", "skips", "is not found"):
        return f"SURVIVED: the test {outcome}", False
    return f"noticed: the test {outcome}", True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only look whether all apply")
    parser.add_argument("--only", default="", help="mutants whose name has a match of this")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    arguments = parser.parse_args()
    mutants = load(arguments.root)
    wrong = list(complaints(arguments.root, mutants))
    for each in wrong:
        print(each)
    if arguments.check or wrong:
        return int(bool(wrong))

    tree = arguments.root / "build/mutants"
    copy_tree(arguments.root, tree)
    mutants = [mutant for mutant in mutants if re.search(arguments.only, mutant.name)]
    built, output = build(tree, {mutant.test[0] for mutant in mutants})
    if not built:
        print(output)
        return 1
    for test in sorted({mutant.test for mutant in mutants}):
        if (outcome := passes(tree, test)) != "passes":
            print(f"without any mutation {test[1]!r} {outcome}")
            return 1
    noticed = 0
    for mutant in mutants:
        began = time.monotonic()
        outcome, good = try_out(tree, mutant)
        noticed += good
        print(f"{mutant.name}: {outcome} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{noticed} of {len(mutants)} mutants noticed")
    return int(noticed != len(mutants))


if __name__ == "__main__":
    sys.exit(main())
