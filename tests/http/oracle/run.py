#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends the same requests with Hob's client, curl, aiohttp and httpx to nginx, apache, caddy,
haproxy and a server on Hob, straight, over TLS and through squid, and demands the same answers.

    run.py --client build/dev/tests/http/oracle/matrix_client --server .../matrix_server

What is not installed is left out with a message; with nothing to compare with the status is 77.
The server on Hob is also what the others are proxies of, so they and the clients judge it, too.
"""

import argparse
import concurrent.futures
import json
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

import matrix
from clients import Curl, LineClient, python_client
from servers import NotInstalled, Servers

SKIPPED = 77
LIMIT_SECONDS = 120
OTHERS = ["nginx", "apache", "caddy", "haproxy"]
# Belong to the connection or the moment.
NOT_COMPARED = {"date", "connection", "keep-alive", "proxy-connection", "age"}


def say(*words):
    print(*words, flush=True)


def install(what, *arguments):
    """What `what` gives; None, with a message, when that is not installed."""
    try:
        return what(*arguments)
    except NotInstalled as missing:
        say(f"skipped: {missing} (tools/setup.sh --oracle)")
        return None


def placed(requests, way, base, **more):
    """The requests as sent to `base`: with whole URLs, names and a session of their own."""
    for request in requests:
        yield {**request, "id": f"{way}: {request['id']}", "session": way,
               "url": base + request["url"], **more}


def all_requests(servers, zstd):
    running = servers.running
    for name, server in running.items():
        if name == "squid":
            continue
        prefix = "" if name == "hob" else "/app"
        yield from placed(matrix.app(name, zstd), name, server.http + prefix)
        yield from placed(matrix.kept(), f"{name} kept", server.http + prefix)
        yield from placed(matrix.small(prefix), f"{name} tls", server.https)
        # By name: it may have an address on which nobody listens, too.
        localhost = server.https.replace("127.0.0.1", "localhost")
        yield from placed(matrix.small(prefix), f"{name} named", localhost)
        if name in ("nginx", "apache"):  # HTTP/1.0 behind nginx, and before apache
            yield from placed(matrix.small("/old"), f"{name} old", server.http)
        own = matrix.files(name) if name == "hob" else matrix.own(name)
        yield from placed(own, f"{name} own", server.http)
        if "squid" in running:
            proxy = {"proxy": running["squid"].http}
            yield from placed(matrix.small(prefix), f"{name} squid", server.http, **proxy)
            yield from placed(matrix.small(prefix), f"{name} squid tls", server.https, **proxy)


def fields(result, request):
    """The fields of an answer as what can be compared."""
    for name, value in result["headers"]:
        name = name.lower()
        if name in NOT_COMPARED or (request.get("random") and name.startswith("content-")):
            continue
        if name == "www-authenticate":
            value = re.sub(r'nonce="[^"]*"', 'nonce=""', value)
        if name == "authentication-info":
            value = re.sub(r'(rspauth|cnonce)="[^"]*"', r'\1=""', value)
        yield name, value


def comparable(result, request):
    if "error" in result:
        return {"error": result["error"]}
    framing = ("content-length", "transfer-encoding") if request.get("any_framing") else ()
    kept = {"status": result["status"], "history": result["history"],
            "headers": sorted(field for field in fields(result, request)
                              if field[0] not in framing)}
    if result["history"]:
        kept["url"] = result["url"]
    if not request.get("random"):
        kept |= {"length": result["length"], "crc": result["crc"]}
    return kept


def unmet(result, wants):
    """What `wants` says and the result does not."""
    if "error" in result:
        return {"error": result["error"]}
    echo = {}
    if "echo" in wants and result["status"] == 200:
        echo = json.loads(result.get("text") or "{}")
        if "headers" in echo:
            echo["headers"] = {name.lower(): value for name, value in echo["headers"].items()}
    missing = {}
    for key, wanted in wants.items():
        if key == "echo":
            missing |= {f"echo {name}": (value, echo.get(name)) for name, value in wanted.items()
                        if echo.get(name) != value}
        elif key == "trailers":
            # Only Hob's client and curl tell.
            got = {name.lower(): value for name, value in result.get("trailers", ())}
            if "trailers" in result and got != wanted:
                missing[key] = (wanted, got)
        elif result.get(key) != wanted:
            missing[key] = (wanted, result.get(key))
    return missing


def differences(a, b):
    return {key: (a.get(key), b.get(key)) for key in a.keys() | b.keys() if a.get(key) != b.get(key)}


def judge(requests, results):
    """Lines that say what is wrong."""
    for request in requests:
        name, without = request["id"], request.get("without", ())
        for client, answers in results.items():
            if client in without:
                continue
            if missing := unmet(answers[name], request["wants"]):
                yield f"{name}: {client}: wanted, got: {missing}"
        ours = comparable(results["hob"][name], request)
        for client, answers in results.items():
            if client == "hob" or client in without:
                continue
            if difference := differences(ours, comparable(answers[name], request)):
                yield f"{name}: hob, {client}: {difference}"


def judge_files(requests, answers):
    """What Hob's server says about files beside what nginx and apache say about the same."""
    def told(result):
        wanted = {"content-range", "content-length", "last-modified"}
        found = {name.lower(): value for name, value in result["headers"] if name.lower() in wanted}
        # The page of an error is the server's own.
        body = {"length": result["length"], "crc": result["crc"]} if result["status"] < 400 else {}
        return {"status": result["status"], **(body and found), **body}

    for request in requests:
        ours = request["id"].removeprefix("hob own: ")
        if ours == request["id"] or request.get("random") or ours.startswith("file "):
            continue
        for server in ("nginx", "apache"):
            if (server, ours) == ("apache", "POST file"):
                continue  # it sends the file
            theirs = answers.get(f"{server} own: {ours}")
            if not theirs or "error" in theirs or "error" in answers[request["id"]]:
                continue
            if difference := differences(told(answers[request["id"]]), told(theirs)):
                yield f"files: {ours}: hob's server, {server}'s: {difference}"


