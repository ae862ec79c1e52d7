#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles a file that must not compile, and checks what the compiler says.

    run.py FILE COMPILER FLAGS...

Each line of FILE with `// refused: TEXT` must cause an error that contains TEXT and names the line;
for `// refused somewhere: TEXT` the text is enough. Without all these lines FILE must compile.
"""

import re
import subprocess
import sys
from pathlib import Path

CLANG = ["-ferror-limit=0", "-ftemplate-backtrace-limit=0", "-fno-caret-diagnostics"]
GCC = ["-fmax-errors=0", "-ftemplate-backtrace-limit=0", "-fno-diagnostics-show-caret"]


def expectations(source):
    """Line number -> (text, whether the error names the line)."""
    found = {}
    for number, line in enumerate(source.read_text().splitlines(), 1):
        if match := re.search(r"// refused( somewhere)?: (.*)", line):
            found[number] = match[2].strip(), not match[1]
    return found


def diagnostics(output, is_clang):
    """Single errors with their context, which clang tells behind them, and g++ before."""
    blocks, block, complete = [], [], True
    for line in output.splitlines():
        is_error = ": error: " in line
        if is_error if is_clang else complete:
            blocks.append(block)
            block = []
        complete = is_error
        block.append(line)
    return ["\n".join(lines) for lines in [*blocks, block]]


def compile_it(command, source):
    return subprocess.run([*command, "-x", "c++", "-"], input=source, capture_output=True,
                          text=True)


def main():
    source, compiler, flags = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    is_clang = "clang" in version.stdout
    command = [compiler, *flags, *(CLANG if is_clang else GCC), "-fsyntax-only"]

    text = source.read_text()
    missing = expectations(source)
    refused = len(missing)
    for error in diagnostics(compile_it(command, text).stderr, is_clang):
        lines = {int(number) for number in re.findall(r"<stdin>:(\d+):\d+", error)}
        for line, (what, named) in list(missing.items()):
            if what in error and (line in lines or not named):
                del missing[line]
    for line, (what, _) in missing.items():
        print(f"{source}:{line}: no error here that says: {what}")

    rest = re.sub(r".*// refused.*:.*", "", text)
    allowed = compile_it(command, rest)
    if allowed.returncode != 0:
        print(f"what should compile does not:\n{allowed.stderr}")
    if missing or refused == 0 or allowed.returncode != 0:
        print(" ".join(command), f"-x c++ - <{source}")
        return 1
    print(f"{source.name}: {refused} lines refused as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
