# SPDX-License-Identifier: MIT
"""HTTP servers that answer "Hello, World!": CPU time of the server's process for a request, under
wrk with 64 connections, and resident memory for a connection that is kept.

  get        one request at a time on each connection
  pipelined  sixteen
  idle       bytes for a connection that has had one request, of 4000
"""

import os
import re
import resource
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))
import common  # noqa: E402

CONNECTIONS = 64
WINDOW = "1s"  # the shortest that wrk knows
IDLE = 4000
ANSWER_END = b"Hello, World!"

SUBJECTS = {
    "bare": lambda: common.built("bare_server"),
    "hob": lambda: common.built("hob_server"),
    "beast": lambda: common.built("beast_server"),
    "nginx": lambda: common.which("nginx", "nginx-light"),
    "go": lambda: common.go_program("server"),
    "node": lambda: [common.which("node", "nodejs"), str(common.HERE / "server.mjs")],
    "aiohttp": lambda: common.python_program("aiohttp_server"),
}


def cpu_ns(pid):
    """CPU time of a process, all threads: its clock, as clock_getcpuclockid(3) names it."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def wrk(port, *more):
    """How many answers came."""
    command = [common.which("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{WINDOW}",
               *more, f"http://127.0.0.1:{port}/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60,
                          preexec_fn=common.pin(common.REST))
    requests = re.search(r"(\d+) requests in", done.stdout)
    if not requests or re.search(r"Non-2xx|Socket errors: .*(read|write) [1-9]", done.stdout):
        sys.exit(f"wrk: {done.stdout}{done.stderr}")
    return int(requests[1])


def load(pid, port, case, runs):
    more = ["-s", str(common.HERE / "pipeline.lua")] if case == "pipelined" else []
    values = []
    for _ in range(runs):
        before = cpu_ns(pid)
        requests = wrk(port, *more)
        values.append(round((cpu_ns(pid) - before) / requests, 1))
    return "ns", values


def idle(pid, port, runs):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    sockets = []

    def ask():
        connection = socket.create_connection(("127.0.0.1", port))
        sockets.append(connection)
        connection.sendall(request)
        answer = b""
        while not answer.endswith(ANSWER_END):
            answer += connection.recv(4096) or sys.exit("an answer broke off")

    for _ in range(10):  # what the first ones cost is the server's, not theirs
        ask()
    before = resident_bytes(pid)
    for _ in range(IDLE):
        ask()
    grown = resident_bytes(pid) - before
    for connection in sockets:
        connection.close()
    return "bytes", [round(grown / IDLE)]


def measure(subject, case, made, runs):
    def with_server(pid, port):
        return idle(pid, port, runs) if case == "idle" else load(pid, port, case, runs)

    if subject == "nginx":
        with common.running_nginx(common.MEASURED) as (process, port):
            return with_server(process.pid, port)
    with common.running(made, common.MEASURED, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        if not line:
            sys.exit(f"{subject} did not start")
        return with_server(process.pid, int(line))


if __name__ == "__main__":
    if "--list" in sys.argv:
        try:
            common.which("wrk", "wrk")
        except common.Missing as missing:
            sys.exit(f"hob: {missing}")
    common.main(SUBJECTS, ["get", "pipelined", "idle"], measure)
