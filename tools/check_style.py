#!/usr/bin/env python3
"""Checks the rules of style that a formatter does not know.

In include/ and src/: lines of at most 100 columns, files of at most 500 lines, and a public header
that opens with a comment. In code a TODO says its kind. Nothing anywhere names one machine.
"""
import argparse
import pathlib
import re
import subprocess
import sys

COLUMNS_MAX = 100
LINES_MAX = 500
TODO = re.compile(r"\bTODO\b(?!\((perf|port|test|later)\):)")
# Paths and hosts of one machine have no place in the project.
MACHINE = re.compile(r"(?<![\w.~}-])/(work|root|home|Users|workspace)/\w"
                     r"|\b(artifactory|jfrog|codeartifact|devpi|nexus\.)"
                     r"|\b(index-url|GOPROXY=|npm_config_registry)\b"
                     r"|https?://(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)")
# These name what they look for.
EXEMPT = {"tools/check_style.py", "tests/tidy/selftest.py"}
SKIPPED = {".git", "build", "__pycache__", ".cache"}
HEADER_START = re.compile(r"\s*(//|/\*)")


def project_files(root):
    """What git tracks or would track; without git (a tarball) everything."""
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        names = filter(None, listing.stdout.split("\0"))
    else:
        names = (path.relative_to(root).as_posix() for path in root.rglob("*")
                 if not SKIPPED & set(path.relative_to(root).parts))
    return sorted({name for name in names if (root / name).is_file()})


def check_text(name, text):
    """(line number, message) for what is wrong in any file."""
    for number, line in enumerate(text.splitlines(), 1):
        if TODO.search(line) and not name.endswith(".md"):
            yield number, "a TODO has a kind: perf, port, test or later, then a colon"
        if match := MACHINE.search(line):
            yield number, f"names one machine: {match[0]}"


def check_library(name, text):
    """(line number, message) for what is wrong in a file of the library."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"{len(line)} columns, at most {COLUMNS_MAX}"
        if "\t" in line or line != line.rstrip():
            yield number, "tab or trailing space"
    if len(lines) > LINES_MAX:
        yield len(lines), f"{len(lines)} lines, at most {LINES_MAX}"
    if name.startswith("include/") and not HEADER_START.match(text):
        yield 1, "a public header opens with a comment: its one concept"
    if name.endswith(".hpp") and "#pragma once" not in text:
        yield 1, "no #pragma once"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    bad = 0
    for name in project_files(root):
        try:
            text = (root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        problems = [] if name in EXEMPT else list(check_text(name, text))
        if name.startswith(("include/", "src/")) and name.endswith((".hpp", ".cpp")):
            problems += check_library(name, text)
        for number, message in problems:
            print(f"{name}:{number}: {message}")
        bad += len(problems)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
