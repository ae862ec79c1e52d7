#!/usr/bin/env python3
"""Rewrites cmake/sources.cmake, the explicit lists of what the build compiles, from the disk.

Run it after adding, moving or removing a file. The result depends on the file names alone: sorted,
one per line. With --check it changes nothing and fails when the list is out of date.
"""
import argparse
import difflib
import pathlib
import sys

# Layers that are libraries of their own, because they need what not everybody has.
COMPONENTS = ["tls", "http"]
OWN_RULES = {"support", "conformance", "canary", "fuzz", "package", "seccomp", "tidy"}
HEAD = """\
# Written by tools/update_sources.py; run it after adding or removing a file.
# A list instead of a GLOB: adding a file makes the build configure itself again.
"""


def found(root, folder, pattern):
    """The files below `folder`, relative to `root`, without hidden and editors' files."""
    paths = (path.relative_to(root) for path in (root / folder).rglob(pattern) if path.is_file())
    return sorted(path.as_posix() for path in paths
                  if not any(part.startswith((".", "#")) for part in path.parts))


def block(name, files):
    return f"set({name}" + "".join(f"\n  {file}" for file in files) + ")\n"


def render(root):
    tests = {}
    for file in found(root, "tests", "*.test.cpp"):
        folder = file.split("/")[1]
        if folder not in OWN_RULES and file.count("/") > 1:
            tests.setdefault(folder, []).append(file)
    examples = [file for file in found(root, "examples", "*.cpp") if file.count("/") == 1]
    bench = [file for file in found(root, "bench", "*.cpp")
             if file.count("/") == 2 and not file.startswith("bench/support/")]
    headers, sources = found(root, "include/hob", "*.hpp"), found(root, "src", "*.cpp")
    blocks = []
    for name in COMPONENTS:
        own = [file for file in headers
               if file.startswith(f"include/hob/{name}/") or file == f"include/hob/{name}.hpp"]
        code = [file for file in sources if file.startswith(f"src/{name}/")]
        headers = [file for file in headers if file not in own]
        sources = [file for file in sources if file not in code]
        blocks += [block(f"HOB_{name.upper()}_PUBLIC_HEADERS", own),
                   block(f"HOB_{name.upper()}_SOURCES", code)]
    blocks = [
        block("HOB_PUBLIC_HEADERS", headers),
        block("HOB_SOURCES", sources),
        *blocks,
        block("HOB_TEST_SUPPORT", found(root, "tests/support", "*.cpp")),
        block("HOB_TEST_FOLDERS", sorted(tests)),
        *(block(f"HOB_TESTS_{folder}", files) for folder, files in sorted(tests.items())),
        block("HOB_CANARY_SOURCES", found(root, "tests/canary", "*.cpp")),
        block("HOB_CONFORMANCE_SOURCES", [file for file in found(root, "tests/conformance", "*.cpp")
                                          if file.count("/") == 2]),
        block("HOB_FUZZ_TARGETS", found(root, "tests/fuzz", "*.cpp")),
        block("HOB_EXAMPLES", examples),
        block("HOB_BENCH_SOURCES", bench),
    ]
    return HEAD + "\n" + "\n".join(blocks)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    target = options.root / "cmake" / "sources.cmake"
    before = target.read_text() if target.exists() else ""
    after = render(options.root)
    if before == after:
        return 0
    sys.stdout.writelines(line for line in difflib.unified_diff(
        before.splitlines(True), after.splitlines(True), "listed", "on disk", n=0))
    if options.check:
        print("cmake/sources.cmake is out of date: run tools/update_sources.py")
        return 1
    target.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
