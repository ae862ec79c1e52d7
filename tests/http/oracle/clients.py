# SPDX-License-Identifier: MIT
"""The clients of the matrix: each takes a list of requests and gives results by id."""

import json
import subprocess
import sys
import zlib
from pathlib import Path

from matrix import pattern
from servers import NotInstalled, die_with_parent, which

HERE = Path(__file__).resolve().parent
TIMEOUT_SECONDS = 100
REDIRECTS = (300, 301, 302, 303, 307, 308)


class LineClient:
    """A program that reads requests and writes results as lines of JSON."""

    def __init__(self, name, command):
        self.name, self.command = name, command
        self.sessions = {}  # what matrix_client says about its connections

    def run(self, requests):
        lines = "".join(json.dumps(plain(request)) + "\n" for request in requests)
        process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        try:
            out, errors = process.communicate(lines, TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
            errors += f"no end after {TIMEOUT_SECONDS} s"
        results = {}
        for line in out.splitlines():
            if not line.startswith("{"):
                continue
            result = json.loads(line)
            if "session" in result:
                self.sessions[result["session"]] = result
            else:
                results[result["id"]] = result
        if process.returncode != 0 or len(results) < len(requests):
            raise RuntimeError(f"{self.name} ended with {process.returncode} after "
                               f"{len(results)} of {len(requests)} requests:\n{errors[-3000:]}")
        return results


def plain(request):
    return {key: value for key, value in request.items()
            if key not in ("wants", "without", "random")}


def python_client(module, authority):
    """With the first interpreter that has the module: Debian's is not always the first in PATH."""
    for python in dict.fromkeys([sys.executable, "/usr/bin/python3"]):
        try:
            has = subprocess.run([python, "-c", f"import {module}"], capture_output=True)
        except OSError:
            continue
        if has.returncode == 0:
            return LineClient(module, [python, str(HERE / "python_client.py"), module, authority])
    raise NotInstalled(f"python3-{module} is not installed")


class Curl:
    """One process per session: it shares cookies and connections among its requests, too."""

    name = "curl"

    def __init__(self, authority, directory):
        self.program, self.authority = which("curl"), authority
        self.directory = directory / "curl"
        self.directory.mkdir()
        features = subprocess.run([self.program, "--version"], capture_output=True, text=True)
        self.zstd = "zstd" in features.stdout

    def run(self, requests):
        sessions = {}
        for request in requests:
            sessions.setdefault(request["session"], []).append(request)
        results = {}
        for session in sessions.values():
            results |= self.run_session(session)
        return results

    def run_session(self, requests):
        config = self.directory / "config"
        config.write_text("next\n".join(self.config(request, number)
                                        for number, request in enumerate(requests)))
        done = subprocess.run([self.program, "--config", str(config)], capture_output=True,
                              text=True, timeout=TIMEOUT_SECONDS, preexec_fn=die_with_parent)
        lines = done.stdout.splitlines()
        if len(lines) != len(requests):
            raise RuntimeError(f"curl: {len(lines)} of {len(requests)} requests: {done.stderr}")
        results = {}
        for number, (request, line) in enumerate(zip(requests, lines)):
            code, url, message = line.split("\t")
            results[request["id"]] = ({"error": message} if code != "0"
                                      else self.record(request, number, url))
        return results

    def path(self, what, number):
        return self.directory / f"{what}{number}"

    def config(self, request, number):
        """The options of one request as curl's configuration file has them."""
        for what in ("head", "body"):
            self.path(what, number).write_bytes(b"")
        options = [("silent",), ("http1.1",), ("max-time", "10"), ("globoff",), ("path-as-is",),
                   ("suppress-connect-headers",), ("cacert", self.authority), ("cookie", ""),
                   ("dump-header", self.path("head", number)),
                   ("output", self.path("body", number)), ("url", request["url"]),
                   ("write-out", "%{exitcode}\t%{url_effective}\t%{errormsg}\n")]
        options.append(("proxy", request["proxy"]) if "proxy" in request else ("noproxy", "*"))
        options += [("header", f"{name}: {value}") for name, value in request["headers"]]
        if dict(request["headers"])["Accept-Encoding"] != "identity":
            options.append(("compressed",))
        if request.get("redirects", True):
            options.append(("location",))
        # Without being told curl asks before it sends large bodies.
        options.append(("header", "Expect: 100-continue" if request.get("expect") else "Expect:"))
        options += self.auth(request) + self.body(request, number)
        return "".join(self.line(*option) for option in options)

    @staticmethod
    def line(name, value=None):
        if value is None:
            return name + "\n"
        value = str(value).replace("\\", "\\\\").replace('"', '\\"')
        for character, escape in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
            value = value.replace(character, escape)
        return f'{name} = "{value}"\n'

    @staticmethod
    def auth(request):
        auth = request.get("auth")
        if not auth:
            return []
        if auth["kind"] == "bearer":
            return [("oauth2-bearer", auth["password"])]
        return [(auth["kind"],), ("user", f"{auth['user']}:{auth['password']}")]

    def body(self, request, number):
        method = request["method"]
        body = request.get("body")
        if not body:
            # A method that is named is repeated after every redirect.
            return {"GET": [], "HEAD": [("head",)]}.get(method, [("request", method)])
        kind = body["kind"]
        options = [] if method == "POST" else [("request", method)]
        if kind == "form":
            return options + [("data-urlencode", f"{name}={value}")
                              for name, value in body["fields"]]
        if kind == "json":
            return options + [("header", "Content-Type: application/json"),
                              ("data-binary", json.dumps(body["value"]))]
        if kind == "multipart":
            options += [("form-string", f"{name}={value}") for name, value in body["fields"]]
            for file in body["files"]:
                path = self.directory / file["filename"]
                path.write_bytes(pattern(file["size"]))
                options.append(("form", f"{file['name']}=@{path};type={file['type']}"))
            return options
        path = self.path("upload", number)
        path.write_bytes(pattern(body["size"]))
        options.append(("data-binary", f"@{path}"))
        if kind != "bytes":
            options.append(("header", "Transfer-Encoding: chunked"))
        return options

    def record(self, request, number, url):
        head = self.path("head", number).read_text("latin-1")
        # Asked for the head only, curl gives that as output.
        content = b"" if request["method"] == "HEAD" else self.path("body", number).read_bytes()
        blocks, trailers = [], []
        for part in filter(None, head.replace("\r\n", "\n").split("\n\n")):
            lines = part.strip("\n").split("\n")
            if lines[0].startswith("HTTP/"):
                blocks.append(lines)
            else:
                trailers += [line.split(": ", 1) for line in lines]
        codes = [int(lines[0].split(" ")[1]) for lines in blocks]
        reason = (blocks[-1][0].split(" ", 2) + [""])[2]
        text = {"text": content.decode("utf-8", "replace")} if len(content) < 8192 else {}
        return {"status": codes[-1], "reason": reason, "url": url,
                "history": [code for code in codes[:-1] if code in REDIRECTS],
                "headers": [(line.split(":", 1)[0], line.split(":", 1)[1].strip())
                            for line in blocks[-1][1:]],
                "trailers": trailers, "length": len(content), "crc": zlib.crc32(content), **text}
