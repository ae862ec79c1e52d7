# SPDX-License-Identifier: MIT
"""HTTP clients: 10,000 GETs of 1 KiB of JSON from nginx, on 64 connections that are kept. CPU time
of the client's process for a request; the first run of each process warms up."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))
import common  # noqa: E402

COUNT = 10_000


def node(kind):
    return [common.which("node", "nodejs"), str(common.HERE / "client.mjs"), kind]


SUBJECTS = {
    "bare": lambda: common.built("bare_client"),
    "hob": lambda: common.built("hob_client"),
    "beast": lambda: common.built("beast_client"),
    "libcurl": lambda: common.built("libcurl_client"),
    "go": lambda: common.go_program("client"),
    "node": lambda: node("http"),
    "node-fetch": lambda: node("fetch"),
    "aiohttp": lambda: common.python_program("aiohttp_client"),
}


def measure(subject, case, command, runs):
    with common.running_nginx(common.REST) as (_, port):
        done = subprocess.run([*command, str(port), str(COUNT), str(runs + 1)], check=True,
                              capture_output=True, text=True, timeout=250,
                              preexec_fn=common.pin(common.MEASURED))
    return "ns", [float(line) for line in done.stdout.split()[1:]]


if __name__ == "__main__":
    if "--list" in sys.argv:
        try:
            common.which("nginx", "nginx-light")
        except common.Missing as missing:
            sys.exit(f"hob: {missing}")
    common.main(SUBJECTS, ["client_get"], measure)
