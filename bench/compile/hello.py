# SPDX-License-Identifier: MIT
"""What including a library costs: CPU time of the compiler for a hello world that awaits one child.

Case hello: -std=c++20 -O0, the daily edit and compile; case hello_optimised: -O2. Nothing is
linked. Speaks the protocol of support/measure.hpp; CXX chooses the compiler, by default clang++-19.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CXX = os.environ.get("CXX", "clang++-19")
CASES = {"hello": ["-O0"], "hello_optimised": ["-O2"]}

BARE = """
#include "bare.hpp"
#include <cstdio>
bare::Coro<int> one() { co_return 1; }
bare::Task<int> hello() {
  std::printf("Hello %d\\n", co_await one());
  co_return 0;
}
int main() {
  bool done = false;
  auto task = hello();
  bare::Loop<bare::TimerHeap>().run(done);
}
"""

HOB = """
#include <hob/hob.hpp>
#include <cstdio>
hob::Coro<int> one() { co_return 1; }
hob::Coro<> hello() { std::printf("Hello %d\\n", co_await one()); }
int main() { hob::run(hello()); }
"""

ASIO = """
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
boost::asio::awaitable<int> one() { co_return 1; }
boost::asio::awaitable<void> hello() { std::printf("Hello %d\\n", co_await one()); }
int main() {
  boost::asio::io_context context(1);
  boost::asio::co_spawn(context, hello(), boost::asio::detached);
  context.run();
}
"""

# subject: (source, include directory, a header that must be there)
SUBJECTS = {
    "bare": (BARE, ROOT / "bench/scheduler", ROOT / "bench/scheduler/bare.hpp"),
    "hob": (HOB, ROOT / "include", ROOT / "include/hob/hob.hpp"),
    "asio": (ASIO, None, Path("/usr/include/boost/asio/awaitable.hpp")),
}


def compile_ms(subject, flags):
    source, include, _ = SUBJECTS[subject]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "hello.cpp")
        file.write_text(source)
        command = [CXX, "-std=c++20", *flags, "-c", str(file), "-o", os.devnull]
        if include:
            command.append(f"-I{include}")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--case", help="NAME or SUBJECT:NAME")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    here = []
    for subject, (_, _, header) in SUBJECTS.items():
        if not shutil.which(CXX):
            print(f"{subject}: no compiler {CXX}", file=sys.stderr)
        elif not header.exists():
            print(f"{subject}: no header {header.name}", file=sys.stderr)
        else:
            here.append(subject)
    if args.list:
        for subject in here:
            for case in CASES:
                print(subject, case, "warm")
        return
    wanted, _, case = (args.case or "").rpartition(":")
    for subject in here:
        for name, flags in CASES.items():
            if wanted not in ("", subject) or case not in ("", name):
                continue
            values = [compile_ms(subject, flags) for _ in range(args.runs)]
            print(json.dumps({
                "bench": "compile", "case": name, "subject": subject,
                "value": round(min(values), 1), "median": round(statistics.median(values), 1),
                "unit": "ms", "runs": len(values)}), flush=True)


if __name__ == "__main__":
    main()
