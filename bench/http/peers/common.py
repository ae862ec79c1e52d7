# SPDX-License-Identifier: MIT
"""What server.py and client.py share: finding and starting programs, and run.py's protocol."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("HOB_BENCH_BUILD", "build/release")) / "bench"
USER = {"id": 7, "name": "Ada Lovelace", "city": "London", "notes": ""}
JSON_BODY = json.dumps(USER | {"notes": "x" * (1024 - len(json.dumps(USER)))})
assert len(JSON_BODY) == 1024


class Missing(Exception):
    """Why a subject cannot be measured."""


def which(name, package):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/go/bin")
    if not path:
        raise Missing(f"{package} is not installed")
    return path


def built(name):
    program = BUILD / f"http_{name}"
    if not os.access(program, os.X_OK):
        raise Missing(f"{program} is not built (what it needs is missing)")
    return [str(program)]


def go_program(name):
    """Built here, because CMake knows no Go; its cache makes the second time quick."""
    go, program = which("go", "golang-go"), BUILD / f"http_go_{name}"
    program.parent.mkdir(parents=True, exist_ok=True)
    source = HERE / f"{name}.go"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        environment = {"HOME": str(BUILD.resolve())} | os.environ | {
            "GO111MODULE": "off", "GOFLAGS": "", "CGO_ENABLED": "0"}
        subprocess.run([go, "build", "-o", str(program.resolve()), str(source)], check=True,
                       env=environment, cwd=BUILD)
    return [str(program)]


def python_program(name):
    """With the first interpreter that has aiohttp and uvloop."""
    for python in dict.fromkeys([sys.executable, "/usr/bin/python3"]):
        with contextlib.suppress(OSError):
            found = subprocess.run([python, "-c", "import aiohttp, uvloop"], capture_output=True)
            if found.returncode == 0:
                return [python, str(HERE / f"{name}.py")]
    raise Missing("python3-aiohttp or python3-uvloop is not installed")


def pin(cpu):
    """For preexec_fn: the measured process and the rest each have a CPU, where there are two."""
    cpus = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cpus[cpu % len(cpus)]})


MEASURED, REST = 1, 0  # CPUs


@contextlib.contextmanager
def running(command, cpu, **options):
    """A server in the background; stopped at the end for certain."""
    process = subprocess.Popen(command, start_new_session=True, preexec_fn=pin(cpu),
                               stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()


@contextlib.contextmanager
def running_nginx(cpu):
    """(process, port): one process, which answers constants."""
    nginx = which("nginx", "nginx-light")
    with tempfile.TemporaryDirectory(prefix="hob-bench-") as directory:
        import socket
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = (HERE / "nginx.conf").read_text()
        for key, value in {"DIR": directory, "PORT": port, "JSON": JSON_BODY}.items():
            config = config.replace(f"@{key}@", str(value))
        path = Path(directory) / "nginx.conf"
        path.write_text(config)
        command = [nginx, "-e", "errors", "-p", directory, "-c", str(path)]
        with running(command, cpu, stderr=subprocess.DEVNULL) as process:
            wait_for(port)
            yield process, port


def wait_for(port):
    import socket
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def main(subjects, cases, measure):
    """Speaks the protocol of support/measure.hpp. `subjects`: names with functions that give what
    `measure` needs, or raise Missing; `measure(subject, case, made, runs)` gives (unit, values)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--case", default="", metavar="SUBJECT:CASE")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.list:
        for subject, make in subjects.items():
            try:
                make()
            except Missing as missing:
                print(f"{subject}: {missing}", file=sys.stderr)
                continue
            for case in cases:
                print(subject, case, "warm")
        return
    subject, case = arguments.case.split(":")
    unit, values = measure(subject, case, subjects[subject](), arguments.runs)
    print(json.dumps({"bench": "http", "case": case, "subject": subject, "unit": unit,
                      "value": min(values), "median": statistics.median(values),
                      "runs": len(values)}))