def judge_connections(sessions):
    for name, session in sessions.items():
        if name.endswith(" kept") and session["connections"] != 1:
            yield f"{name}: {session['connections']} connections for {session['requests']} requests"
        if session["active"] != 0:
            yield f"{name}: {session['active']} connections are still said to serve a request"


def timed(client, requests):
    started = time.monotonic()
    results = client.run(requests)
    say(f"{client.name}: {time.monotonic() - started:.1f} s")
    return results


def compare(servers, arguments):
    started = time.monotonic()
    authority = str(servers.directory / "ca.pem")
    hob = LineClient("hob", [arguments.client, authority])
    curl = install(Curl, authority, servers.directory)
    clients = [hob, curl, *(install(python_client, module, authority)
                            for module in ("aiohttp", "httpx"))]
    clients = list(filter(None, clients))
    upstream = servers.start_hob(arguments.server)
    others = [name for name in [*OTHERS, "squid"] if install(servers.start, name, upstream.http)]
    if len(clients) == 1 and not others:
        say("skipped: there is nothing to compare with")
        return SKIPPED
    requests = list(all_requests(servers, curl is not None and curl.zstd))
    if arguments.only:
        requests = [request for request in requests if re.search(arguments.only, request["id"])]
    say(f"{len(requests)} requests of {', '.join(c.name for c in clients)} "
        f"to {', '.join(['hob', *others])}; started in {time.monotonic() - started:.1f} s")
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        futures = {client.name: pool.submit(timed, client, requests) for client in clients}
        results = {name: future.result() for name, future in futures.items()}
    wrong = [*judge(requests, results), *judge_files(requests, results["hob"]),
             *judge_connections(hob.sessions)]
    for line in wrong[:arguments.show]:
        say(line)
    say(f"{len(wrong)} differences in {time.monotonic() - started:.1f} s")
    return 1 if wrong else 0


def out_of_time(*_):
    raise TimeoutError(f"no end after {LIMIT_SECONDS} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--client", required=True, help="the program matrix_client")
    parser.add_argument("--server", required=True, help="the program matrix_server")
    parser.add_argument("--only", default="", metavar="REGEX", help="requests whose name matches")
    parser.add_argument("--show", type=int, default=40, help="differences to print")
    arguments = parser.parse_args()
    for name in ("client", "server"):
        setattr(arguments, name, str(Path(getattr(arguments, name)).resolve()))
    signal.signal(signal.SIGALRM, out_of_time)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(LIMIT_SECONDS)
    with tempfile.TemporaryDirectory(prefix="hob-oracle-") as directory:
        servers = install(Servers, Path(directory))
        if not servers:
            return SKIPPED
        with servers:
            return compare(servers, arguments)


if __name__ == "__main__":
    sys.exit(main())
