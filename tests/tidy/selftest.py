#!/usr/bin/env python3
"""Feeds each check a small tree that it must accept and, one by one, files that it must refuse."""
import pathlib
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent.parent.parent / "tools"
HEAD = "// One concept.\n#pragma once\n"
GOOD = {
    "include/hob/hob.hpp": HEAD + "#include <hob/core/a.hpp>\n#include <hob/loop/b.hpp>\n",
    "include/hob/core/a.hpp": HEAD + "#include <version>\n",
    "include/hob/loop/b.hpp": HEAD + "#include <hob/core/a.hpp>\n",
    "src/sys/clock.hpp": HEAD + "#include <time.h>\n",
    "src/loop/b.cpp": '#include "sys/clock.hpp"\n#include <hob/loop/b.hpp>\n',
    "src/loop/c.hpp": HEAD,
    "budget.txt": "* 100\n",
    "examples/x.cpp": "int a;\n  // [m]\n  int b;\n  // [m]\n",
    "README.md": "# One title\n[a](examples/x.cpp) [b](#one-title)\n"
                 "<!-- snippet: examples/x.cpp#m -->\n```cpp\nint b;\n```\n",
}
BAD = [
    ("layers", "include/hob/core/a.hpp", HEAD + "#include <hob/loop/b.hpp>\n", "must not know"),
    ("layers", "src/core/a.cpp", '#include "../loop/c.hpp"\n', "must not know"),
    ("layers", "src/loop/b.cpp", "#include <hob/hob.hpp>\n", "is for users"),
    ("layers", "src/loop/b.cpp", "#include <sys/epoll.h>\n", "kernel"),
    ("layers", "include/hob/sys/fd.hpp", HEAD + "#include <unistd.h>\n", "kernel"),
    ("layers", "include/hob/loop/b.hpp", HEAD + '#include "../../../src/sys/clock.hpp"\n',
     "private"),
    ("layers", "include/hob/loop/b.hpp", HEAD + "#include <hob/core/gone.hpp>\n", "no such"),
    ("layers", "include/hob/core/new.hpp", HEAD, "does not include core/new.hpp"),
    ("layers", "include/hob/odd/new.hpp", HEAD, "in no layer"),
    ("style", "src/core/a.cpp", "//" + "x" * 99 + "\n", "101 columns"),
    ("style", "src/core/a.cpp", "\n" * 501, "501 lines"),
    ("style", "include/hob/core/a.hpp", "#pragma once\n", "opens with a comment"),
    ("style", "include/hob/core/a.hpp", "// A.\n", "pragma once"),
    ("style", "src/core/a.cpp", "// TODO: soon\n", "kind"),
    ("style", "docs/x.md", "see /root/x\n", "machine"),
    ("docs", "docs/x.md", "[x](gone.md)\n", "no such file"),
    ("docs", "docs/x.md", "[x](../README.md#gone)\n", "no such heading"),
    ("docs", "docs/x.md", "<!-- snippet: examples/x.cpp#m -->\n```cpp\nint c;\n```\n", "differs"),
    ("docs", "docs/x.md", "<!-- snippet: examples/x.cpp#n -->\n```cpp\n```\n", "two lines"),
    ("docs", "docs/x.md", "<!-- snippet: examples/x.cpp#n -->\n", "without a code block"),
    ("weight", "include/hob/core/a.hpp", HEAD + "int a();\n" * 101, "budget 100"),
    ("weight", "budget.txt", "* 100\ncore/gone.hpp 1\n", "no such header"),
]


def run(root, check):
    command = [sys.executable, TOOLS / f"check_{check}.py", "--root", root]
    if check == "weight":
        command += ["--budget", root / "budget.txt"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def expect(check, extra, message):
    """1 unless `check` refuses GOOD with the files `extra` and says `message` (empty: accepts)."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        write(root, GOOD | extra)
        status, output = run(root, check)
    if (status == 0) != bool(message) and message in output:
        return 0
    print(f"check_{check} with {extra}: exit code {status}, wanted {message!r}, got:\n{output}")
    return 1


def check_sources():
    """update_sources: --check refuses an unlisted file, a run lists it, a second run is quiet."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        write(root, GOOD | {"cmake/sources.cmake": ""})
        tool = [sys.executable, TOOLS / "update_sources.py", "--root", root]
        found = [subprocess.run(tool + extra, capture_output=True, check=False).returncode
                 for extra in (["--check"], [], ["--check"])]
        if found != [1, 0, 0]:
            print(f"update_sources: exit codes {found}, wanted [1, 0, 0]")
        return int(found != [1, 0, 0])


def check_mutants():
    """mutants: --check accepts a mutant that applies, and refuses others for what is wrong."""
    head = ("from typing import NamedTuple\n"
            "class Mutant(NamedTuple):\n    name: str\n    test: tuple\n    source: str\n"
            "    text: str\n    mutation: str\n")
    test = "TEST_CASE(\"it \"\n          \"works\") {}\n"
    failures = 0
    for arguments, message in [
            ("'m', ('a', 'it works'), 'src/x.cpp', 'int a', 'int b'", ""),
            ("'m', ('a', 'it works'), 'src/x.cpp', 'int c', 'int b'", "0 times"),
            ("'m', ('a', 'it works'), 'src/x.cpp', 'int', 'long'", "2 times"),
            ("'m', ('a', 'it works'), 'src/gone.cpp', 'int a', 'int b'", "0 times"),
            ("'m', ('a', 'it fails'), 'src/x.cpp', 'int a', 'int b'", "no test case"),
            ("'m', ('a', 'it works'), 'src/x.cpp', 'int a', 'int a'", "changes nothing")]:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            write(root, {"src/x.cpp": "int a, z;\nint y;\n", "tests/a/a.test.cpp": test,
                         "tests/museum/mutants.py": f"{head}MUTANTS = [Mutant({arguments})]\n"})
            ran = subprocess.run([sys.executable, TOOLS / "mutants.py", "--check", "--root", root],
                                 capture_output=True, text=True, check=False)
        if (ran.returncode == 0) != (not message) or message not in ran.stdout:
            print(f"mutants with {arguments}: wanted {message!r}, got:\n{ran.stdout}{ran.stderr}")
            failures += 1
    return failures


def main():
    failures = check_sources() + check_mutants()
    failures += sum(expect(check, {}, "") for check in ("layers", "style", "docs", "weight"))
    failures += sum(expect(check, {name: text}, message) for check, name, text, message in BAD)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
